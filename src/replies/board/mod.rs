//! The letter board: how far every street of a campaign is with its letters, read from the rows at any moment. `rules` says
//! what is counted and what a difference is (pure).

pub mod rules;
mod store;

use self::rules::{BoardDifference, BoardFigures, Finding, Letter, Street};
use super::rules::{ReplyAnswer, ReplyState, newest};
use super::store as replies;
use super::view::{LetterStanding, standing};
use crate::access::Places;
use crate::campaigns;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::directory;
use crate::fault::Outcome;
use crate::ids::{AreaId, CampaignId, FindingId, LetterId, ReplyId};
use crate::letters::kind::LetterKind;
use crate::letters::store::{self as letters, LetterRow};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A delivered letter on the board.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BoardLetter {
    /// Its id.
    pub letter_id: LetterId,
    /// Its number.
    pub number: Option<String>,
    /// The day of its delivery.
    pub delivered_on: Option<NaiveDate>,
    /// The day on which it was received 签收.
    pub received_on: Option<NaiveDate>,
    /// Where it stands after the replies to it.
    pub standing: LetterStanding,
}

/// A street on the board.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BoardStreet {
    /// The street.
    pub street_id: AreaId,
    /// Its name.
    pub street_name: String,
    /// Its figures.
    pub figures: BoardFigures,
    /// Its delivered letters.
    pub letters: Vec<BoardLetter>,
    /// What the letters do not explain.
    pub differences: Vec<BoardDifference>,
    /// A letter was sent, no line is open and no difference remains.
    pub closed_loop: bool,
}

/// The district: the sums of its streets.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BoardDistrict {
    /// Streets on the board.
    pub streets: usize,
    /// Of these, with a closed loop.
    pub closed_loops: usize,
    /// The sums.
    pub figures: BoardFigures,
    /// Every street's loop is closed.
    pub closed_loop: bool,
}

/// The board of a campaign, as far as the reader reaches.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterBoard {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The day that it speaks of.
    pub as_of: NaiveDate,
    /// Streets by code.
    pub streets: Vec<BoardStreet>,
    /// The sums over these streets.
    pub district: BoardDistrict,
}

/// What is read once for all streets.
struct Read {
    letters: Vec<LetterRow>,
    lines: Vec<(LetterId, FindingId)>,
    findings: Vec<store::FindingLine>,
    ended: HashMap<FindingId, crate::db::Ts>,
    /// LetterReplies that were sent, in order, and their lines.
    sent: Vec<replies::ReplyRow>,
    said: Vec<replies::LineRow>,
    deliveries: Vec<letters::DeliveryRow>,
}

/// The board of a campaign.
///
/// # Errors
/// Missing.
pub fn board(
    conn: &mut AnyConn,
    places: &Places,
    campaign: CampaignId,
    now: DateTime<Utc>,
) -> Outcome<LetterBoard> {
    campaigns::campaign_in(conn, places, campaign)?;
    let today = business_date(now);
    let read = read(conn, places, campaign)?;
    let answers = read.answers();
    let mut rows = vec![];
    for (_, (id, name)) in streets(conn, places, campaign, &read)? {
        let street = read.street(id, campaign, &answers);
        let differences = street.differences();
        let figures = BoardFigures::of(&street, differences.len(), today);
        rows.push(BoardStreet {
            street_id: id,
            street_name: name,
            figures,
            letters: read.shown(id, today),
            differences,
            closed_loop: figures.closed_loop(),
        });
    }
    let mut figures = BoardFigures::default();
    rows.iter().for_each(|row| figures.add(row.figures));
    let closed_loops = rows.iter().filter(|row| row.closed_loop).count();
    let closed_loop = !rows.is_empty() && closed_loops == rows.len();
    let district = BoardDistrict { streets: rows.len(), closed_loops, figures, closed_loop };
    Ok(LetterBoard { campaign_id: campaign, as_of: today, streets: rows, district })
}

fn read(conn: &mut AnyConn, places: &Places, campaign: CampaignId) -> Outcome<Read> {
    let withdrawn = replies::withdrawn(conn)?;
    let mut of_campaign = store::letters(conn, campaign)?;
    of_campaign.retain(|l| places.holds(l.street_id, None) && !withdrawn.contains(&l.id));
    let ids: Vec<LetterId> = of_campaign.iter().map(|l| l.id).collect();
    let mut findings = store::findings(conn, campaign, &ids)?;
    findings.retain(|f| places.holds(f.street_id, None));
    let mut sent = replies::replies(conn, &ids)?;
    sent.retain(|reply| reply.state == ReplyState::Sent);
    let of_replies: Vec<ReplyId> = sent.iter().map(|reply| reply.id).collect();
    let of_findings: Vec<FindingId> = findings.iter().map(|f| f.id).collect();
    Ok(Read {
        lines: store::lines(conn, &ids)?,
        ended: store::ended(conn, &of_findings)?,
        said: replies::lines(conn, &of_replies)?,
        deliveries: letters::deliveries(conn, &ids)?,
        letters: of_campaign,
        findings,
        sent,
    })
}

