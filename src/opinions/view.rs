//! Opinions as clients see them.

use super::store::{self, OpinionRow};
use crate::access::Places;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, FindingId, LetterId, OpinionId, UserId};
use chrono::{DateTime, NaiveDate, Utc};

/// A supervisor's opinion, and what the bureau answered.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct OpinionView {
    /// Its id.
    pub id: OpinionId,
    /// The finding that it is about.
    pub finding_id: Option<FindingId>,
    /// Or the letter.
    pub letter_id: Option<LetterId>,
    /// The street of that.
    pub street_id: AreaId,
    /// The facility of that.
    pub facility_id: Option<FacilityId>,
    /// What is said.
    pub said: String,
    /// The last day to answer.
    pub answer_due: NaiveDate,
    /// That day has passed without an answer.
    pub overdue: bool,
    /// Who wrote it.
    pub written_by: UserId,
    /// When.
    pub written_at: DateTime<Utc>,
    /// The answer.
    pub answer: Option<String>,
    /// Who answered.
    pub answered_by: Option<UserId>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
    /// It was answered after the last day.
    pub answered_late: bool,
}

/// Which opinions.
#[derive(Debug, Clone, Default)]
pub struct OpinionFilter {
    /// Only about this finding.
    pub finding_id: Option<FindingId>,
    /// Only about this letter.
    pub letter_id: Option<LetterId>,
    /// Only those without an answer.
    pub unanswered: bool,
    /// Only those that are late on this day.
    pub overdue_on: Option<NaiveDate>,
}

fn view(o: OpinionRow, today: NaiveDate) -> OpinionView {
    OpinionView {
        overdue: o.answer.is_none() && o.answer_due < today,
        answered_late: o.answered_at.is_some_and(|at| business_date(at.0) > o.answer_due),
        id: o.id,
        finding_id: o.finding_id,
        letter_id: o.letter_id,
        street_id: o.street_id,
        facility_id: o.facility_id,
        said: o.said,
        answer_due: o.answer_due,
        written_by: o.written_by,
        written_at: o.written_at.0,
        answer: o.answer,
        answered_by: o.answered_by,
        answered_at: o.answered_at.map(|at| at.0),
    }
}

/// Opinions within places, the last written first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &OpinionFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<OpinionView>> {
    let limit = ask.limit()?;
    let after: Option<OpinionId> = ask.after()?;
    let rows = store::list(conn, places, filter, after, limit + 1)?;
    Ok(page(rows, limit, |o: &OpinionRow| o.id, |o| view(o, business_date(now))))
}

/// One opinion.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, places: &Places, id: OpinionId, now: DateTime<Utc>) -> Outcome<OpinionView> {
    let found = store::find(conn, id)?.filter(|o| places.holds(o.street_id, o.facility_id));
    found.map(|o| view(o, business_date(now))).ok_or_else(|| Fault::missing("监督意见"))
}
