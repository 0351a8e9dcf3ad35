//! The steps of a letter. Each locks the letter, asks the rules, and writes one transaction.

use super::compose::compose;
use super::facts::Facts;
use super::gather::{self, Subject};
use super::letter::Letter;
use super::numbering;
use super::rules::{self, LetterState, Persons, Step, Who};
use super::store::{self, LetterRow};
use crate::access::delegations;
use crate::access::{Holder, Places, Spot};
use crate::app::App;
use crate::campaigns::{self, CampaignNow};
use crate::canonical;
use crate::clock::business_date;
use crate::config::AuthoritySettings;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings;
use crate::fire::rules::DutyRule;
use crate::ids::{BatchId, CampaignId, FindingId, LetterId, TypedId as _, UserId};
use crate::jobs::{RenderLetter, enqueue};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Letters issued together at the most.
const BATCH: usize = 200;

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

/// Drafts one letter for every street with targets that has none yet.
///
/// # Errors
/// Missing; `already_drafted`; `nothing_to_draft`; a reply date in the past.
pub fn draft_batch(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: CampaignId,
    reply_due: NaiveDate,
) -> Outcome<Vec<LetterId>> {
    let places = &by.scope.places();
    let campaign = campaigns::campaign_in(tx.conn(), places, id)?;
    check_reply_due(tx, reply_due)?;
    let round = 1;
    let mut streets = campaigns::store::progress(tx.conn(), places, campaign.id)?;
    if streets.is_empty() {
        return Err(Fault::refused("nothing_to_draft", "该检查行动还没有检查对象"));
    }
    let drafted = store::drafted(tx.conn(), campaign.id, round)?;
    streets.retain(|s| !drafted.contains(&s.street_id));
    if streets.is_empty() {
        return Err(Fault::refused("already_drafted", "本次检查行动的提醒函已起草"));
    }
    let (batch, drafter, at): (BatchId, _, _) = (tx.new_id(), tx.user()?, tx.ts());
    store::insert_batch(tx.conn(), batch, campaign.id, round, drafter, at)?;
    // Streets come by code; ids of one instant are unordered, so they are sorted to list the letters by street.
    let mut ids: Vec<LetterId> = streets.iter().map(|_| tx.new_id()).collect();
    ids.sort_unstable();
    for (id, street) in ids.iter().zip(streets) {
        delegations::act(tx, by, Step::Edit.action().roles(), Spot::street(street.street_id))?;
        let row = LetterRow {
            id: *id,
            batch_id: batch,
            campaign_id: campaign.id,
            street_id: street.street_id,
            kind: gather::KIND.into(),
            round,
            state: LetterState::Draft,
            reply_due,
            as_of: None,
            snapshot: None,
            facts_sha256: None,
            drafted_by: drafter,
            clerk_id: Some(drafter),
            submitted_by: None,
            submitted_for: None,
            submitted_at: None,
            approved_by: None,
            approved_for: None,
            approved_at: None,
            issued_by: None,
            issued_for: None,
            issued_at: None,
            series: None,
            year: None,
            seq: None,
            number: None,
            document_sha256: None,
            document_length: None,
            document_at: None,
            created_at: at,
            revision: 1,
        };
        store::insert(tx.conn(), &row)?;
        record(tx, &row, "draft", None)?;
    }
    Ok(ids)
}

fn check_reply_due(tx: &Tx<'_>, reply_due: NaiveDate) -> Outcome<()> {
    if reply_due > business_date(tx.now()) {
        return Ok(());
    }
    Err(Fault::invalid("/reply_due", "reply_due_in_past", "回复期限须晚于今天"))
}

/// Gives a letter that is not under review another reply date.
///
/// # Errors
/// Missing; a wrong revision; a refusal of the rules; a date in the past.
pub fn reschedule(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: LetterId,
    revision: i32,
    reply_due: NaiveDate,
) -> Outcome<()> {
    let Held { mut row, .. } = held(tx, by, id, Step::Edit)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    check_reply_due(tx, reply_due)?;
    row.reply_due = reply_due;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "reschedule", Some(&reply_due.to_string()))
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
    let campaign = campaign_of(conn, row)?;
    let subject = Subject {
        authority: &sender.authority,
        watermark: sender.watermark.clone(),
        campaign: &campaign,
        street: row.street_id,
        reply_due: row.reply_due,
        duty: sender.fire_duty,
    };
    gather::gather(conn, &subject, as_of)
}

fn composed(facts: &Facts) -> Outcome<Letter> {
    compose(facts).map_err(|fault| Fault::refused(fault.code(), fault.to_string()))
}

/// What the bureau has not confirmed is not printed; but a letter that passes it over in silence would not be true.
fn refuse_unconfirmed(conn: &mut AnyConn, row: &LetterRow) -> Outcome<()> {
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

/// Submits a letter: its facts are read, composed and frozen. `reason` says why it may print provisional due dates.
///
/// # Errors
/// Missing; `unconfirmed_findings`; `provisional_due`; a refusal of the rules or of the composition.
pub fn submit(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    id: LetterId,
    reason: Option<&str>,
) -> Outcome<()> {
    let Held { mut row, next, acting_for } = held(tx, by, id, Step::Submit)?;
    refuse_unconfirmed(tx.conn(), &row)?;
    let now = tx.now();
    let facts = facts_of(tx.conn(), sender, &row, now)?;
    let reason = refuse_provisional(&facts, reason)?;
    let letter = composed(&facts)?;
    row.state = next;
    row.as_of = Some(tx.ts());
    row.facts_sha256 = Some(canonical::hash(&facts)?);
    row.snapshot = Some(serde_json::to_string(&letter).map_err(Fault::internal)?);
    row.submitted_by = Some(tx.user()?);
    row.submitted_for = acting_for;
    row.submitted_at = Some(tx.ts());
    row.approved_by = None;
    row.approved_for = None;
    row.approved_at = None;
    let printed: Vec<FindingId> = facts
        .lines
        .iter()
        .chain(&facts.carried_over)
        .map(|line| FindingId::from_uuid(line.finding_id))
        .collect();
    store::set_lines(tx.conn(), id, &printed)?;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "submit", reason)
}

