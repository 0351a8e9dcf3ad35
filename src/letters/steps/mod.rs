//! The steps of a letter. Each locks the letter, asks the rules, and writes one transaction.

mod compare;
mod difference;
mod dispatch;
mod draft;
mod edit;
mod issue;
mod others;
mod review;

pub use compare::{Counts, Difference, LetterComparison, compare};
pub use difference::{Changed, LineChange};
pub use dispatch::{Delivery, Receipt, Scan, acknowledge, deliver, seal, store_scan};
pub use draft::{draft_batch, reschedule};
pub use edit::{Edition, change, editions, text_diff};
pub use issue::{enter_number, issue_batch, make_void};
pub use others::{Wanted, draft_one};
pub use review::{Forced, approve, return_letter, submit, trial};

use super::compose::compose;
use super::edits::Edits;
use super::facts::Facts;
use super::gather::{self, Subject};
use super::kind::{About, LetterKind};
use super::letter::Letter;
use super::rules::{self, LetterState, Persons, Step, Who};
use super::store::{self, LetterRow};
use crate::access::delegations;
use crate::access::{Holder, Places, Spot};
use crate::app::App;
use crate::campaigns::{self, CampaignNow};
use crate::canonical;
use crate::config::AuthoritySettings;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::fire::rules::DutyRule;
use crate::ids::{FindingId, LetterId, TypedId as _, UserId};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Who the letters come from, and whether they are samples.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Name, word and contact.
    pub authority: AuthoritySettings,
    /// Printed in light grey across every page of a demo's letters.
    pub watermark: Option<String>,
    /// Persons that a fire control room needs, for the indicators.
    pub fire_duty: DutyRule,
}

fn record(tx: &mut Tx<'_>, row: &LetterRow, kind: &'static str, reason: Option<&str>) -> Outcome<()> {
    let who = tx.actor_label();
    store::insert_event(tx, row.id, kind, &who, reason)?;
    tx.audit("letter", row.id, json!({ "step": kind, "state": row.state, "number": row.number }));
    tx.changed("letter", row.id.uuid(), Some(row.street_id.uuid()), Change::Put)
}

/// A letter that a step may be taken of.
struct Held {
    row: LetterRow,
    /// Where the step leads.
    next: LetterState,
    /// For whom it is taken, where only a delegation allows it.
    acting_for: Option<UserId>,
}

fn held(tx: &mut Tx<'_>, by: &Holder, id: LetterId, step: Step) -> Outcome<Held> {
    let places = by.scope.places();
    let found = store::find_locked(tx.conn(), id)?.filter(|l| places.holds(l.street_id, None));
    let row = found.ok_or_else(|| Fault::missing("提醒函"))?;
    let (roles, spot) = (step.action().roles(), Spot::street(row.street_id));
    let who = Who { id: by.id, acts_for: by.acts_for_as(roles, spot) };
    let persons = Persons {
        submitted_by: row.submitted_by,
        submitted_for: row.submitted_for,
        approved_by: row.approved_by,
        approved_for: row.approved_for,
    };
    let next = rules::decide(row.state, step, persons, &who)
        .map_err(|refusal| Fault::refused(refusal.code, refusal.detail))?;
    let acting_for = delegations::act(tx, by, roles, spot)?;
    Ok(Held { row, next, acting_for })
}

fn campaign_of(conn: &mut AnyConn, row: &LetterRow) -> Outcome<CampaignNow> {
    campaigns::campaign_in(conn, &Places::everywhere(), row.campaign_id)
}

fn facts_of(conn: &mut AnyConn, sender: &Sender, row: &LetterRow, as_of: DateTime<Utc>) -> Outcome<Facts> {
    let edits = store::edits(conn, row.id)?.unwrap_or_default();
    facts_with(conn, sender, row, edits, as_of)
}

/// As [`facts_of`], with changes that are not kept yet, or are no longer.
fn facts_with(
    conn: &mut AnyConn,
    sender: &Sender,
    row: &LetterRow,
    edits: Edits,
    as_of: DateTime<Utc>,
) -> Outcome<Facts> {
    let campaign = campaign_of(conn, row)?;
    let terms = row.terms.as_deref().map(serde_json::from_str).transpose().map_err(Fault::internal)?;
    let subject = Subject {
        authority: &sender.authority,
        watermark: sender.watermark.clone(),
        campaign: &campaign,
        street: row.street_id,
        reply_due: row.reply_due,
        late_reply: row.late_reply_reason.is_some(),
        duty: sender.fire_duty,
        kind: row.kind,
        about: about(conn, row)?,
        terms,
        operator: row.operator.clone(),
        edits,
    };
    gather::gather(conn, &subject, as_of)
}

/// The letter that another speaks of, as it was issued, and the findings that it prints. A letter that is issued instead of
/// another speaks of none.
fn about(conn: &mut AnyConn, row: &LetterRow) -> Outcome<Option<(About, Vec<FindingId>)>> {
    let speaks =
        matches!(row.kind, LetterKind::SecondReminder | LetterKind::Correction | LetterKind::Withdrawal);
    let Some(original) = row.original_id.filter(|_| speaks) else { return Ok(None) };
    let original = store::find(conn, original)?.ok_or_else(|| Fault::internal("an original that is gone"))?;
    let letter = snapshot(&original)?;
    let number = letter.number.clone().unwrap_or_default();
    let about = About { number, title: letter.title.concat(), date: letter.date };
    Ok(Some((about, store::lines(conn, original.id)?)))
}

