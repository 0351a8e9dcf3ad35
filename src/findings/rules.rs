//! The loop as a pure table: a case, an event and an actor give a new state with its effects, or a refusal with a code.
//! Separation of persons is here and nowhere else: nobody closes what they claimed, checked or re-inspected, and a deputy
//! may not do what the person they stand for may not. `line` holds the straight way from open to closed; `side` the ways
//! beside it: extensions, disputes, suspensions, 挂账, terminations, referrals and the fire brigade's own re-check.

mod line;
mod side;
#[cfg(test)]
mod tests;

use crate::access::{Action, Role};
use crate::checklists::{Proof, Severity};
use crate::db::types::coded;
use crate::directory::{FacilityKind, Route};
use crate::ids::UserId;
use chrono::NaiveDate;

pub use line::closing_role;
pub use side::deciding_role;

coded! {
    /// Where a finding stands.
    pub enum State {
        /// Found; a third party's is advice until the bureau confirms it.
        Open = "open" "待确认",
        /// Confirmed by the bureau; not yet served.
        Confirmed = "confirmed" "待送达",
        /// Served; the deadline runs.
        Served = "served" "待整改",
        /// Claimed as rectified.
        Rectified = "rectified" "已申报整改",
        /// The street's first check passed or was skipped.
        Checked = "checked" "街道已初核",
        /// Sent back to be rectified again.
        Returned = "returned" "退回重改",
        /// The responsible side says that it is none 申诉; the clock stands still.
        Disputed = "disputed" "申诉中",
        /// Work has to stop for a time, e.g. for a typhoon 停工; the clock stands still.
        Suspended = "suspended" "停工暂停",
        /// It takes long and is followed in stages 挂账.
        LongTerm = "long_term" "挂账",
        /// Struck off the ledger 销号.
        Closed = "closed" "已销号",
        /// A mistake 误报.
        Withdrawn = "withdrawn" "已撤销",
        /// The place is no more what it was found in 终结: never counted as rectified.
        Terminated = "terminated" "已终结",
    }
}

impl State {
    /// The ends: nothing happens any more.
    pub const SETTLED: [Self; 3] = [Self::Closed, Self::Withdrawn, Self::Terminated];

    /// The deadline runs: served and not yet accepted.
    pub const RUNNING: [Self; 5] =
        [Self::Served, Self::Rectified, Self::Checked, Self::Returned, Self::LongTerm];

    /// The responsible side is to act.
    pub const TO_RECTIFY: [Self; 3] = [Self::Served, Self::Returned, Self::LongTerm];

    /// Counts as not yet dealt with.
    pub fn is_unsettled(self) -> bool {
        !Self::SETTLED.contains(&self)
    }

    /// The deadline runs: served and not yet accepted.
    pub fn deadline_runs(self) -> bool {
        Self::RUNNING.contains(&self)
    }

    /// It is late on a day: the deadline runs, and its day has passed. What stands still or was never served is not.
    pub fn is_late(self, due_on: Option<NaiveDate>, today: NaiveDate) -> bool {
        self.deadline_runs() && due_on.is_some_and(|due| due < today)
    }

    /// The responsible side is to act.
    pub fn is_to_rectify(self) -> bool {
        Self::TO_RECTIFY.contains(&self)
    }
}

coded! {
    /// How a check ended.
    pub enum CheckResult {
        /// Rectified.
        Pass = "pass" "通过",
        /// Not rectified.
        Fail = "fail" "不通过",
        /// The street did not check; recorded, never hidden.
        Skipped = "skipped" "未初核",
    }
}

coded! {
    /// What one person asks for and another decides.
    pub enum RequestKind {
        /// More time 延期.
        Extension = "extension" "延期申请",
        /// It is no finding 申诉.
        Dispute = "dispute" "申诉",
        /// To be followed in stages 挂账.
        LongTerm = "long_term" "挂账申请",
        /// To end because the place changed 终结.
        Termination = "termination" "终结申请",
    }
}

