//! Letters as clients see them.

use super::rules::LetterState;
use super::store::{self, LetterFilter, LetterRow};
use crate::access::Places;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, BatchId, CampaignId, LetterId, UserId};
use chrono::{DateTime, NaiveDate, Utc};

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
    pub kind: String,
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
    /// Why it was sent back, if it stands returned.
    pub returned_reason: Option<String>,
    /// Why it was submitted although it prints provisional due dates, if it does.
    pub provisional_reason: Option<String>,
    /// Raised at every step.
    pub revision: i32,
}

/// Why its steps were taken.
struct Reasons {
    returned: Option<String>,
    provisional: Option<String>,
}

fn view(row: LetterRow, findings: Vec<String>, reasons: Reasons) -> LetterView {
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
        returned_reason: reasons.returned,
        provisional_reason: reasons.provisional,
        revision: row.revision,
    }
}

fn views(conn: &mut AnyConn, rows: Vec<LetterRow>) -> Outcome<Vec<LetterView>> {
    let ids: Vec<LetterId> = rows.iter().map(|r| r.id).collect();
    let mut numbers = std::collections::HashMap::<LetterId, Vec<String>>::new();
    for (letter, number) in store::line_numbers(conn, &ids)? {
        numbers.entry(letter).or_default().push(number);
    }
    rows.into_iter()
        .map(|row| {
            let returned = match row.state {
                LetterState::Returned => store::last_reason(conn, row.id, "return")?,
                _ => None,
            };
            let reasons = Reasons { returned, provisional: store::last_reason(conn, row.id, "submit")? };
            let findings = numbers.remove(&row.id).unwrap_or_default();
            Ok(view(row, findings, reasons))
        })
        .collect()
}

/// Who reads: the bureau in every state, an addressee once the document is there.
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
        let delivered = l.state == LetterState::DocumentReady;
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
    views(conn, vec![row])?.pop().ok_or_else(|| Fault::missing("提醒函"))
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
    Ok(Page { items: views(conn, kept.items)?, next_cursor: kept.next_cursor })
}