/// A letter as it is at this moment: frozen where it was submitted, else composed from the ledger of now.
///
/// # Errors
/// A refusal of the composition.
pub fn preview(conn: &mut AnyConn, sender: &Sender, row: &LetterRow, now: DateTime<Utc>) -> Outcome<Letter> {
    match row.state {
        LetterState::Draft | LetterState::Returned => composed(&facts_of(conn, sender, row, now)?),
        LetterState::Void if row.snapshot.is_none() => composed(&facts_of(conn, sender, row, now)?),
        _ => snapshot(row),
    }
}

fn composed(facts: &Facts) -> Outcome<Letter> {
    compose(facts).map_err(|fault| Fault::refused(fault.code(), fault.to_string()))
}

/// What the bureau has not confirmed is not printed; but a letter that passes it over in silence would not be true.
fn refuse_unconfirmed(conn: &mut AnyConn, row: &LetterRow) -> Outcome<()> {
    if !row.kind.lists_findings() {
        return Ok(());
    }
    let numbers = gather::unconfirmed(conn, row.campaign_id, row.street_id)?;
    if numbers.is_empty() {
        return Ok(());
    }
    let detail = format!("尚有 {} 个问题未经确认（{}），请先确认或撤销", numbers.len(), numbers.join("、"));
    Err(Fault::refused("unconfirmed_findings", detail))
}

/// A date that the next import of the calendar may move is not put into print, unless somebody says why it must be.
/// Gives that reason where it is needed.
fn refuse_provisional<'r>(facts: &Facts, reason: Option<&'r str>) -> Outcome<Option<&'r str>> {
    let lines = facts.lines.iter().chain(&facts.carried_over).filter(|line| line.due_provisional);
    let numbers: Vec<&str> = lines.map(|line| line.finding_number.as_str()).collect();
    if numbers.is_empty() || reason.is_some() {
        return Ok(reason.filter(|_| !numbers.is_empty()));
    }
    let (count, numbers) = (numbers.len(), numbers.join("、"));
    let detail = format!(
        "{count} 个问题的整改期限为暂定（{numbers}），放假安排公布并导入后将重新推算；确需现在发文的，请说明理由"
    );
    Err(Fault::refused("provisional_due", detail))
}

/// The frozen letter of a row.
///
/// # Errors
/// [`Fault::Internal`] when there is none: a defect.
pub fn snapshot(row: &LetterRow) -> Outcome<Letter> {
    let text =
        row.snapshot.as_deref().ok_or_else(|| Fault::internal("a submitted letter without snapshot"))?;
    serde_json::from_str(text).map_err(Fault::internal)
}

/// Refuses when the ledger has moved since the snapshot, and says where.
fn refuse_changed(conn: &mut AnyConn, sender: &Sender, row: &LetterRow, pointer: &str) -> Outcome<()> {
    refuse_unconfirmed(conn, row)?;
    let as_of = row.as_of.ok_or_else(|| Fault::internal("a submitted letter without as-of"))?;
    let facts = facts_of(conn, sender, row, as_of.0)?;
    if Some(canonical::hash(&facts)?) == row.facts_sha256 {
        return Ok(());
    }
    let today: Value = serde_json::to_value(composed(&facts)?).map_err(Fault::internal)?;
    let frozen: Value = serde_json::to_value(snapshot(row)?).map_err(Fault::internal)?;
    let differ = canonical::differences(&frozen, &today);
    let told = |at: &String| FieldFault::new(format!("{pointer}{at}"), "differs", "与送审时不同");
    Err(Fault::Refused {
        code: "facts_changed".into(),
        detail: "送审后台账已有变化，请退回重新送审".into(),
        errors: differ.iter().map(told).collect(),
    })
}

/// Puts a letter that is not issued yet into another clerk's charge. Who drafted and submitted it stays.
///
/// # Errors
/// The database's.
pub fn hand_over(tx: &mut Tx<'_>, id: LetterId, to: UserId, reason: &str) -> Outcome<()> {
    let row = store::find_locked(tx.conn(), id)?.ok_or_else(|| Fault::missing("提醒函"))?;
    store::set_clerk(tx.conn(), id, to)?;
    record(tx, &row, "hand_over", Some(reason))
}

/// The document of a letter: its hash and a name for saving.
///
/// # Errors
/// Missing, also while the document is not there.
pub fn document(row: &LetterRow) -> Outcome<(String, String)> {
    let sha256 = row.document_sha256.clone().ok_or_else(|| Fault::missing("提醒函正文"))?;
    let name = format!("letter-{}-{:04}.pdf", row.year.unwrap_or_default(), row.seq.unwrap_or_default());
    Ok((sha256, name))
}

/// The sealed scan of a letter: its hash and a name for saving.
///
/// # Errors
/// Missing, also while there is none.
pub fn sealed_scan(conn: &mut AnyConn, row: &LetterRow) -> Outcome<(String, String)> {
    let seal = store::seals(conn, &[row.id])?.pop().ok_or_else(|| Fault::missing("用印扫描件"))?;
    let (year, seq) = (row.year.unwrap_or_default(), row.seq.unwrap_or_default());
    Ok((seal.sha256, format!("letter-{year}-{seq:04}-sealed.pdf")))
}

/// The photos that a letter prints, as renditions without metadata. A photo that cannot be decoded is left out and
/// prints as a dash.
///
/// # Errors
/// The storage's.
pub fn photos_of(app: &App, letter: &Letter) -> Outcome<HashMap<String, Vec<u8>>> {
    let mut photos = HashMap::new();
    for sha256 in letter.photo_hashes() {
        let original = app.files.get(&sha256)?;
        match crate::photos::renditions::rendition(&original, 480) {
            Ok(small) => drop(photos.insert(sha256, small)),
            Err(why) => tracing::warn!(%sha256, %why, "a letter's photo cannot be shown"),
        }
    }
    Ok(photos)
}