/// What happens to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The bureau confirms it; a 重大 one by a clause.
    Confirm {
        /// A clause of the 判定标准 is named.
        clause: bool,
    },
    /// It is served on the responsible side.
    Serve,
    /// The fire brigade's own document has found and served it, with its deadline.
    Mirror,
    /// The clerk confirms the suggested due date, or sets another.
    SetDeadline,
    /// The responsible side claims that it is rectified.
    Claim {
        /// Photos or documents declared with the claim.
        proofs: usize,
    },
    /// The street checks the claim 初核.
    Check(CheckResult),
    /// An inspector looks on site 复查; skipping is no re-inspection.
    Reinspect {
        /// It is rectified.
        passed: bool,
    },
    /// The bureau sends the claim back.
    Return,
    /// The bureau strikes it off the ledger 销号.
    Close {
        /// Proofs of the last claim that have arrived.
        proofs_received: usize,
        /// Proofs of the last claim that have not.
        proofs_missing: usize,
    },
    /// The second inspector who was there confirms that it was put right on the spot 当场整改.
    CloseOnSite {
        /// The last claim is that of the inspection on the spot.
        last: bool,
        /// Photos of before and after that have not arrived.
        photos_missing: usize,
    },
    /// The fire brigade re-checks a joint finding: only that closes it.
    BrigadeCheck {
        /// It is rectified.
        passed: bool,
    },
    /// It was a mistake.
    Withdraw,
    /// Something is asked for.
    Ask(Asked),
    /// What was asked for is decided.
    Decide(Decided),
    /// Work has to stop for a time.
    Suspend,
    /// Work goes on.
    Resume,
    /// It is passed on to another authority 移送; its own way goes on.
    Refer {
        /// There is danger at once.
        imminent: bool,
    },
    /// That authority has received it.
    ReceiveReferral {
        /// It was passed on to fire rescue.
        to_fire: bool,
    },
    /// That authority says what came of it.
    ReportReferral {
        /// It was passed on to fire rescue.
        to_fire: bool,
    },
    /// The named person who answers for it changes.
    Assign,
    /// Somebody called or came by 联络.
    Contact,
    /// A stage of what is on account 挂账 is done.
    Stage,
}

/// Something asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What.
    pub kind: RequestKind,
    /// The like has been asked and is not decided.
    pub pending: bool,
    /// The time to ask has passed: the due day, or three working days after service for a dispute.
    pub late: bool,
    /// What has to come with it is there: the stages, or the change of the place.
    pub grounded: bool,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// Of what.
    pub kind: RequestKind,
    /// What was asked for is granted.
    pub granted: bool,
    /// The due day has passed.
    pub overdue: bool,
    /// Who asked.
    pub asked_by: UserId,
    /// Files that were announced with the request and have not arrived.
    pub files_missing: usize,
}

impl Event {
    /// The event's name in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirmed",
            Self::Serve => "served",
            Self::Mirror => "mirrored",
            Self::SetDeadline => "deadline_set",
            Self::Claim { .. } => "claimed",
            Self::Check(_) => "checked",
            Self::Reinspect { .. } => "reinspected",
            Self::Return => "returned",
            Self::Close { .. } => "closed",
            Self::CloseOnSite { .. } => "closed_on_site",
            Self::BrigadeCheck { .. } => "brigade_checked",
            Self::Withdraw => "withdrawn",
            Self::Ask(Asked { kind, .. }) => match kind {
                RequestKind::Extension => "extension_asked",
                RequestKind::Dispute => "disputed",
                RequestKind::LongTerm => "long_term_asked",
                RequestKind::Termination => "termination_asked",
            },
            Self::Decide(Decided { kind, granted, .. }) => match (kind, granted) {
                (RequestKind::Extension, true) => "extended",
                (RequestKind::Extension, false) => "extension_refused",
                (RequestKind::Dispute, true) => "dispute_upheld",
                (RequestKind::Dispute, false) => "dispute_refused",
                (RequestKind::LongTerm, true) => "put_on_account",
                (RequestKind::LongTerm, false) => "long_term_refused",
                (RequestKind::Termination, true) => "terminated",
                (RequestKind::Termination, false) => "termination_refused",
            },
            Self::Suspend => "suspended",
            Self::Resume => "resumed",
            Self::Refer { .. } => "referred",
            Self::ReceiveReferral { .. } => "referral_received",
            Self::ReportReferral { .. } => "referral_reported",
            Self::Assign => "assigned",
            Self::Contact => "contacted",
            Self::Stage => "stage_done",
        }
    }
}

