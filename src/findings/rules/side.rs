//! The ways beside the straight one. What one person asks for another decides, of the rank that the matter needs; and what
//! stops the clock leads back to where it was.

use super::{
    Asked, Case, Decided, Move, Refusal, RequestKind, State, Who, no, outside_line, to, wrong_state,
};
use crate::access::Role;
use crate::checklists::Severity;

/// Of the brigade's own finding the bureau neither moves the day nor judges it.
fn not_the_brigades(case: &Case) -> Result<(), Refusal> {
    if case.joint {
        return no("brigade_decides", "联合检查问题的期限和认定由消防救援大队决定");
    }
    Ok(())
}

pub(super) fn set_deadline(case: &Case, who: &Who) -> Result<Move, Refusal> {
    not_the_brigades(case)?;
    if who.third_party {
        return no("third_party_may_not_serve", "第三方不能送达整改要求");
    }
    if case.long_term {
        return no("staged", "挂账的问题按阶段目标推进，不再单独确定期限");
    }
    to(case.state)
}

/// The brigade's document stands for the confirmation and the service; the brigade or the clerk enters it.
pub(super) fn mirror(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if !case.joint {
        return no("not_joint", "该问题不是联合检查的问题");
    }
    if who.third_party || !(who.is(Role::Drafter) || who.is(Role::Fire)) {
        return no("wrong_rank", "消防通报由经办人或消防救援大队录入");
    }
    to(State::Served)
}

pub(super) fn ask(case: &Case, asked: Asked) -> Result<Move, Refusal> {
    let open = match asked.kind {
        RequestKind::Extension => case.state.is_to_rectify(),
        RequestKind::Dispute => case.state == State::Served,
        RequestKind::LongTerm => matches!(case.state, State::Served | State::Returned),
        RequestKind::Termination => case.state.is_unsettled(),
    };
    if !open {
        return wrong_state();
    }
    if asked.kind != RequestKind::Termination {
        not_the_brigades(case)?;
    }
    if asked.pending {
        return no("request_pending", "同类申请尚未决定，不能重复提出");
    }
    match asked.kind {
        RequestKind::Extension if asked.late => no("overdue", "延期须在到期之前申请"),
        RequestKind::Extension => to(case.state),
        RequestKind::Dispute if asked.late => no("dispute_too_late", "申诉须在送达后三个工作日内提出"),
        RequestKind::Dispute => to(State::Disputed),
        RequestKind::LongTerm if !asked.grounded => no("stages_required", "挂账须有阶段目标"),
        RequestKind::Termination if !asked.grounded => {
            no("place_unchanged", "名录中没有相应的变更（迁址、更换运营机构或终止），不能终结")
        }
        RequestKind::LongTerm | RequestKind::Termination => to(case.state),
    }
}

/// The role that decides what is asked for.
pub fn deciding_role(kind: RequestKind, severity: Severity, long_term: bool) -> Role {
    match kind {
        RequestKind::LongTerm => Role::Issuer,
        RequestKind::Extension if severity == Severity::Major || long_term => Role::Issuer,
        RequestKind::Extension | RequestKind::Dispute | RequestKind::Termination => Role::Reviewer,
    }
}

pub(super) fn decide(case: &Case, decided: Decided, who: &Who) -> Result<Move, Refusal> {
    let open = match decided.kind {
        RequestKind::Extension => case.state.is_to_rectify(),
        RequestKind::Dispute => case.state == State::Disputed,
        RequestKind::LongTerm => matches!(case.state, State::Served | State::Returned),
        RequestKind::Termination => case.state.is_unsettled(),
    };
    if !open {
        return wrong_state();
    }
    if who.third_party || !who.is(deciding_role(decided.kind, case.severity, case.long_term)) {
        return no("wrong_rank", "决定人的级别与事项不符");
    }
    if who.is_one(decided.asked_by) {
        return no("own_request", "不能决定本人提出的申请");
    }
    outside_line(case, who)?;
    match decided.kind {
        RequestKind::Extension | RequestKind::LongTerm if decided.granted && case.joint => {
            not_the_brigades(case).and_then(|()| to(case.state))
        }
        RequestKind::Extension => extend(case, decided),
        RequestKind::Dispute => judge(case, decided.granted, who),
        RequestKind::LongTerm => to(if decided.granted { State::LongTerm } else { case.state }),
        RequestKind::Termination => terminate(case, decided, who),
    }
}

