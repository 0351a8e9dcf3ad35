//! Findings under one roof: a *parent* with its children (e.g. seventeen institutions with too few certified guards), or a *plan*
//! 整改方案 that says who leads and what is done. A finding has one parent at the most, and any number of plans. How far a group is
//! is never kept but reckoned (`rules`, pure): 部分整改 until the last is closed.
//!
//! Whoever reaches a member sees the group, and of it the members within reach; only whoever reaches them all changes it.

pub mod rules;
mod store;
mod view;

pub(crate) use store::of_findings;
pub use view::{GroupDetail, GroupFilter, GroupView, MemberView, find, list};

use super::Source;
use super::store as findings;
use super::store::FindingRow;
use crate::access::{Holder, Scope};
use crate::db::types::coded;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{FindingId, GroupId, TypedId as _};
use chrono::NaiveDate;
use serde_json::json;
use std::collections::BTreeSet;
use store::{GroupRow, MemberRow};

coded! {
    /// What a group is.
    pub enum GroupKind {
        /// A finding of many places, of which its members are the single ones.
        Parent = "parent" "总问题",
        /// A plan of rectification.
        Plan = "plan" "整改方案",
    }
}

/// What a group says.
#[derive(Debug, Clone)]
pub struct GroupFacts {
    /// Its title.
    pub title: String,
    /// Where it comes from.
    pub source: Option<Source>,
    /// The number of the document behind it.
    pub document_number: Option<String>,
    /// What is to be done.
    pub measures: String,
    /// The unit that leads.
    pub lead_unit: String,
    /// The post.
    pub lead_post: String,
    /// The person.
    pub lead_person: String,
    /// By when all is done.
    pub due_on: Option<NaiveDate>,
}

/// Gathers findings into a new group.
///
/// # Errors
/// `unknown_finding` and `duplicate` at `/finding_ids/N`; `has_parent`.
pub fn create(
    tx: &mut Tx<'_>,
    by: &Holder,
    kind: GroupKind,
    facts: &GroupFacts,
    members: &[FindingId],
) -> Outcome<GroupId> {
    let mut row = GroupRow {
        id: tx.new_id(),
        kind,
        title: String::new(),
        source: None,
        document_number: None,
        measures: String::new(),
        lead_unit: String::new(),
        lead_post: String::new(),
        lead_person: String::new(),
        due_on: None,
        created_by: by.id,
        created_at: tx.ts(),
        revision: 1,
    };
    take(&mut row, facts);
    let findings = reached(tx.conn(), &by.scope, members)?;
    store::insert(tx.conn(), &row)?;
    join(tx, by, &row, &findings)?;
    tx.audit("finding_group", row.id, json!({ "kind": kind, "title": facts.title, "members": members }));
    Ok(row.id)
}

fn take(row: &mut GroupRow, facts: &GroupFacts) {
    let GroupFacts { title, source, document_number, measures, lead_unit, lead_post, lead_person, due_on } =
        facts.clone();
    (row.title, row.source, row.document_number, row.measures) = (title, source, document_number, measures);
    (row.lead_unit, row.lead_post, row.lead_person, row.due_on) = (lead_unit, lead_post, lead_person, due_on);
}