/// A re-inspection of the claim that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reinspected {
    /// Who looked.
    pub by: UserId,
    /// It is rectified.
    pub passed: bool,
    /// By a third party: evidence only.
    pub third_party: bool,
}

/// What is known of a finding when something happens to it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Where it stands.
    pub state: State,
    /// How grave it is.
    pub severity: Severity,
    /// What shows rectification.
    pub proof: Proof,
    /// What the facility is.
    pub kind: FacilityKind,
    /// Whom it goes through.
    pub route: Route,
    /// The fire brigade's own finding, mirrored here.
    pub joint: bool,
    /// It was put on account 挂账 at some time: its rank stays the issuer's.
    pub long_term: bool,
    /// The draw picked a claim of it for a look on site; it stays so however often it is claimed again.
    pub drawn: bool,
    /// Passed on to an authority that has not said what came of it.
    pub referral_pending: bool,
    /// Who found it.
    pub found_by: UserId,
    /// Who confirmed it.
    pub confirmed_by: Option<UserId>,
    /// Who claimed last.
    pub claimed_by: Option<UserId>,
    /// Who checked the last claim for the street.
    pub checked_by: Option<UserId>,
    /// The re-inspection since the last claim that counts: the bureau's last, or a third party's where the bureau has not looked.
    pub reinspected: Option<Reinspected>,
    /// Everybody who re-inspected since the last claim.
    pub looked: Vec<UserId>,
    /// Where it goes back to when the clock runs again.
    pub resume_to: Option<State>,
}

/// Who acts.
#[derive(Debug, Clone)]
pub struct Who {
    /// The account.
    pub id: UserId,
    /// Those they stand for as a deputy: what these may not do, they may not.
    pub acts_for: Vec<UserId>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Works for a third party.
    pub third_party: bool,
    /// Belongs to the unit that is to rectify.
    pub inside_line: bool,
}

impl Who {
    /// Somebody of whom only the account and the roles count.
    pub fn with(id: UserId, roles: Vec<Role>, third_party: bool) -> Self {
        Self { id, acts_for: vec![], roles, third_party, inside_line: false }
    }

    fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether they, or somebody they stand for, is that person.
    fn is_one(&self, person: UserId) -> bool {
        self.id == person || self.acts_for.contains(&person)
    }

    fn did(&self, person: Option<UserId>) -> bool {
        person.is_some_and(|p| self.is_one(p))
    }
}

/// What follows from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The new state.
    pub to: State,
    /// Finder and closer are one person: it goes on the exceptions list.
    pub finder_closed: bool,
}

/// Why an event cannot happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// In Chinese.
    pub detail: &'static str,
}

fn no<T>(code: &'static str, detail: &'static str) -> Result<T, Refusal> {
    Err(Refusal { code, detail })
}

fn to(state: State) -> Result<Move, Refusal> {
    Ok(Move { to: state, finder_closed: false })
}