/// Sends a letter back to its drafter.
///
/// # Errors
/// Missing; a refusal of the rules.
pub fn return_letter(tx: &mut Tx<'_>, by: &Holder, id: LetterId, reason: &str) -> Outcome<()> {
    let Held { mut row, next, .. } = held(tx, by, id, Step::Return)?;
    row.state = next;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "return", Some(reason))
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

/// The letter whose trial rendering gates the approval.
///
/// # Errors
/// Missing.
pub fn trial(conn: &mut AnyConn, places: &Places, id: LetterId) -> Outcome<Option<Letter>> {
    let found = store::find(conn, id)?.filter(|l| places.holds(l.street_id, None));
    let row = found.ok_or_else(|| Fault::missing("提醒函"))?;
    if row.state == LetterState::InReview { snapshot(&row).map(Some) } else { Ok(None) }
}

/// Approves a letter whose snapshot `rendered` has been rendered on trial.
///
/// # Errors
/// Missing; a refusal of the rules; `facts_changed`; `resubmitted` when it is another snapshot by now.
pub fn approve(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    id: LetterId,
    rendered: Option<&Letter>,
) -> Outcome<()> {
    let Held { mut row, next, acting_for } = held(tx, by, id, Step::Approve)?;
    if rendered != Some(&snapshot(&row)?) {
        return Err(Fault::refused("resubmitted", "该函刚刚重新送审，请重新查看后再审核"));
    }
    refuse_changed(tx.conn(), sender, &row, "")?;
    row.state = next;
    row.approved_by = Some(tx.user()?);
    row.approved_for = acting_for;
    row.approved_at = Some(tx.ts());
    store::save(tx.conn(), &row)?;
    record(tx, &row, "approve", None)
}

/// Issues letters together: all of them, with consecutive numbers in the order given, or none. The documents are made by
/// jobs that exist exactly when this commits.
///
/// # Errors
/// Missing; a refusal of the rules or `facts_changed`, with the pointer of the letter.
pub fn issue_batch(tx: &mut Tx<'_>, by: &Holder, sender: &Sender, ids: &[LetterId]) -> Outcome<()> {
    if ids.is_empty() || ids.len() > BATCH {
        return Err(Fault::invalid("/letter_ids", "out_of_range", format!("一次可签发 1 到 {BATCH} 份")));
    }
    let today = business_date(tx.now());
    let word = &sender.authority.word;
    let mut rows = Vec::with_capacity(ids.len());
    let mut errors = vec![];
    for (place, id) in ids.iter().enumerate() {
        let pointer = format!("/letter_ids/{place}");
        if ids[..place].contains(id) {
            errors.push(FieldFault::new(pointer, "duplicate", "同一份函重复列出"));
            continue;
        }
        let checked = held(tx, by, *id, Step::Issue).and_then(|letter| {
            refuse_changed(tx.conn(), sender, &letter.row, &pointer)?;
            Ok(letter)
        });
        match checked {
            Ok(letter) if letter.row.reply_due <= today => {
                errors.push(FieldFault::new(pointer, "reply_due_in_past", "回复期限须晚于签发日期"));
            }
            Ok(letter) => rows.push(letter),
            Err(Fault::Refused { code, detail, errors: differ }) => {
                errors.push(FieldFault::new(pointer, code, detail));
                errors.extend(differ);
            }
            Err(other) => return Err(other),
        }
    }
    if !errors.is_empty() {
        return Err(Fault::Refused {
            code: "not_all_issuable".into(),
            detail: "部分提醒函不能签发，全部未签发".into(),
            errors,
        });
    }
    let count = i64::try_from(rows.len()).map_err(Fault::internal)?;
    let first = numbering::take(tx.conn(), word, today.year(), count)?;
    for (seq, Held { mut row, next, acting_for }) in (first..).zip(rows) {
        delegations::act(tx, by, Step::Issue.action().roles(), Spot::street(row.street_id))?;
        let seq = i32::try_from(seq).map_err(Fault::internal)?;
        let number = numbering::printed(word, today.year(), seq);
        let letter = snapshot(&row)?.issued(&number, today);
        row.snapshot = Some(serde_json::to_string(&letter).map_err(Fault::internal)?);
        row.state = next;
        row.issued_by = Some(tx.user()?);
        row.issued_for = acting_for;
        row.issued_at = Some(tx.ts());
        row.series = Some(word.clone());
        row.year = Some(today.year());
        row.seq = Some(seq);
        row.number = Some(number);
        store::save(tx.conn(), &row)?;
        let printed = store::lines(tx.conn(), row.id)?;
        findings::mark_printed(tx, &printed)?;
        record(tx, &row, "issue", None)?;
        enqueue(tx, &RenderLetter { letter: row.id }, Some(format!("render:{}", row.id)))?;
    }
    Ok(())
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
