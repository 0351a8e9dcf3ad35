//! What the registrar 局办文书 does with an issued letter, and its receipt: the seal with its scan, the delivery, 签收. With
//! the delivery a finding that was never served is served: its deadline is the day that the letter names.

use super::super::rules::Step;
use super::super::store::{self, DeliveryRow, LetterRow, SealRow};
use super::super::{DeliveryChannel, telling};
use super::{Held, held, record};
use crate::access::{Holder, Role, Spot};
use crate::app::App;
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings::{self, ByLetter};
use crate::ids::LetterId;
use crate::jobs::{ExportLetter, enqueue};
use crate::photos::sniff::{Kind, sniff};
use chrono::NaiveDate;

/// Letters delivered together at the most.
const BATCH: usize = 200;

/// A scan 用印扫描件 that is stored.
#[derive(Debug, Clone)]
pub struct Scan {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
    /// The day of the seal.
    pub sealed_on: NaiveDate,
    /// A remark.
    pub note: Option<String>,
}

/// Stores the bytes of a scan and gives their SHA-256.
///
/// # Errors
/// What is no PDF; the storage's.
pub fn store_scan(app: &App, bytes: &[u8]) -> Outcome<String> {
    if !sniff(bytes).is_ok_and(|header| header.kind == Kind::Pdf) {
        return Err(Fault::invalid("", "not_a_pdf", "用印扫描件须为完整的 PDF 文件"));
    }
    Ok(app.files.put(bytes)?)
}

/// Records the seal 用印 and attaches the scan. A wrong scan is replaced by another until the letter is delivered; the wrong
/// one stays known as such.
///
/// # Errors
/// Missing; `wrong_state`; a day before the issue or after today; a file that is no scan of this letter.
pub fn seal(tx: &mut Tx<'_>, by: &Holder, id: LetterId, scan: &Scan) -> Outcome<()> {
    let Held { mut row, next, .. } = held(tx, by, id, Step::Seal)?;
    let (issued, today) = (row.issued_at.map(|at| business_date(at.0)), business_date(tx.now()));
    if scan.sealed_on > today || issued.is_some_and(|day| scan.sealed_on < day) {
        return Err(Fault::invalid("/sealed_on", "out_of_range", "用印日期须在签发日至今天之间"));
    }
    if row.document_sha256.as_ref() == Some(&scan.sha256) {
        return Err(Fault::invalid("", "not_a_scan", "这是系统生成的成文，不是用印后的扫描件"));
    }
    if store::sealed_as(tx.conn(), &scan.sha256)?.is_some_and(|other| other.letter_id != id) {
        return Err(Fault::invalid("", "scan_of_another", "该扫描件已登记在另一份函下"));
    }
    crate::photos::refuse_doomed(tx.conn(), &scan.sha256)?;
    let earlier = store::seals(tx.conn(), &[id])?.last().map_or(0, |seal| seal.seq);
    let seal = SealRow {
        id: tx.new_id(),
        letter_id: id,
        seq: earlier + 1,
        sealed_on: scan.sealed_on,
        sha256: scan.sha256.clone(),
        length: scan.length,
        note: scan.note.clone(),
        sealed_by: tx.user()?,
        at: tx.ts(),
    };
    store::insert_seal(tx.conn(), &seal)?;
    row.state = next;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "seal", scan.note.as_deref())
}

/// How letters are delivered.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Beside the addressee's inbox here, which always has it.
    pub channel: DeliveryChannel,
    /// A remark, e.g. a courier's number.
    pub note: Option<String>,
    /// Why letters are delivered although the day by which they are to be answered has passed.
    pub late_reply: Option<String>,
    /// The installation has a folder from which the document system takes delivered letters.
    pub export: bool,
}

/// Delivers letters together: all of them or none.
///
/// # Errors
/// `not_all_deliverable` with the pointers of those that cannot be.
pub fn deliver(tx: &mut Tx<'_>, by: &Holder, ids: &[LetterId], delivery: &Delivery) -> Outcome<()> {
    if ids.is_empty() || ids.len() > BATCH {
        return Err(Fault::invalid("/letter_ids", "out_of_range", format!("一次可送达 1 到 {BATCH} 份")));
    }
    let (mut letters, mut errors) = (vec![], vec![]);
    for (place, id) in ids.iter().enumerate() {
        let pointer = format!("/letter_ids/{place}");
        if ids[..place].contains(id) {
            errors.push(FieldFault::new(pointer, "duplicate", "同一份函重复列出"));
            continue;
        }
        match held(tx, by, *id, Step::Deliver) {
            Ok(letter) if lay_too_long(tx, &letter.row, delivery.late_reply.is_some()) => {
                let detail = "回复期限已过，请写明仍须送达的理由，或作废后重新发文";
                errors.push(FieldFault::new(pointer, "reply_due_passed", detail));
            }
            Ok(letter) => letters.push(letter),
            Err(Fault::Refused { code, detail, .. }) => errors.push(FieldFault::new(pointer, code, detail)),
            Err(other) => return Err(other),
        }
    }
    if !errors.is_empty() {
        let (code, detail) = ("not_all_deliverable".into(), "部分函不能送达，全部未送达".into());
        return Err(Fault::Refused { code, detail, errors });
    }
    letters.into_iter().try_for_each(|letter| deliver_one(tx, letter, delivery))
}

