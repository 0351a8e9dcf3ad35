//! The letter board: how far every street of a campaign is with its letters, read from the rows at any moment. `rules` says
//! what is counted and what a difference is (pure).

mod operators;
pub mod rules;
mod store;

pub use operators::BoardOperatorLetter;

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
use crate::letters::Reader;
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
    /// The delivered letters to operators in the street, for who reads letters inside the bureau; nobody else sees any.
    pub operator_letters: Vec<BoardOperatorLetter>,
    /// What the letters do not explain.
    pub differences: Vec<BoardDifference>,
    /// A letter was sent, no line is open and no difference remains. Letters to operators have no part in it.
    pub closed_loop: bool,
}

/// The district: the sums of its streets.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BoardDistrict {
    /// Streets on the board, without those that stand there for a letter to an operator only.
    pub streets: usize,
    /// Of these, with a closed loop.
    pub closed_loops: usize,
    /// The sums.
    pub figures: BoardFigures,
    /// Every one of these streets' loops is closed.
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

/// The newest answers that were sent.
type Answers = BTreeMap<FindingId, ReplyAnswer>;

/// What is read once for all streets.
struct Read {
    campaign: CampaignId,
    /// To streets.
    letters: Vec<LetterRow>,
    to_operators: Vec<LetterRow>,
    lines: Vec<(LetterId, FindingId)>,
    /// Those of the campaign and those that a letter prints.
    findings: Vec<store::FindingLine>,
    /// What letters to streets print.
    told: BTreeSet<FindingId>,
    ended: HashMap<FindingId, crate::db::Ts>,
    /// Replies that were sent, in order, and their lines.
    sent: Vec<replies::ReplyRow>,
    said: Vec<replies::LineRow>,
    deliveries: Vec<letters::DeliveryRow>,
}

/// The board of a campaign over places.
///
/// # Errors
/// Missing.
pub fn board(
    conn: &mut AnyConn,
    places: &Places,
    reader: &Reader,
    campaign: CampaignId,
    now: DateTime<Utc>,
) -> Outcome<LetterBoard> {
    campaigns::campaign_in(conn, places, campaign)?;
    let today = business_date(now);
    let read = read(conn, places, reader, campaign)?;
    let answers = read.answers();
    let concerned = concerned(conn, places, &read)?;
    let mut rows = vec![];
    for (_, (id, name)) in streets(conn, &concerned, &read)? {
        let street = read.street(id, &answers);
        let differences = street.differences();
        let figures = BoardFigures::of(&street, differences.len(), today);
        rows.push(BoardStreet {
            street_id: id,
            street_name: name,
            figures,
            letters: read.shown(id, today),
            operator_letters: read.to_operators(id, today),
            differences,
            closed_loop: figures.closed_loop(),
        });
    }
    let mut figures = BoardFigures::default();
    rows.iter().for_each(|row| figures.add(row.figures));
    let closed_loops = rows.iter().filter(|row| row.closed_loop).count();
    let closed_loop = !concerned.is_empty() && closed_loops == concerned.len();
    let district = BoardDistrict { streets: concerned.len(), closed_loops, figures, closed_loop };
    Ok(LetterBoard { campaign_id: campaign, as_of: today, streets: rows, district })
}

fn read(conn: &mut AnyConn, places: &Places, reader: &Reader, campaign: CampaignId) -> Outcome<Read> {
    let withdrawn = replies::withdrawn(conn)?;
    let mut of_campaign = store::letters(conn, campaign)?;
    of_campaign.retain(|l| places.holds(l.street_id, None) && !withdrawn.contains(&l.id));
    let (letters, mut to_operators): (Vec<LetterRow>, Vec<LetterRow>) =
        of_campaign.into_iter().partition(|l| l.operator.is_none());
    to_operators.retain(|l| reader.inside.holds(l.street_id, None));
    let to_streets: Vec<LetterId> = letters.iter().map(|l| l.id).collect();
    let all: Vec<LetterId> = letters.iter().chain(&to_operators).map(|l| l.id).collect();
    let mut findings = store::findings(conn, campaign, &all)?;
    findings.retain(|f| places.holds(f.street_id, None));
    let mut sent = replies::replies(conn, &to_streets)?;
    sent.retain(|reply| reply.state == ReplyState::Sent);
    let of_replies: Vec<ReplyId> = sent.iter().map(|reply| reply.id).collect();
    let of_findings: Vec<FindingId> = findings.iter().map(|f| f.id).collect();
    let lines = store::lines(conn, &all)?;
    let told = lines.iter().filter(|(letter, _)| to_streets.contains(letter)).map(|(_, line)| *line);
    Ok(Read {
        campaign,
        told: told.collect(),
        lines,
        ended: store::ended(conn, &of_findings)?,
        said: replies::lines(conn, &of_replies)?,
        deliveries: letters::deliveries(conn, &all)?,
        letters,
        to_operators,
        findings,
        sent,
    })
}

/// The streets with targets, letters or findings.
fn concerned(conn: &mut AnyConn, places: &Places, read: &Read) -> Outcome<BTreeSet<AreaId>> {
    let planned = campaigns::store::progress(conn, places, read.campaign)?.into_iter().map(|p| p.street_id);
    let found = read.findings.iter().filter(|f| read.is_streets(f)).map(|f| f.street_id);
    Ok(planned.chain(read.letters.iter().map(|l| l.street_id)).chain(found).collect())
}

/// These streets and those where an operator has a letter, by code.
fn streets(
    conn: &mut AnyConn,
    concerned: &BTreeSet<AreaId>,
    read: &Read,
) -> Outcome<BTreeMap<String, (AreaId, String)>> {
    let operators = read.to_operators.iter().map(|l| l.street_id);
    let known: BTreeSet<AreaId> = concerned.iter().copied().chain(operators).collect();
    let mut by_code = BTreeMap::new();
    for id in known {
        let street = directory::street(conn, id)?;
        by_code.insert(street.code, (id, street.name));
    }
    Ok(by_code)
}

impl Read {
    fn answers(&self) -> Answers {
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

    /// Of the campaign, or told to a street: what only operators' letters carried over concerns no street's loop.
    fn is_streets(&self, f: &store::FindingLine) -> bool {
        f.campaign_id == Some(self.campaign) || self.told.contains(&f.id)
    }

    fn finding(&self, f: &store::FindingLine, answers: &Answers) -> Finding {
        Finding {
            id: f.id,
            number: f.number.clone(),
            state: f.state,
            due_on: f.due_on,
            own: f.campaign_id == Some(self.campaign),
            ended_at: self.ended.get(&f.id).map(|at| at.0),
            answer: answers.get(&f.id).copied(),
        }
    }

    fn street(&self, id: AreaId, answers: &Answers) -> Street {
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
        let of_street = self.findings.iter().filter(|f| f.street_id == id && self.is_streets(f));
        Street {
            letters: self.letters_of(id).map(letter).collect(),
            findings: of_street.map(|f| self.finding(f, answers)).collect(),
            to_operators: self.to_operators.iter().filter(|l| l.street_id == id).count(),
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
