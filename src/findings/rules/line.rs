//! The straight way: confirmed, served, claimed, checked, closed.

use super::{Case, CheckResult, Move, Refusal, State, Who, no, outside_line, to};
use crate::access::Role;
use crate::checklists::{Proof, Severity};
use crate::directory::{FacilityKind, Route};

pub(super) fn confirm(case: &Case, clause: bool, who: &Who) -> Result<Move, Refusal> {
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
        if who.is_one(case.found_by) {
            return no("second_person_required", "重大问题须由发现人以外的人确认");
        }
    }
    to(State::Confirmed)
}

pub(super) fn serve(who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_serve", "第三方不能送达整改要求");
    }
    to(State::Served)
}

pub(super) fn claim(case: &Case, proofs: usize) -> Result<Move, Refusal> {
    if matches!(case.proof, Proof::Photo | Proof::Document) && proofs == 0 {
        return no("proof_required", "须附整改后的照片或材料");
    }
    to(State::Rectified)
}

pub(super) fn check(case: &Case, result: CheckResult, who: &Who) -> Result<Move, Refusal> {
    if case.route != Route::Street {
        return no("not_by_the_street", "该设施的问题不经街道初核");
    }
    if who.did(case.claimed_by) && result != CheckResult::Skipped {
        return no("own_claim", "不能初核本人申报的整改");
    }
    match result {
        CheckResult::Pass | CheckResult::Skipped => to(State::Checked),
        CheckResult::Fail => to(State::Returned),
    }
}

pub(super) fn reinspect(case: &Case, passed: bool, who: &Who) -> Result<Move, Refusal> {
    if who.did(case.claimed_by) {
        return no("own_claim", "不能复查本人申报的整改");
    }
    // A third party's is evidence either way: what follows from it the bureau decides.
    if passed || who.third_party { to(case.state) } else { to(State::Returned) }
}

pub(super) fn return_claim(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if who.did(case.claimed_by) {
        return no("own_claim", "不能退回本人申报的整改");
    }
    to(State::Returned)
}

/// The role whose rank closes a severity; what was put on account 挂账 is the issuer's to close.
pub fn closing_role(severity: Severity, long_term: bool) -> Role {
    match severity {
        _ if long_term => Role::Issuer,
        Severity::General => Role::Drafter,
        Severity::Serious => Role::Reviewer,
        Severity::Major => Role::Issuer,
    }
}

pub(super) fn close(case: &Case, received: usize, missing: usize, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_close", "第三方的复查只作为证据，不能销号");
    }
    if case.joint {
        return no("brigade_closes", "联合检查的问题只凭消防救援大队的复查销号");
    }
    if !who.is(closing_role(case.severity, case.long_term)) {
        return no(
            "wrong_rank",
            "销号人的级别与问题等级不符（一般由经办人、较大由部门负责人、重大和挂账由分管局领导销号）",
        );
    }
    outside_line(case, who)?;
    if case.referral_pending {
        return no("referral_pending", "已移送其他部门，尚未收到处理结果");
    }
    if case.route == Route::Street && case.state != State::Checked {
        return no("street_check_required", "须先由街道初核，或记录未初核");
    }
    if missing > 0 || (matches!(case.proof, Proof::Photo | Proof::Document) && received == 0) {
        return no("proof_missing", "整改证明材料尚未收齐");
    }
    if !seen_on_site(case) {
        return no("reinspection_required", "须先有通过的现场复查");
    }
    let worked = [case.claimed_by, case.checked_by, case.reinspected.map(|r| r.by)];
    if worked.into_iter().any(|person| who.did(person)) || case.looked.iter().any(|by| who.is_one(*by)) {
        return no("own_work", "申报、初核或复查过该问题的人不能销号");
    }
    Ok(Move { to: State::Closed, finder_closed: who.is_one(case.found_by) })
}

/// 较大 and 重大 are looked at by the bureau itself. 一般 is closed by proof, unless only a look shows it or the draw picked it;
/// there anybody's look is evidence enough.
fn seen_on_site(case: &Case) -> bool {
    let passed = case.reinspected.filter(|r| r.passed);
    if case.severity != Severity::General {
        return passed.is_some_and(|r| !r.third_party);
    }
    let needed = case.drawn || matches!(case.proof, Proof::Headcount | Proof::Revisit);
    !needed || passed.is_some()
}

/// Two inspectors saw it wrong and saw it right: that stands for the street's check, the re-inspection and the rank.
pub(super) fn close_on_site(
    case: &Case,
    last: bool,
    photos_missing: usize,
    who: &Who,
) -> Result<Move, Refusal> {
    if who.third_party {
        return no("third_party_may_not_close", "第三方的复查只作为证据，不能销号");
    }
    if case.joint {
        return no("brigade_closes", "联合检查的问题只凭消防救援大队的复查销号");
    }
    if case.severity == Severity::Major {
        return no("major_not_on_site", "重大问题不能当场整改销号，须按程序确认");
    }
    if case.long_term {
        return no("wrong_rank", "挂账的问题由分管局领导销号");
    }
    outside_line(case, who)?;
    if case.referral_pending {
        return no("referral_pending", "已移送其他部门，尚未收到处理结果");
    }
    if !last {
        return no("not_on_site", "最近一次申报不是当场整改");
    }
    if !who.is(Role::Inspector) {
        return no("second_person_required", "当场整改须由另一名在场检查人员确认");
    }
    if who.did(case.claimed_by) {
        return no("own_work", "申报、初核或复查过该问题的人不能销号");
    }
    if photos_missing > 0 {
        return no("proof_missing", "整改证明材料尚未收齐");
    }
    // What shows only at another visit does not show at this one; and somebody has looked since and found it wanting.
    if case.proof == Proof::Revisit || case.reinspected.is_some_and(|r| !r.passed) {
        return no("reinspection_required", "须先有通过的现场复查");
    }
    Ok(Move { to: State::Closed, finder_closed: who.is_one(case.found_by) })
}

pub(super) fn withdraw(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if who.is_one(case.found_by) {
        return no("second_person_required", "误报须由发现人以外的人撤销");
    }
    outside_line(case, who)?;
    to(State::Withdrawn)
}
