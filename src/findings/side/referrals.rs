//! Passing on 移送: a finding that another authority has powers over (安全生产法第六十九条). The finding's own way goes on, but it
//! is not closed before that authority has said what came of it.

use super::Agency;
use super::store::{self, ReferralRow};
use crate::access::Holder;
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::findings::record::advance;
use crate::findings::rules::Event;
use crate::findings::steps::{ask as ask_table, held};
use crate::ids::{FindingId, ReferralId};
use serde_json::json;

/// What is passed on.
#[derive(Debug, Clone)]
pub struct Referral {
    /// To which kind of authority.
    pub agency: Agency,
    /// Its name.
    pub addressee: String,
    /// There is danger at once: phoned and referred without waiting for anything.
    pub imminent: bool,
    /// What the matter is.
    pub matter: String,
}

/// Passes a finding on.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn refer(tx: &mut Tx<'_>, by: &Holder, id: FindingId, new: &Referral) -> Outcome<ReferralId> {
    let mut row = held(tx, by, id)?;
    let event = Event::Refer { imminent: new.imminent };
    let next = ask_table(tx, by, &row, event)?;
    let made: ReferralId = tx.new_id();
    let line = ReferralRow {
        id: made,
        finding_id: id,
        agency: new.agency,
        addressee: new.addressee.clone(),
        imminent: new.imminent,
        matter: new.matter.clone(),
        sent_by: by.id,
        sent_at: tx.ts(),
        received_by: None,
        received_at: None,
        receipt_note: None,
        result: None,
        result_by: None,
        result_at: None,
    };
    store::insert_referral(tx.conn(), &line)?;
    let detail = json!({ "referral": made, "agency": new.agency, "imminent": new.imminent });
    advance(tx, &mut row, event.name(), next.to, Some(&new.matter), &detail)?;
    Ok(made)
}

fn referral_of(tx: &mut Tx<'_>, id: FindingId, referral: ReferralId) -> Outcome<ReferralRow> {
    let all = store::referrals(tx.conn(), id)?;
    all.into_iter().find(|r| r.id == referral).ok_or_else(|| Fault::missing("移送"))
}

/// The authority has received it, or the clerk records that it has.
///
/// # Errors
/// Missing; a refusal of the table; `already_received`.
pub fn receive_referral(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: FindingId,
    referral: ReferralId,
    note: &str,
) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let mut line = referral_of(tx, id, referral)?;
    let event = Event::ReceiveReferral { to_fire: line.agency == Agency::Fire };
    let next = ask_table(tx, by, &row, event)?;
    if line.received_at.is_some() {
        return Err(Fault::refused("already_received", "该移送已签收"));
    }
    line.received_by = Some(by.id);
    line.received_at = Some(tx.ts());
    line.receipt_note = Some(note.into());
    store::save_referral(tx.conn(), &line)?;
    advance(tx, &mut row, event.name(), next.to, Some(note), &json!({ "referral": referral }))
}

/// What came of it; with that it counts as received too.
///
/// # Errors
/// Missing; a refusal of the table; `already_reported`.
pub fn report_referral(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: FindingId,
    referral: ReferralId,
    result: &str,
) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let mut line = referral_of(tx, id, referral)?;
    let event = Event::ReportReferral { to_fire: line.agency == Agency::Fire };
    let next = ask_table(tx, by, &row, event)?;
    if line.result_at.is_some() {
        return Err(Fault::refused("already_reported", "该移送已有处理结果"));
    }
    let at = tx.ts();
    line.received_by.get_or_insert(by.id);
    line.received_at.get_or_insert(at);
    (line.result, line.result_by, line.result_at) = (Some(result.into()), Some(by.id), Some(at));
    store::save_referral(tx.conn(), &line)?;
    advance(tx, &mut row, event.name(), next.to, Some(result), &json!({ "referral": referral }))
}
