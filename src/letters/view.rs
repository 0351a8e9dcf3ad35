//! Letters as clients see them.

use super::DeliveryChannel;
use super::kind::LetterKind;
use super::rules::LetterState;
use super::store::{self, DeliveryRow, LetterFilter, LetterRow, SealRow};
use crate::access::Places;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, BatchId, CampaignId, LetterId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;

/// The document of a letter.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DocumentView {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// The seal of a letter and its scan 用印扫描件.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct SealView {
    /// The day of the seal.
    pub sealed_on: NaiveDate,
    /// SHA-256 of the scan.
    pub sha256: String,
    /// Its bytes.
    pub length: i64,
    /// A remark.
    pub note: Option<String>,
    /// Who recorded it.
    pub sealed_by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

impl From<SealRow> for SealView {
    fn from(row: SealRow) -> Self {
        let SealRow { sealed_on, sha256, length, note, sealed_by, at, .. } = row;
        Self { sealed_on, sha256, length, note, sealed_by, at: at.0 }
    }
}

/// The delivery of a letter and its receipt.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterDelivery {
    /// How, beside the inbox here.
    pub channel: DeliveryChannel,
    /// When.
    pub delivered_at: DateTime<Utc>,
    /// By whom.
    pub delivered_by: Option<UserId>,
    /// A remark.
    pub note: Option<String>,
    /// When its receipt was recorded 签收.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who recorded that.
    pub acknowledged_by: Option<UserId>,
    /// Who received it.
    pub received_by: Option<String>,
    /// The day of the receipt.
    pub received_on: Option<NaiveDate>,
}

impl From<DeliveryRow> for LetterDelivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            channel: row.channel,
            delivered_at: row.delivered_at.0,
            delivered_by: row.delivered_by,
            note: row.note,
            acknowledged_at: row.acknowledged_at.map(|at| at.0),
            acknowledged_by: row.acknowledged_by,
            received_by: row.received_by,
            received_on: row.received_on,
        }
    }
}

/// A letter that speaks of another.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Follower {
    /// Its id.
    pub id: LetterId,
    /// What it is for.
    pub kind: LetterKind,
    /// Where it stands.
    pub state: LetterState,
    /// Its number, from the issue on.
    pub number: Option<String>,
}

/// A letter.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterView {
    /// Its id.
    pub id: LetterId,
    /// Drafted together with others.
    pub batch_id: BatchId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The street that it goes to.
    pub street_id: AreaId,
    /// What kind of letter.
    pub kind: LetterKind,
    /// The operator that it goes to; the street office where there is none.
    pub operator: Option<String>,
    /// First letter of the campaign, second, …
    pub round: i32,
    /// Where it stands.
    pub state: LetterState,
    /// 发文字号, from the issue on.
    pub number: Option<String>,
    /// Day by which the street replies.
    pub reply_due: NaiveDate,
    /// The moment of its facts, from the submission on.
    pub as_of: Option<DateTime<Utc>>,
    /// Rows of its annex, from the submission on.
    pub lines: usize,
    /// The numbers of the findings that it prints, in order.
    pub findings: Vec<String>,
    /// Who drafted it.
    pub drafted_by: UserId,
    /// The clerk in charge: who drafted it, or took it over.
    pub clerk_id: Option<UserId>,
    /// Who submitted it.
    pub submitted_by: Option<UserId>,
    /// For whom, where a deputy did.
    pub submitted_for: Option<UserId>,
    /// Who approved it.
    pub approved_by: Option<UserId>,
    /// For whom, where a deputy did.
    pub approved_for: Option<UserId>,
    /// Who issued it.
    pub issued_by: Option<UserId>,
    /// For whom, where a deputy did.
    pub issued_for: Option<UserId>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// Its document, once made.
    pub document: Option<DocumentView>,
    /// Its seal, once it has one.
    pub seal: Option<SealView>,
    /// Its delivery, once it is delivered.
    pub delivery: Option<LetterDelivery>,
    /// The letter that it corrects, withdraws or stands instead of.
    pub original_id: Option<LetterId>,
    /// The letters that speak of it: reminders, corrections, a withdrawal, one issued instead.
    pub followed_by: Vec<Follower>,
    /// Why it was made void, if it is.
    pub void_reason: Option<String>,
    /// Why it was sent back, if it stands returned.
    pub returned_reason: Option<String>,
    /// Why it was submitted although it prints provisional due dates, if it does.
    pub provisional_reason: Option<String>,
    /// Why it may go out although its reply date has passed, if somebody said so.
    pub late_reply_reason: Option<String>,
    /// Why it was submitted although it holds what looks like a person's name, if it does.
    pub names_reason: Option<String>,
    /// Raised at every step.
    pub revision: i32,
}

/// What stands beside the row.
#[derive(Default)]
struct Beside {
    findings: Vec<String>,
    seal: Option<SealRow>,
    delivery: Option<DeliveryRow>,
    followed_by: Vec<Follower>,
    /// Why its last step of each kind was taken.
    reasons: HashMap<String, Option<String>>,
}

impl Beside {
    fn reason(&mut self, kind: &str) -> Option<String> {
        self.reasons.remove(kind).flatten()
    }
}