/// A letter lay until the day by which it is to be answered was over: its addressee would be late with the receipt, and what it
/// serves would be overdue from the beginning. `forced`: whoever delivers it says why it must be.
fn lay_too_long(tx: &Tx<'_>, row: &LetterRow, forced: bool) -> bool {
    let forced = forced || row.late_reply_reason.is_some();
    let yesterday = business_date(tx.now()).pred_opt();
    yesterday.is_some_and(|day| row.kind.asks_too_late(row.reply_due, day, forced))
}

fn deliver_one(tx: &mut Tx<'_>, held: Held, delivery: &Delivery) -> Outcome<()> {
    let Held { mut row, next, .. } = held;
    row.state = next;
    if lay_too_long(tx, &row, false) {
        row.late_reply_reason.clone_from(&delivery.late_reply);
    }
    store::save(tx.conn(), &row)?;
    let delivered = DeliveryRow {
        letter_id: row.id,
        channel: delivery.channel,
        delivered_by: Some(tx.user()?),
        delivered_at: tx.ts(),
        note: delivery.note.clone(),
        acknowledged_by: None,
        acknowledged_at: None,
        received_by: None,
        received_on: None,
    };
    store::insert_delivery(tx.conn(), &delivered)?;
    let letter = ByLetter { number: row.number.clone().unwrap_or_default(), reply_due: row.reply_due };
    for finding in store::lines(tx.conn(), row.id)? {
        findings::serve_by_letter(tx, finding, &letter)?;
    }
    record(tx, &row, "deliver", delivery.note.as_deref())?;
    if delivery.export {
        enqueue(tx, &ExportLetter { letter: row.id }, Some(format!("export:{}", row.id)))?;
    }
    telling::delivered(tx, &row)
}

/// A receipt 签收.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// Who received it; the street's clerk who says so unless given.
    pub received_by: Option<String>,
    /// The day; today unless given.
    pub received_on: Option<NaiveDate>,
}

/// Says that a letter has been received: the addressee for itself, or the registrar after a receipt on paper.
///
/// # Errors
/// Missing; `wrong_state`; `acknowledged_already`; a day that cannot be; a registrar without the receiver's name.
pub fn acknowledge(tx: &mut Tx<'_>, by: &Holder, id: LetterId, receipt: &Receipt) -> Outcome<()> {
    let Held { row, .. } = held(tx, by, id, Step::Acknowledge)?;
    if !row.is_to_street() && !is_registrar(by, &row) {
        return Err(Fault::missing("提醒函"));
    }
    let mut delivery = store::delivery(tx.conn(), id)?
        .ok_or_else(|| Fault::internal("a delivered letter without delivery"))?;
    if delivery.acknowledged_at.is_some() {
        return Err(Fault::refused("acknowledged_already", "该函已签收"));
    }
    let today = business_date(tx.now());
    let day = receipt.received_on.unwrap_or(today);
    if day > today || day < business_date(delivery.delivered_at.0) {
        return Err(Fault::invalid("/received_on", "out_of_range", "签收日期须在送达日至今天之间"));
    }
    delivery.received_by = Some(receiver(tx, by, &row, receipt)?);
    delivery.received_on = Some(day);
    delivery.acknowledged_by = Some(tx.user()?);
    delivery.acknowledged_at = Some(tx.ts());
    store::save_receipt(tx.conn(), &delivery)?;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "acknowledge", None)?;
    telling::acknowledged(tx, &row)
}

/// An operator's receipt comes on paper, and no street writes it down.
fn is_registrar(by: &Holder, row: &LetterRow) -> bool {
    let (roles, spot) = ([Role::Registrar], Spot::street(row.street_id));
    by.holds_own(&roles, spot) || !by.acts_for_as(&roles, spot).is_empty()
}

fn receiver(tx: &Tx<'_>, by: &Holder, row: &LetterRow, receipt: &Receipt) -> Outcome<String> {
    match &receipt.received_by {
        Some(name) => Ok(name.clone()),
        None if by.holds_own(&[Role::Street], Spot::street(row.street_id)) => Ok(tx.actor_label()),
        None => Err(Fault::invalid("/received_by", "required", "登记纸质签收须写明签收人")),
    }
}
