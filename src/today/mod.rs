//! What waits for oneself today: by one's roles, where they reach, and never what one may not do oneself. Counted and looked up by
//! queries (`work` for findings, `desk` for the rest); what a step still lacks beyond that, e.g. a proof on its way, the step
//! itself tells.

mod desk;
mod work;

use crate::access::scope::{Reach, scope_of};
use crate::access::{Action, Holder, Role, Scope};
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::db::types::coded;
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

coded! {
    /// What waits.
    pub enum TodayKind {
        /// The due day has passed.
        Overdue = "overdue" "已逾期",
        /// Due within two working days.
        NearDue = "near_due" "临近到期",
        /// Sent back, to be rectified again.
        Returned = "returned" "退回重改",
        /// To be confirmed; a third party's within three working days.
        ToConfirm = "to_confirm" "待确认",
        /// To be served.
        ToServe = "to_serve" "待送达",
        /// The suggested due day is to be confirmed.
        Deadline = "deadline_to_confirm" "期限待确认",
        /// A claim for the street's first check.
        ToCheck = "to_check" "待街道初核",
        /// To be looked at on site: drawn, or grave, or proved by nothing else.
        ToReinspect = "to_reinspect" "待现场复查",
        /// Joint findings for the fire brigade's re-check.
        BrigadeCheck = "brigade_to_check" "待消防复查",
        /// To be closed, by one's rank.
        ToClose = "to_close" "待销号",
        /// Requests to be decided, by one's rank.
        ToDecide = "to_decide" "申请待决定",
        /// Referrals to be received or answered.
        Referral = "referral" "移送待答复",
        /// Visits to be confirmed within 48 hours.
        Visit = "visit_to_confirm" "走访待确认",
        /// Records in quarantine.
        Quarantine = "quarantine" "暂存待处理",
        /// Project lines that nobody refreshed in time.
        StaleProject = "stale_project" "整改措施待更新",
        /// Letters that wait for one's step.
        Letter = "letter" "提醒函待办",
        /// Letters to be answered by the street; of the clerk's those that are past their day.
        Reply = "reply" "提醒函待回复",
        /// A supervisor's opinions to be answered.
        Opinion = "opinion" "监督意见待答复",
        /// Steps that the clock has drafted.
        Step = "step" "催办步骤待处理",
        /// Bulletins of the other side to be received.
        Bulletin = "bulletin" "消防通报待签收",
    }
}

/// One thing that waits.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct TodayItem {
    /// Its id.
    pub id: Uuid,
    /// What it is, in a few words.
    pub title: String,
    /// The street, where it is about one.
    pub street_id: Option<AreaId>,
    /// The facility, where there is one.
    pub facility_id: Option<FacilityId>,
    /// The last day, where there is one.
    pub due_on: Option<NaiveDate>,
    /// Where it is read.
    pub link: String,
}

/// Things of one kind that wait.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct TodaySection {
    /// Of which kind.
    pub kind: TodayKind,
    /// The same in Chinese.
    pub label: String,
    /// How many.
    pub count: i64,
    /// How many of them are past their last day, where they have one.
    pub late: i64,
    /// The first of them, at most five.
    pub first: Vec<TodayItem>,
}

/// What waits for oneself.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Today {
    /// The day.
    pub on: NaiveDate,
    /// Of every kind that one's roles know, also where nothing waits.
    pub sections: Vec<TodaySection>,
}

/// Items shown of a kind.
const FIRST: i64 = 5;

/// Whose day it is.
struct Desk<'a> {
    by: &'a Holder,
    now: DateTime<Utc>,
    today: NaiveDate,
}

impl Desk<'_> {
    /// Where an action reaches.
    fn scope(&self, action: Action) -> Option<Scope> {
        scope_of(action, &self.by.reaches)
    }

    /// Where an action reaches by one role alone: a reviewer of one street is none in the next.
    fn scope_as(&self, action: Action, role: Role) -> Option<Scope> {
        let mine: Vec<Reach> = self.by.reaches.iter().filter(|r| r.role == role).cloned().collect();
        scope_of(action, &mine)
    }
}

/// Things of one kind, of which there may be none; of several ranks together.
#[derive(Debug, Default)]
struct Found {
    count: i64,
    late: i64,
    first: Vec<TodayItem>,
}

impl Found {
    fn and(mut self, other: Self) -> Self {
        self.count += other.count;
        self.late += other.late;
        self.first.extend(other.first);
        self.first.truncate(usize::try_from(FIRST).unwrap_or(0));
        self
    }
}

/// What waits for a person.
///
/// # Errors
/// The database's.
pub fn today(conn: &mut AnyConn, by: &Holder, now: DateTime<Utc>) -> Outcome<Today> {
    let desk = Desk { by, now, today: business_date(now) };
    let mut sections = work::sections(conn, &desk)?;
    sections.extend(desk::sections(conn, &desk)?);
    let section = |(kind, found): (TodayKind, Found)| TodaySection {
        kind,
        label: kind.label().into(),
        count: found.count,
        late: found.late,
        first: found.first,
    };
    Ok(Today { on: desk.today, sections: sections.into_iter().map(section).collect() })
}
