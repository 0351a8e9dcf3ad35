//! The loop as a pure table: a case, an event and an actor give a new state with its effects, or a refusal with a code.
//! Separation of persons is here and nowhere else: nobody closes what they claimed, checked or re-inspected; a 重大 finding
//! is confirmed by a second person with a clause; the closer's rank follows the severity. What was put right on the spot is
//! closed by the second inspector who was there, whatever the rank, and never where it is 重大.

use crate::access::Role;
use crate::checklists::{Proof, Severity};
use crate::db::types::coded;
use crate::directory::{FacilityKind, Route};
use crate::ids::UserId;

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
        /// Struck off the ledger 销号.
        Closed = "closed" "已销号",
        /// A mistake 误报.
        Withdrawn = "withdrawn" "已撤销",
    }
}

impl State {
    /// Counts as not yet dealt with.
    pub fn is_unsettled(self) -> bool {
        !matches!(self, Self::Closed | Self::Withdrawn)
    }

    /// The deadline runs: served and not yet accepted.
    pub fn deadline_runs(self) -> bool {
        matches!(self, Self::Served | Self::Rectified | Self::Checked | Self::Returned)
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
    /// It was a mistake.
    Withdraw,
}

impl Event {
    /// The event's name in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirmed",
            Self::Serve => "served",
            Self::Claim { .. } => "claimed",
            Self::Check(_) => "checked",
            Self::Reinspect { .. } => "reinspected",
            Self::Return => "returned",
            Self::Close { .. } => "closed",
            Self::CloseOnSite { .. } => "closed_on_site",
            Self::Withdraw => "withdrawn",
        }
    }
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
    /// Found by a third party.
    pub third_party: bool,
    /// Who found it.
    pub found_by: UserId,
    /// Who claimed last.
    pub claimed_by: Option<UserId>,
    /// Who checked the last claim for the street.
    pub checked_by: Option<UserId>,
    /// Who re-inspected since the last claim, and whether it passed.
    pub reinspected: Option<(UserId, bool)>,
}

/// Who acts.
#[derive(Debug, Clone)]
pub struct Who {
    /// The account.
    pub id: UserId,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Works for a third party.
    pub third_party: bool,
}

impl Who {
    fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
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

fn no(code: &'static str, detail: &'static str) -> Result<Move, Refusal> {
    Err(Refusal { code, detail })
}

fn to(state: State) -> Result<Move, Refusal> {
    Ok(Move { to: state, finder_closed: false })
}

/// The table.
///
/// # Errors
/// A refusal; nothing changes.
pub fn decide(case: &Case, event: Event, who: &Who) -> Result<Move, Refusal> {
    use State::{Checked, Confirmed, Open, Rectified, Returned, Served};
    match (event, case.state) {
        (Event::Confirm { clause }, Open) => confirm(case, clause, who),
        (Event::Serve, Confirmed) => serve(who),
        (Event::Claim { proofs }, Served | Returned) => claim(case, proofs),
        (Event::Check(result), Rectified) => check(case, result, who),
        (Event::Reinspect { passed }, Rectified | Checked) => reinspect(case, passed, who),
        (Event::Return, Rectified | Checked) => return_claim(case, who),
        (Event::Close { proofs_received, proofs_missing }, Rectified | Checked) => {
            close(case, proofs_received, proofs_missing, who)
        }
        (Event::CloseOnSite { last, photos_missing }, Rectified) => {
            close_on_site(case, last, photos_missing, who)
        }
        (Event::Withdraw, state) if state.is_unsettled() => withdraw(case, who),
        _ => no("wrong_state", "当前状态不能执行此操作"),
    }
}

fn confirm(case: &Case, clause: bool, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_confirm", "第三方不能确认问题，须由局工作人员确认");
    }
    if case.severity == Severity::Major {
        if case.kind != FacilityKind::Institution {
            return no("major_binds_institutions_only", "重大事故隐患判定标准仅适用于养老机构");
        }
        if !clause {
            return no("clause_required", "确认重大问题须注明判定标准条款");
        }
        if !who.is(Role::Reviewer) {
            return no("reviewer_required", "重大问题须由部门负责人确认");
        }
        if who.id == case.found_by {
            return no("second_person_required", "重大问题须由发现人以外的人确认");
        }
    }
    to(State::Confirmed)
}

