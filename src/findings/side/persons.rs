//! Who answers for a finding 责任到岗、任务到人, and who was called about it.

use super::ContactMethod;
use super::store::{self, ContactRow};
use crate::access::{Action, Holder, Role};
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::findings::origin;
use crate::findings::record::advance;
use crate::findings::rules::Event;
use crate::findings::steps::{ask as ask_table, held};
use crate::ids::{ContactId, FindingId};
use chrono::NaiveDate;
use serde_json::json;

/// Who answers for a finding: never an organisation alone.
#[derive(Debug, Clone)]
pub struct Answerable {
    /// The unit.
    pub unit: String,
    /// The post.
    pub post: String,
    /// The person.
    pub person: String,
    /// Why it changes.
    pub reason: String,
}

/// Names who answers for a finding.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn assign(tx: &mut Tx<'_>, by: &Holder, id: FindingId, to: &Answerable) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask_table(tx, by, &row, Event::Assign)?;
    let roles = by.roles_over(row.street_id, row.facility_id, &row.category);
    let only_operator = roles.iter().all(|role| *role == Role::Operator);
    if only_operator && to.unit != row.responsible_unit {
        return Err(Fault::invalid("/unit", "out_of_range", "运营机构只能变更本单位的岗位和人员"));
    }
    let before = json!({ "unit": row.responsible_unit, "post": row.responsible_post, "person": row.responsible_person });
    row.responsible_unit = to.unit.clone();
    row.responsible_post = to.post.clone();
    row.responsible_person = to.person.clone();
    let detail = json!({ "before": before, "unit": to.unit, "post": to.post, "person": to.person });
    advance(tx, &mut row, Event::Assign.name(), next.to, Some(&to.reason), &detail)
}

/// A call or a visit about a finding.
#[derive(Debug, Clone)]
pub struct Contacted {
    /// How.
    pub method: ContactMethod,
    /// With whom.
    pub person: String,
    /// What was said.
    pub note: String,
    /// On which day.
    pub happened_on: NaiveDate,
}

/// Logs a call or a visit.
///
/// # Errors
/// Missing; a refusal of the table; a day in the future; `names_reporter`.
pub fn contact(tx: &mut Tx<'_>, by: &Holder, id: FindingId, said: &Contacted) -> Outcome<ContactId> {
    let mut row = held(tx, by, id)?;
    let next = ask_table(tx, by, &row, Event::Contact)?;
    if said.happened_on > business_date(tx.now()) {
        return Err(Fault::invalid("/happened_on", "out_of_range", "联络日期不能晚于今天"));
    }
    if by.may_over(Action::ReadReporter, row.street_id, row.facility_id, &row.category)
        && origin::names_reporter(tx.conn(), id, &[&said.person, &said.note])?
    {
        return Err(Fault::invalid(
            "/person",
            "names_reporter",
            "联络记录各方可见，不得写明举报人姓名或联系方式",
        ));
    }
    let made: ContactId = tx.new_id();
    let line = ContactRow {
        id: made,
        finding_id: id,
        method: said.method,
        person: said.person.clone(),
        note: said.note.clone(),
        happened_on: said.happened_on,
        logged_by: by.id,
        logged_at: tx.ts(),
    };
    store::insert_contact(tx.conn(), &line)?;
    let detail = json!({ "contact": made, "method": said.method });
    advance(tx, &mut row, Event::Contact.name(), next.to, Some(&said.note), &detail)?;
    Ok(made)
}