/// The streets with targets, letters or findings, by code.
fn streets(
    conn: &mut AnyConn,
    places: &Places,
    campaign: CampaignId,
    read: &Read,
) -> Outcome<BTreeMap<String, (AreaId, String)>> {
    let planned = campaigns::store::progress(conn, places, campaign)?.into_iter().map(|p| p.street_id);
    let known: BTreeSet<AreaId> = planned
        .chain(read.letters.iter().map(|l| l.street_id))
        .chain(read.findings.iter().map(|f| f.street_id))
        .collect();
    let mut by_code = BTreeMap::new();
    for id in known {
        let street = directory::street(conn, id)?;
        by_code.insert(street.code, (id, street.name));
    }
    Ok(by_code)
}

impl Read {
    fn answers(&self) -> BTreeMap<FindingId, ReplyAnswer> {
        let lines = self.sent.iter().flat_map(|reply| self.said.iter().filter(|s| s.reply_id == reply.id));
        newest(lines.map(|line| (line.finding_id, line.answer)))
    }

    fn sent_of(&self, letter: LetterId) -> Vec<replies::ReplyRow> {
        self.sent.iter().filter(|reply| reply.letter_id == letter).cloned().collect()
    }

    fn letters_of(&self, street: AreaId) -> impl Iterator<Item = &LetterRow> {
        self.letters.iter().filter(move |l| l.street_id == street)
    }

    fn lines_of(&self, letter: LetterId) -> Vec<FindingId> {
        self.lines.iter().filter(|(of, _)| *of == letter).map(|(_, finding)| *finding).collect()
    }

    fn delivery(&self, letter: LetterId) -> Option<&letters::DeliveryRow> {
        self.deliveries.iter().find(|d| d.letter_id == letter)
    }

    fn street(&self, id: AreaId, campaign: CampaignId, answers: &BTreeMap<FindingId, ReplyAnswer>) -> Street {
        let letter = |l: &LetterRow| Letter {
            id: l.id,
            issued_at: l.issued_at.map_or(DateTime::UNIX_EPOCH, |at| at.0),
            // A second reminder puts nothing right.
            corrects: l.original_id.filter(|_| l.kind != LetterKind::SecondReminder),
            asks: l.kind.wants_reply(),
            reply_due: l.reply_due,
            acknowledged: self.delivery(l.id).is_some_and(|d| d.acknowledged_at.is_some()),
            replied: self.sent_of(l.id).first().and_then(|r| r.sent_at).map(|at| business_date(at.0)),
            lines: self.lines_of(l.id),
        };
        let finding = |f: &store::FindingLine| Finding {
            id: f.id,
            number: f.number.clone(),
            state: f.state,
            due_on: f.due_on,
            own: f.campaign_id == Some(campaign),
            ended_at: self.ended.get(&f.id).map(|at| at.0),
            answer: answers.get(&f.id).copied(),
        };
        Street {
            letters: self.letters_of(id).map(letter).collect(),
            findings: self.findings.iter().filter(|f| f.street_id == id).map(finding).collect(),
        }
    }

    fn shown(&self, street: AreaId, today: NaiveDate) -> Vec<BoardLetter> {
        let one = |l: &LetterRow| {
            let of_letter: BTreeSet<FindingId> = self.lines_of(l.id).into_iter().collect();
            let lines = self.findings.iter().filter(|f| of_letter.contains(&f.id));
            let printed: Vec<super::rules::Printed> = lines
                .map(|f| super::rules::Printed { finding: f.id, number: f.number.clone(), state: f.state })
                .collect();
            let delivery = self.delivery(l.id);
            BoardLetter {
                letter_id: l.id,
                number: l.number.clone(),
                delivered_on: delivery.map(|d| business_date(d.delivered_at.0)),
                received_on: delivery.and_then(|d| d.received_on),
                standing: standing(l, &printed, &self.sent_of(l.id), &self.said, today),
            }
        };
        self.letters_of(street).map(one).collect()
    }
}