fn serve(who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_serve", "第三方不能送达整改要求");
    }
    to(State::Served)
}

fn claim(case: &Case, proofs: usize) -> Result<Move, Refusal> {
    if matches!(case.proof, Proof::Photo | Proof::Document) && proofs == 0 {
        return no("proof_required", "须附整改后的照片或材料");
    }
    to(State::Rectified)
}

fn check(case: &Case, result: CheckResult, who: &Who) -> Result<Move, Refusal> {
    if case.route != Route::Street {
        return no("not_by_the_street", "该设施的问题不经街道初核");
    }
    if case.claimed_by == Some(who.id) && result != CheckResult::Skipped {
        return no("own_claim", "不能初核本人申报的整改");
    }
    match result {
        CheckResult::Pass | CheckResult::Skipped => to(State::Checked),
        CheckResult::Fail => to(State::Returned),
    }
}

fn reinspect(case: &Case, passed: bool, who: &Who) -> Result<Move, Refusal> {
    if case.claimed_by == Some(who.id) {
        return no("own_claim", "不能复查本人申报的整改");
    }
    // A third party's is evidence either way: what follows from it the bureau decides.
    if passed || who.third_party { to(case.state) } else { to(State::Returned) }
}

fn return_claim(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if case.claimed_by == Some(who.id) {
        return no("own_claim", "不能退回本人申报的整改");
    }
    to(State::Returned)
}

/// The role whose rank closes a severity.
pub fn closing_role(severity: Severity) -> Role {
    match severity {
        Severity::General => Role::Drafter,
        Severity::Serious => Role::Reviewer,
        Severity::Major => Role::Issuer,
    }
}

fn close(case: &Case, received: usize, missing: usize, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_close", "第三方的复查只作为证据，不能销号");
    }
    if !who.is(closing_role(case.severity)) {
        return no(
            "wrong_rank",
            "销号人的级别与问题等级不符（一般由经办人、较大由部门负责人、重大由分管局领导销号）",
        );
    }
    if case.route == Route::Street && case.state != State::Checked {
        return no("street_check_required", "须先由街道初核，或记录未初核");
    }
    if missing > 0 || (matches!(case.proof, Proof::Photo | Proof::Document) && received == 0) {
        return no("proof_missing", "整改证明材料尚未收齐");
    }
    let on_site =
        case.severity != Severity::General || matches!(case.proof, Proof::Headcount | Proof::Revisit);
    if on_site && !case.reinspected.is_some_and(|(_, passed)| passed) {
        return no("reinspection_required", "须先有通过的现场复查");
    }
    let others = [case.claimed_by, case.checked_by, case.reinspected.map(|(id, _)| id)];
    if others.contains(&Some(who.id)) {
        return no("own_work", "申报、初核或复查过该问题的人不能销号");
    }
    Ok(Move { to: State::Closed, finder_closed: who.id == case.found_by })
}

/// Two inspectors saw it wrong and saw it right: that stands for the street's check, the re-inspection and the rank.
fn close_on_site(case: &Case, last: bool, photos_missing: usize, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_close", "第三方的复查只作为证据，不能销号");
    }
    if case.severity == Severity::Major {
        return no("major_not_on_site", "重大问题不能当场整改销号，须按程序确认");
    }
    if !last {
        return no("not_on_site", "最近一次申报不是当场整改");
    }
    if !who.is(Role::Inspector) {
        return no("second_person_required", "当场整改须由另一名在场检查人员确认");
    }
    if case.claimed_by == Some(who.id) {
        return no("own_work", "申报、初核或复查过该问题的人不能销号");
    }
    if photos_missing > 0 {
        return no("proof_missing", "整改证明材料尚未收齐");
    }
    // What shows only at another visit does not show at this one; and somebody has looked since and found it wanting.
    if case.proof == Proof::Revisit || case.reinspected.is_some_and(|(_, passed)| !passed) {
        return no("reinspection_required", "须先有通过的现场复查");
    }
    Ok(Move { to: State::Closed, finder_closed: who.id == case.found_by })
}