/// The roles of which one is needed for an event: those that the permission names, or the rank that the case asks for.
pub fn roles_of(case: &Case, event: Event) -> Vec<Role> {
    let action = match event {
        Event::Close { .. } => return vec![closing_role(case.severity, case.long_term)],
        Event::Decide(d) => return vec![deciding_role(d.kind, case.severity, case.long_term)],
        Event::Confirm { .. } if case.severity == Severity::Major => return vec![Role::Reviewer],
        Event::Confirm { .. } => Action::ConfirmFinding,
        Event::Serve => Action::ServeFinding,
        Event::Mirror => Action::EnterFinding,
        Event::SetDeadline => Action::SetDeadline,
        Event::Claim { .. } => Action::ClaimRectification,
        Event::Check(_) => Action::CheckClaim,
        Event::Reinspect { .. } | Event::CloseOnSite { .. } => Action::Reinspect,
        Event::Return => Action::ReturnFinding,
        Event::BrigadeCheck { .. } => Action::BrigadeCheck,
        Event::Withdraw => Action::WithdrawFinding,
        Event::Ask(asked) => match asked.kind {
            RequestKind::Extension => Action::AskExtension,
            RequestKind::Dispute => Action::DisputeFinding,
            RequestKind::LongTerm => Action::AskLongTerm,
            RequestKind::Termination => Action::AskTermination,
        },
        Event::Suspend | Event::Resume => Action::SuspendFinding,
        Event::Refer { .. } => Action::ReferFinding,
        Event::ReceiveReferral { .. } | Event::ReportReferral { .. } => Action::AnswerReferral,
        Event::Assign => Action::AssignFinding,
        Event::Contact => Action::LogContact,
        Event::Stage => Action::FinishStage,
    };
    action.roles().to_vec()
}

/// The table.
///
/// # Errors
/// A refusal; nothing changes.
pub fn decide(case: &Case, event: Event, who: &Who) -> Result<Move, Refusal> {
    use State::{Checked, Confirmed, Open, Rectified, Suspended};
    match (event, case.state) {
        (Event::Confirm { clause }, Open) => line::confirm(case, clause, who),
        (Event::Serve, Confirmed) => line::serve(who),
        (Event::Mirror, Open | Confirmed) => side::mirror(case, who),
        (Event::SetDeadline, state) if state.is_to_rectify() => side::set_deadline(case, who),
        (Event::Claim { proofs }, state) if state.is_to_rectify() => line::claim(case, proofs),
        (Event::Check(result), Rectified) => line::check(case, result, who),
        (Event::Reinspect { passed }, Rectified | Checked) => line::reinspect(case, passed, who),
        (Event::Return, Rectified | Checked) => line::return_claim(case, who),
        (Event::Close { proofs_received, proofs_missing }, Rectified | Checked) => {
            line::close(case, proofs_received, proofs_missing, who)
        }
        (Event::CloseOnSite { last, photos_missing }, Rectified) => {
            line::close_on_site(case, last, photos_missing, who)
        }
        (Event::BrigadeCheck { passed }, Rectified | Checked) => side::brigade_check(case, passed, who),
        (Event::Withdraw, state) if state.is_unsettled() => line::withdraw(case, who),
        (Event::Ask(asked), _) => side::ask(case, asked),
        (Event::Decide(decided), _) => side::decide(case, decided, who),
        (Event::Suspend, state) if state.is_to_rectify() => side::suspend(case, who),
        (Event::Resume, Suspended) => side::resume(case, who),
        (Event::Refer { imminent }, state) if state.is_unsettled() => side::refer(case, imminent, who),
        // What another authority says is kept whenever it comes; a settled finding stays what it is.
        (Event::ReceiveReferral { to_fire } | Event::ReportReferral { to_fire }, _) => {
            side::answer_referral(case, to_fire, who)
        }
        (Event::Stage, state) if state.is_to_rectify() && case.long_term => side::stage(case, who),
        (Event::Assign | Event::Contact, state) if state.is_unsettled() => to(state),
        _ => wrong_state(),
    }
}

fn wrong_state<T>() -> Result<T, Refusal> {
    no("wrong_state", "当前状态不能执行此操作")
}

/// Nobody of a unit of the bureau ends what its own unit is to rectify, in whatever way.
fn outside_line(case: &Case, who: &Who) -> Result<(), Refusal> {
    if case.route == Route::BureauUnit && who.inside_line {
        return no("inside_line", "局属单位的问题须由该单位以外的人处理");
    }
    Ok(())
}