/// An approval comes before expiry or not at all; a refusal comes at any time.
fn extend(case: &Case, decided: Decided) -> Result<Move, Refusal> {
    if decided.granted && decided.overdue {
        return no("overdue", "已超过原期限，不能再批准延期");
    }
    to(case.state)
}

/// Neither who found it nor who confirmed it judges whether it is one.
fn judge(case: &Case, upheld: bool, who: &Who) -> Result<Move, Refusal> {
    if who.is_one(case.found_by) || who.did(case.confirmed_by) {
        return no("second_person_required", "申诉须由发现人、确认人以外的负责人决定");
    }
    if upheld {
        // It may have become the brigade's while it was disputed.
        not_the_brigades(case)?;
    }
    to(if upheld { State::Withdrawn } else { case.resume_to.unwrap_or(State::Served) })
}

fn terminate(case: &Case, decided: Decided, who: &Who) -> Result<Move, Refusal> {
    if !decided.granted {
        return to(case.state);
    }
    if decided.files_missing > 0 {
        return no("proof_missing", "街道证明或现场核查材料尚未收齐");
    }
    if who.is_one(case.found_by) {
        return no("second_person_required", "终结须由发现人以外的人批准");
    }
    to(State::Terminated)
}

pub(super) fn suspend(case: &Case, who: &Who) -> Result<Move, Refusal> {
    not_the_brigades(case)?;
    if case.severity == Severity::Major {
        return no("major_not_suspended", "重大问题不能暂停");
    }
    if who.third_party {
        return no("wrong_rank", "第三方不能决定暂停");
    }
    to(State::Suspended)
}

pub(super) fn resume(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("wrong_rank", "第三方不能决定恢复计时");
    }
    to(case.resume_to.unwrap_or(State::Served))
}

/// Also of what was sent back: the plan goes on.
pub(super) fn stage(case: &Case, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("wrong_rank", "第三方不能认定阶段完成");
    }
    to(case.state)
}

/// Anybody of the bureau passes on; a third party only what is dangerous at once.
pub(super) fn refer(case: &Case, imminent: bool, who: &Who) -> Result<Move, Refusal> {
    let clerk = !who.third_party && (who.is(Role::Drafter) || who.is(Role::Reviewer));
    if !clerk && !imminent {
        return no("wrong_rank", "检查人员只能移送有紧迫危险的问题，其余由经办人移送");
    }
    to(case.state)
}

/// The clerk records what came from outside; the brigade speaks for itself only.
pub(super) fn answer_referral(case: &Case, to_fire: bool, who: &Who) -> Result<Move, Refusal> {
    if who.third_party {
        return no("wrong_rank", "第三方不能代收移送或代报结果");
    }
    if !to_fire && !who.is(Role::Drafter) {
        return no("other_agency", "该移送不是送消防救援大队的，由经办人登记");
    }
    to(case.state)
}

/// The brigade's own finding is the brigade's to close, and nobody else's; other findings it does not close.
pub(super) fn brigade_check(case: &Case, passed: bool, who: &Who) -> Result<Move, Refusal> {
    if !case.joint {
        return no("not_joint", "该问题不是联合检查的问题");
    }
    if !who.is(Role::Fire) {
        return no("wrong_rank", "须由消防救援大队复查");
    }
    if !passed {
        return to(State::Returned);
    }
    Ok(Move { to: State::Closed, finder_closed: who.is_one(case.found_by) })
}