fn withdraw(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if who.id == case.found_by {
        return no("second_person_required", "误报须由发现人以外的人撤销");
    }
    to(State::Withdrawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::Coded as _;
    use crate::ids::{TypedId as _, new_uuid};
    use chrono::DateTime;

    fn person(n: i64) -> UserId {
        UserId::from_uuid(new_uuid(DateTime::from_timestamp(1_700_000_000 + n, 0).unwrap()))
    }

    fn who(n: UserId, role: Role) -> Who {
        Who { id: n, roles: vec![role], third_party: false }
    }

    struct People {
        finder: UserId,
        claimant: UserId,
        checker: UserId,
        again: UserId,
        other: UserId,
    }

    fn people() -> People {
        People {
            finder: person(1),
            claimant: person(2),
            checker: person(3),
            again: person(4),
            other: person(5),
        }
    }

    fn case(p: &People, state: State, severity: Severity) -> Case {
        let after_claim = matches!(state, State::Rectified | State::Checked);
        Case {
            state,
            severity,
            proof: Proof::Photo,
            kind: FacilityKind::Institution,
            route: Route::Street,
            third_party: false,
            found_by: p.finder,
            claimed_by: after_claim.then_some(p.claimant),
            checked_by: (state == State::Checked).then_some(p.checker),
            reinspected: after_claim.then_some((p.again, true)),
        }
    }

    const EVENTS: [Event; 11] = [
        Event::Confirm { clause: true },
        Event::Serve,
        Event::Claim { proofs: 1 },
        Event::Check(CheckResult::Pass),
        Event::Check(CheckResult::Fail),
        Event::Reinspect { passed: true },
        Event::Reinspect { passed: false },
        Event::Return,
        Event::Close { proofs_received: 1, proofs_missing: 0 },
        Event::CloseOnSite { last: true, photos_missing: 0 },
        Event::Withdraw,
    ];

    /// Every state × every event, by somebody who may: the new state's code, or `-` where it is refused.
    /// Columns: confirm serve claim pass fail reinspect+ reinspect- return close on-site withdraw. `!` is refused for 重大.
    const TABLE: [(&str, &str); 8] = [
        ("open", "confirmed - - - - - - - - - withdrawn"),
        ("confirmed", "- served - - - - - - - - withdrawn"),
        ("served", "- - rectified - - - - - - - withdrawn"),
        ("rectified", "- - - checked returned rectified returned returned - closed! withdrawn"),
        ("checked", "- - - - - checked returned returned closed - withdrawn"),
        ("returned", "- - rectified - - - - - - - withdrawn"),
        ("closed", "- - - - - - - - - - -"),
        ("withdrawn", "- - - - - - - - - - -"),
    ];

    #[test]
    fn every_state_and_every_event() {
        let p = people();
        let all = Who { id: p.other, roles: Role::ALL.to_vec(), third_party: false };
        assert_eq!(TABLE.len(), State::ALL.len());
        for severity in Severity::ALL {
            for (state, row) in TABLE {
                let state = State::from_code(state).unwrap();
                let expected: Vec<&str> = row.split(' ').collect();
                assert_eq!(expected.len(), EVENTS.len());
                for (event, expected) in EVENTS.iter().zip(expected) {
                    let got = decide(&case(&p, state, *severity), *event, &all);
                    let shown = got.map_or("-", |m| m.to.code());
                    let expected = match expected.strip_suffix('!') {
                        Some(_) if *severity == Severity::Major => "-",
                        Some(lesser) => lesser,
                        None => expected,
                    };
                    assert_eq!(shown, expected, "{severity:?} {state:?} {event:?}: {got:?}");
                }
            }
        }
    }

    #[test]
    fn the_closer_is_of_the_rank_and_nobody_who_worked_on_it() {
        let p = people();
        let close = Event::Close { proofs_received: 1, proofs_missing: 0 };
        for severity in Severity::ALL {
            for role in Role::ALL {
                let got = decide(&case(&p, State::Checked, *severity), close, &who(p.other, *role));
                assert_eq!(got.is_ok(), *role == closing_role(*severity), "{severity:?} {role:?}");
            }
            for worked in [p.claimant, p.checker, p.again] {
                let refused = decide(
                    &case(&p, State::Checked, *severity),
                    close,
                    &who(worked, closing_role(*severity)),
                );
                assert_eq!(refused.unwrap_err().code, "own_work");
            }
            let finder =
                decide(&case(&p, State::Checked, *severity), close, &who(p.finder, closing_role(*severity)));
            assert!(finder.unwrap().finder_closed);
        }
        let outside = Who { third_party: true, ..who(p.other, Role::Drafter) };
        let refused = decide(&case(&p, State::Checked, Severity::General), close, &outside);
        assert_eq!(refused.unwrap_err().code, "third_party_may_not_close");
    }

    #[test]
    fn closing_needs_proof_check_and_reinspection() {
        let p = people();
        let good = Event::Close { proofs_received: 1, proofs_missing: 0 };
        let reviewer = who(p.other, Role::Reviewer);
        let full = case(&p, State::Checked, Severity::Serious);
        let code = |case: &Case, event, who: &Who| decide(case, event, who).map(|m| m.to).map_err(|r| r.code);
        let none = Case { reinspected: None, ..full.clone() };
        assert_eq!(code(&none, good, &reviewer), Err("reinspection_required"));
        let failed = Case { reinspected: Some((p.again, false)), ..full.clone() };
        assert_eq!(code(&failed, good, &reviewer), Err("reinspection_required"));
        let late = Event::Close { proofs_received: 1, proofs_missing: 1 };
        assert_eq!(code(&full, late, &reviewer), Err("proof_missing"));
        let bare = Event::Close { proofs_received: 0, proofs_missing: 0 };
        assert_eq!(code(&full, bare, &reviewer), Err("proof_missing"));
        let unchecked = Case { state: State::Rectified, ..full.clone() };
        assert_eq!(code(&unchecked, good, &reviewer), Err("street_check_required"));
        let direct = Case { route: Route::Direct, ..unchecked };
        assert_eq!(code(&direct, good, &reviewer), Ok(State::Closed));
        let general = Case { reinspected: None, ..case(&p, State::Checked, Severity::General) };
        assert_eq!(code(&general, good, &who(p.other, Role::Drafter)), Ok(State::Closed));
        let revisit = Case { proof: Proof::Revisit, ..general };
        assert_eq!(code(&revisit, good, &who(p.other, Role::Drafter)), Err("reinspection_required"));
    }

    #[test]
    fn major_needs_a_clause_a_second_person_and_an_institution() {
        let p = people();
        let open = case(&p, State::Open, Severity::Major);
        let with = Event::Confirm { clause: true };
        let code = |case: &Case, event, who: &Who| decide(case, event, who).map_err(|r| r.code).map(|m| m.to);
        assert_eq!(code(&open, with, &who(p.other, Role::Reviewer)), Ok(State::Confirmed));
        assert_eq!(code(&open, with, &who(p.other, Role::Drafter)), Err("reviewer_required"));
        assert_eq!(code(&open, with, &who(p.finder, Role::Reviewer)), Err("second_person_required"));
        let without = Event::Confirm { clause: false };
        assert_eq!(code(&open, without, &who(p.other, Role::Reviewer)), Err("clause_required"));
        let station = Case { kind: FacilityKind::Station, ..open };
        assert_eq!(code(&station, with, &who(p.other, Role::Reviewer)), Err("major_binds_institutions_only"));
    }

    #[test]
    fn claims_need_proof_and_nobody_judges_their_own() {
        let p = people();
        let served = case(&p, State::Served, Severity::General);
        let bare = Event::Claim { proofs: 0 };
        assert_eq!(decide(&served, bare, &who(p.claimant, Role::Street)).unwrap_err().code, "proof_required");
        let counted = Case { proof: Proof::Headcount, ..served };
        assert!(decide(&counted, bare, &who(p.claimant, Role::Street)).is_ok());
        let claimed = case(&p, State::Rectified, Severity::General);
        let own =
            |event| decide(&claimed, event, &who(p.claimant, Role::Street)).map_err(|r| r.code).map(|m| m.to);
        assert_eq!(own(Event::Check(CheckResult::Pass)), Err("own_claim"));
        assert_eq!(own(Event::Check(CheckResult::Skipped)), Ok(State::Checked));
        assert_eq!(own(Event::Reinspect { passed: true }), Err("own_claim"));
        assert_eq!(own(Event::Return), Err("own_claim"));
        let finder = decide(&claimed, Event::Withdraw, &who(p.finder, Role::Reviewer));
        assert_eq!(finder.unwrap_err().code, "second_person_required");
    }

    #[test]
    fn the_second_inspector_closes_what_was_put_right_on_the_spot() {
        let p = people();
        let close = Event::CloseOnSite { last: true, photos_missing: 0 };
        let code = |case: &Case, event, who: &Who| decide(case, event, who).map_err(|r| r.code).map(|m| m.to);
        let second = who(p.other, Role::Inspector);
        for severity in Severity::ALL {
            let claimed = case(&p, State::Rectified, *severity);
            let expected =
                if *severity == Severity::Major { Err("major_not_on_site") } else { Ok(State::Closed) };
            assert_eq!(code(&claimed, close, &second), expected, "{severity:?}");
            let unseen = Case { reinspected: None, ..claimed };
            assert_eq!(code(&unseen, close, &second), expected, "{severity:?}");
        }
        let claimed = case(&p, State::Rectified, Severity::Serious);
        let replaced = Event::CloseOnSite { last: false, photos_missing: 0 };
        assert_eq!(code(&claimed, replaced, &second), Err("not_on_site"));
        let unshown = Event::CloseOnSite { last: true, photos_missing: 1 };
        assert_eq!(code(&claimed, unshown, &second), Err("proof_missing"));
        assert_eq!(code(&claimed, close, &who(p.claimant, Role::Inspector)), Err("own_work"));
        let outside = Who { third_party: true, ..second.clone() };
        assert_eq!(code(&claimed, close, &outside), Err("third_party_may_not_close"));
        for role in Role::ALL.iter().filter(|role| **role != Role::Inspector) {
            assert_eq!(
                code(&claimed, close, &who(p.other, *role)),
                Err("second_person_required"),
                "{role:?}"
            );
        }
        let revisit = Case { proof: Proof::Revisit, ..claimed.clone() };
        assert_eq!(code(&revisit, close, &second), Err("reinspection_required"));
        let wanting = Case { reinspected: Some((p.again, false)), ..claimed.clone() };
        assert_eq!(code(&wanting, close, &second), Err("reinspection_required"));
        let direct = Case { route: Route::Direct, ..claimed.clone() };
        assert_eq!(code(&direct, close, &second), Ok(State::Closed));
        assert!(decide(&claimed, close, &who(p.finder, Role::Inspector)).unwrap().finder_closed);
    }

    #[test]
    fn third_parties_neither_confirm_nor_serve() {
        let p = people();
        let outside = Who { third_party: true, ..who(p.other, Role::Inspector) };
        let open = case(&p, State::Open, Severity::General);
        let confirmed = case(&p, State::Confirmed, Severity::General);
        let refused = decide(&open, Event::Confirm { clause: false }, &outside).unwrap_err();
        assert_eq!(refused.code, "third_party_may_not_confirm");
        assert_eq!(decide(&confirmed, Event::Serve, &outside).unwrap_err().code, "third_party_may_not_serve");
    }
}
