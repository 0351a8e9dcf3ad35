//! Opinions 监督意见: what a supervisor writes about a finding or a letter, and the bureau has to answer by a day. It is the one thing
//! that a supervisor writes; it changes nothing of what it is about.

mod store;
mod view;

pub use view::{OpinionFilter, OpinionView, find, list};

use crate::access::{Holder, Role};
use crate::clock::business_date;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, Outcome};
use crate::findings;
use crate::ids::{AreaId, FacilityId, FindingId, LetterId, OpinionId, TypedId as _};
use crate::letters::{self, Reader};
use crate::notices::{self, News, Notice, To};
use chrono::NaiveDate;
use serde_json::json;
use store::OpinionRow;

/// What an opinion is about.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// A finding.
    Finding(FindingId),
    /// A letter.
    Letter(LetterId),
}

/// An opinion.
#[derive(Debug, Clone)]
pub struct NewOpinion {
    /// About what.
    pub about: About,
    /// What is said.
    pub said: String,
    /// By when it has to be answered.
    pub answer_due: NaiveDate,
}

/// Writes an opinion.
///
/// # Errors
/// Something out of reach, at its pointer; a day in the past.
pub fn write(tx: &mut Tx<'_>, by: &Holder, new: &NewOpinion) -> Outcome<OpinionId> {
    let (street_id, facility_id) = place_of(tx.conn(), by, new.about)?;
    if new.answer_due < business_date(tx.now()) {
        return Err(Fault::invalid("/answer_due", "out_of_range", "答复期限不能早于今天"));
    }
    let (finding_id, letter_id) = match new.about {
        About::Finding(id) => (Some(id), None),
        About::Letter(id) => (None, Some(id)),
    };
    let row = OpinionRow {
        id: tx.new_id(),
        finding_id,
        letter_id,
        street_id,
        facility_id,
        said: new.said.clone(),
        answer_due: new.answer_due,
        written_by: by.id,
        written_at: tx.ts(),
        answer: None,
        answered_by: None,
        answered_at: None,
    };
    store::insert(tx.conn(), &row)?;
    leave(tx, &row)?;
    let (opinion, answer_by) = (row.said.clone(), row.answer_due);
    let news = |about| News::OpinionAsked { about, opinion, answer_by };
    tell(tx, &row, news, &[To::Role(Role::Drafter), To::Role(Role::Reviewer)])?;
    Ok(row.id)
}

fn place_of(conn: &mut AnyConn, by: &Holder, about: About) -> Outcome<(AreaId, Option<FacilityId>)> {
    match about {
        About::Finding(id) => {
            let found = findings::store::find(conn, id)?.filter(|f| f.is_within(&by.scope));
            let told = || Fault::invalid("/finding_id", "unknown_finding", "问题不存在或不在权限范围内");
            found.map(|f| (f.street_id, Some(f.facility_id))).ok_or_else(told)
        }
        About::Letter(id) => {
            let told = || Fault::invalid("/letter_id", "unknown_letter", "提醒函不存在或不在权限范围内");
            let reader = Reader::inside(&by.scope.places());
            let letter = letters::find(conn, &reader, id).map_err(|e| e.if_missing(told))?;
            Ok((letter.street_id, None))
        }
    }
}

fn leave(tx: &mut Tx<'_>, row: &OpinionRow) -> Outcome<()> {
    let said = json!({
        "finding": row.finding_id, "letter": row.letter_id, "said": row.said, "answer_due": row.answer_due,
        "answer": row.answer,
    });
    tx.audit("opinion", row.id, said);
    tx.changed("opinion", row.id.uuid(), Some(row.street_id.uuid()), Change::Put)
}

/// Answers an opinion, once.
///
/// # Errors
/// Missing; `already_answered`; `own_work`.
pub fn answer(tx: &mut Tx<'_>, by: &Holder, id: OpinionId, text: &str) -> Outcome<()> {
    let places = &by.scope.open;
    let found = store::find_locked(tx.conn(), id)?.filter(|o| places.holds(o.street_id, o.facility_id));
    let mut row = found.ok_or_else(|| Fault::missing("监督意见"))?;
    if row.answer.is_some() {
        return Err(Fault::refused("already_answered", "该意见已答复"));
    }
    if row.written_by == by.id {
        return Err(Fault::refused("own_work", "提出监督意见的人不能答复该意见"));
    }
    row.answer = Some(text.into());
    row.answered_by = Some(tx.user()?);
    row.answered_at = Some(tx.ts());
    store::save(tx.conn(), &row)?;
    leave(tx, &row)?;
    let news = |about| News::OpinionAnswered { about, answer: text.into() };
    tell(tx, &row, news, &[To::User(row.written_by)])
}

fn tell(tx: &mut Tx<'_>, row: &OpinionRow, news: impl FnOnce(String) -> News, to: &[To]) -> Outcome<()> {
    let finding = row.finding_id.map(|id| findings::store::find(tx.conn(), id)).transpose()?.flatten();
    let about = finding.as_ref().map_or_else(|| "提醒函".to_string(), |f| f.number.clone());
    let notice = Notice {
        news: news(about),
        to,
        subject: ("opinion", row.id.uuid()),
        street_id: Some(row.street_id),
        facility_id: row.facility_id,
        category: finding.as_ref().map(|f| f.category.as_str()),
        key: None,
    };
    notices::tell(tx, &notice).map(drop)
}