/// The findings of these ids, all within reach and each once.
fn reached(conn: &mut AnyConn, scope: &Scope, ids: &[FindingId]) -> Outcome<Vec<FindingRow>> {
    let (mut rows, mut errors, mut seen) = (vec![], vec![], BTreeSet::new());
    for (n, id) in ids.iter().enumerate() {
        let pointer = format!("/finding_ids/{n}");
        if !seen.insert(*id) {
            errors.push(FieldFault::new(pointer, "duplicate", "同一问题重复列出"));
            continue;
        }
        match findings::find(conn, *id)?.filter(|f| f.is_within(scope)) {
            Some(row) => rows.push(row),
            None => {
                errors.push(FieldFault::new(pointer, "unknown_finding", "问题不存在或不在权限范围内"));
            }
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(Fault::invalid_many(errors)) }
}

fn join(tx: &mut Tx<'_>, by: &Holder, group: &GroupRow, findings: &[FindingRow]) -> Outcome<()> {
    if group.kind == GroupKind::Parent {
        let ids: Vec<FindingId> = findings.iter().map(|f| f.id).collect();
        if let Some(taken) = store::with_parent(tx.conn(), &ids)? {
            let number = findings.iter().find(|f| f.id == taken).map_or("", |f| f.number.as_str());
            return Err(Fault::refused("has_parent", format!("问题 {number} 已属于另一个总问题")));
        }
    }
    for finding in findings {
        let member = MemberRow {
            group_id: group.id,
            finding_id: finding.id,
            kind: group.kind,
            added_by: by.id,
            added_at: tx.ts(),
        };
        store::insert_member(tx.conn(), &member)?;
        tx.changed("finding", finding.id.uuid(), Some(finding.street_id.uuid()), Change::Put)?;
    }
    Ok(())
}

/// A group all of whose members are within reach, with them.
fn held(tx: &mut Tx<'_>, by: &Holder, id: GroupId) -> Outcome<(GroupRow, Vec<store::Line>)> {
    let missing = || Fault::missing("问题组");
    let row = store::find_locked(tx.conn(), id)?.ok_or_else(missing)?;
    let lines = store::lines(tx.conn(), &[id])?;
    let within = lines.iter().all(|l| by.scope.holds_finding(l.street_id, l.facility_id, &l.category));
    if within { Ok((row, lines)) } else { Err(missing()) }
}

/// Changes what a group says.
///
/// # Errors
/// Missing; another revision.
pub fn update(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: GroupId,
    revision: i32,
    change: &dyn Fn(GroupFacts) -> GroupFacts,
) -> Outcome<()> {
    let (mut row, _) = held(tx, by, id)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    let before = facts_of(&row);
    let after = change(before.clone());
    take(&mut row, &after);
    row.revision += 1;
    store::save(tx.conn(), &row)?;
    tx.audit("finding_group", id, json!({ "before": told(&before), "after": told(&after) }));
    Ok(())
}

fn facts_of(row: &GroupRow) -> GroupFacts {
    let r = row.clone();
    GroupFacts {
        title: r.title,
        source: r.source,
        document_number: r.document_number,
        measures: r.measures,
        lead_unit: r.lead_unit,
        lead_post: r.lead_post,
        lead_person: r.lead_person,
        due_on: r.due_on,
    }
}

fn told(facts: &GroupFacts) -> serde_json::Value {
    json!({
        "title": facts.title, "measures": facts.measures, "document_number": facts.document_number,
        "lead_unit": facts.lead_unit, "lead_post": facts.lead_post, "lead_person": facts.lead_person,
        "due_on": facts.due_on,
    })
}

/// Adds findings; those that are members already stay so.
///
/// # Errors
/// Missing; as [`create`].
pub fn add(tx: &mut Tx<'_>, by: &Holder, id: GroupId, ids: &[FindingId]) -> Outcome<()> {
    let (mut row, lines) = held(tx, by, id)?;
    let mut new = reached(tx.conn(), &by.scope, ids)?;
    new.retain(|f| !lines.iter().any(|l| l.finding_id == f.id));
    join(tx, by, &row, &new)?;
    let added: Vec<FindingId> = new.iter().map(|f| f.id).collect();
    if !added.is_empty() {
        row.revision += 1;
        store::save(tx.conn(), &row)?;
    }
    tx.audit("finding_group", id, json!({ "added": added }));
    Ok(())
}

/// Takes a finding out.
///
/// # Errors
/// Missing; `last_member`: a group without members says nothing.
pub fn remove(tx: &mut Tx<'_>, by: &Holder, id: GroupId, finding: FindingId) -> Outcome<()> {
    let (mut row, lines) = held(tx, by, id)?;
    let line = lines.iter().find(|l| l.finding_id == finding).ok_or_else(|| Fault::missing("问题"))?;
    if lines.len() == 1 {
        return Err(Fault::refused("last_member", "问题组至少须有一个问题"));
    }
    store::delete_member(tx.conn(), id, finding)?;
    row.revision += 1;
    store::save(tx.conn(), &row)?;
    tx.audit("finding_group", id, json!({ "removed": finding }));
    tx.changed("finding", finding.uuid(), Some(line.street_id.uuid()), Change::Put)
}