fn view(row: LetterRow, mut beside: Beside) -> LetterView {
    let findings = std::mem::take(&mut beside.findings);
    let stands = row.state;
    let of_state = |state, reason: Option<String>| reason.filter(|_| stands == state);
    let document = match (row.document_sha256, row.document_length, row.document_at) {
        (Some(sha256), Some(length), Some(at)) => Some(DocumentView { sha256, length, made_at: at.0 }),
        _ => None,
    };
    LetterView {
        id: row.id,
        batch_id: row.batch_id,
        campaign_id: row.campaign_id,
        street_id: row.street_id,
        kind: row.kind,
        operator: row.operator,
        round: row.round,
        state: row.state,
        number: row.number,
        reply_due: row.reply_due,
        as_of: row.as_of.map(|t| t.0),
        lines: findings.len(),
        findings,
        drafted_by: row.drafted_by,
        clerk_id: row.clerk_id,
        submitted_by: row.submitted_by,
        submitted_for: row.submitted_for,
        approved_by: row.approved_by,
        approved_for: row.approved_for,
        issued_by: row.issued_by,
        issued_for: row.issued_for,
        issued_at: row.issued_at.map(|t| t.0),
        document,
        seal: beside.seal.take().map(SealView::from),
        delivery: beside.delivery.take().map(LetterDelivery::from),
        original_id: row.original_id,
        followed_by: std::mem::take(&mut beside.followed_by),
        void_reason: of_state(LetterState::Void, beside.reason("void")),
        returned_reason: of_state(LetterState::Returned, beside.reason("return")),
        provisional_reason: beside.reason("submit"),
        late_reply_reason: row.late_reply_reason,
        names_reason: row.names_reason,
        revision: row.revision,
    }
}

fn views(conn: &mut AnyConn, reader: &Reader, rows: Vec<LetterRow>) -> Outcome<Vec<LetterView>> {
    let ids: Vec<LetterId> = rows.iter().map(|r| r.id).collect();
    let mut beside = HashMap::<LetterId, Beside>::new();
    for (letter, number) in store::line_numbers(conn, &ids)? {
        beside.entry(letter).or_default().findings.push(number);
    }
    for seal in store::seals(conn, &ids)? {
        let id = seal.letter_id;
        beside.entry(id).or_default().seal = Some(seal);
    }
    for delivery in store::deliveries(conn, &ids)? {
        let id = delivery.letter_id;
        beside.entry(id).or_default().delivery = Some(delivery);
    }
    for f in store::followers(conn, &ids)?.into_iter().filter(|f| reader.sees(f)) {
        let Some(original) = f.original_id else { continue };
        let follower = Follower { id: f.id, kind: f.kind, state: f.state, number: f.number };
        beside.entry(original).or_default().followed_by.push(follower);
    }
    for (letter, kind, reason) in store::reasons(conn, &ids)? {
        beside.entry(letter).or_default().reasons.insert(kind, reason);
    }
    Ok(rows
        .into_iter()
        .map(|row| (beside.remove(&row.id).unwrap_or_default(), row))
        .map(|(b, r)| view(r, b))
        .collect())
}

/// Who reads: the bureau in every state, an addressee once the letter is delivered.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// Where the reader stands inside the bureau.
    pub inside: Places,
    /// Where the reader is the addressee.
    pub addressed: Places,
}

impl Reader {
    /// Somebody inside the bureau.
    pub fn inside(places: &Places) -> Self {
        Self { inside: places.clone(), addressed: Places::default() }
    }

    fn sees(&self, l: &LetterRow) -> bool {
        let delivered = l.state == LetterState::Delivered && l.is_to_street();
        self.inside.holds(l.street_id, None) || (delivered && self.addressed.holds(l.street_id, None))
    }
}

/// The row of a letter that the reader sees.
///
/// # Errors
/// Missing.
pub fn row(conn: &mut AnyConn, reader: &Reader, id: LetterId) -> Outcome<LetterRow> {
    store::find(conn, id)?.filter(|l| reader.sees(l)).ok_or_else(|| Fault::missing("提醒函"))
}

/// One letter.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, reader: &Reader, id: LetterId) -> Outcome<LetterView> {
    let row = row(conn, reader, id)?;
    views(conn, reader, vec![row])?.pop().ok_or_else(|| Fault::missing("提醒函"))
}

/// A letter that is not issued yet, for whoever asks what a clerk has in hand.
#[derive(Debug, Clone)]
pub struct InHand {
    /// The letter.
    pub id: LetterId,
    /// Its street.
    pub street_id: AreaId,
    /// Where it stands.
    pub state: LetterState,
}

/// The letters in a clerk's charge that are not issued yet.
///
/// # Errors
/// The database's.
pub fn in_charge_of(conn: &mut AnyConn, clerk: UserId) -> Outcome<Vec<InHand>> {
    let rows = store::in_charge_of(conn, clerk)?;
    Ok(rows.into_iter().map(|l| InHand { id: l.id, street_id: l.street_id, state: l.state }).collect())
}

/// Letters in the order of their drafting.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    reader: &Reader,
    filter: &LetterFilter,
    ask: &PageAsk,
) -> Outcome<Page<LetterView>> {
    let limit = ask.limit()?;
    let after: Option<LetterId> = ask.after()?;
    let rows = store::list(conn, reader, filter, after, limit + 1)?;
    let kept = page(rows, limit, |l: &LetterRow| l.id, |l| l);
    Ok(Page { items: views(conn, reader, kept.items)?, next_cursor: kept.next_cursor })
}
