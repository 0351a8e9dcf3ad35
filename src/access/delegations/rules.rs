//! Who may stand in for whom: PURE. The three administrators stand in for nobody and nobody for them (三员分立), and a
//! contract's people and the bureau's stay apart: what a third party finds is advice, whoever asks them to find it.

use crate::access::Role;
use crate::access::permissions::is_administrator;
use crate::fault::{Fault, Outcome};

/// One side of a delegation.
#[derive(Debug, Clone)]
pub struct Side {
    /// Works for a third party.
    pub third_party: bool,
    /// The account is in use.
    pub active: bool,
    /// Its own roles, now or later.
    pub roles: Vec<Role>,
}

/// Whether `deputy` may hold `given` for `principal`.
///
/// # Errors
/// `account_disabled`, `roles_exclude_each_other`, `third_party_stays_apart`.
pub fn allow(principal: &Side, deputy: &Side, given: &[Role]) -> Outcome<()> {
    if !(principal.active && deputy.active) {
        return Err(Fault::refused("account_disabled", "账号已停用，不能设置代理"));
    }
    if given.iter().chain(&deputy.roles).any(|role| is_administrator(*role)) {
        let detail = "系统管理员、安全管理员、审计管理员不能代理他人，也不能由他人代理（三员分立）";
        return Err(Fault::refused("roles_exclude_each_other", detail));
    }
    // Who watches does not do what is watched.
    let watches = |role: &&Role| **role == Role::Supervisor;
    let all = || given.iter().chain(&deputy.roles);
    if all().any(|role| watches(&role)) && !all().all(|role| watches(&role)) {
        return Err(Fault::refused("roles_exclude_each_other", "纪检监督人员与业务人员之间不能相互代理"));
    }
    if principal.third_party != deputy.third_party {
        return Err(Fault::refused("third_party_stays_apart", "第三方人员与其他人员之间不能相互代理"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(third_party: bool, roles: &[Role]) -> Side {
        Side { third_party, active: true, roles: roles.to_vec() }
    }

    fn code(principal: &Side, deputy: &Side, given: &[Role]) -> Option<String> {
        match allow(principal, deputy, given) {
            Err(Fault::Refused { code, .. }) => Some(code.into_owned()),
            other => other.map(|()| None).expect("a refusal"),
        }
    }

    #[test]
    fn administrators_stand_apart_on_both_sides() {
        use crate::db::types::Coded as _;
        let drafter = side(false, &[Role::Drafter]);
        for role in Role::ALL {
            let apart = is_administrator(*role) || *role == Role::Supervisor;
            let excluded = apart.then(|| "roles_exclude_each_other".to_string());
            assert_eq!(
                code(&drafter, &side(false, &[*role]), &[Role::Drafter]),
                excluded,
                "{role:?} stands in"
            );
            assert_eq!(code(&side(false, &[*role]), &drafter, &[*role]), excluded, "for {role:?}");
        }
    }

    #[test]
    fn supervisors_stand_in_for_each_other() {
        let (one, other) = (side(false, &[Role::Supervisor]), side(false, &[Role::Supervisor]));
        assert_eq!(code(&one, &other, &[Role::Supervisor]), None);
        assert_eq!(code(&one, &side(false, &[]), &[Role::Supervisor]), None);
    }

    #[test]
    fn contract_and_bureau_stay_apart() {
        let (ours, theirs) = (side(false, &[Role::Inspector]), side(true, &[Role::Inspector]));
        let apart = Some("third_party_stays_apart".to_string());
        assert_eq!(code(&ours, &theirs, &[Role::Inspector]), apart);
        assert_eq!(code(&theirs, &ours, &[Role::Inspector]), apart);
        assert_eq!(code(&theirs, &theirs, &[Role::Inspector]), None);
        assert_eq!(code(&ours, &ours, &[Role::Inspector]), None);
    }

    #[test]
    fn nobody_stands_in_for_or_as_somebody_who_left() {
        let here = side(false, &[]);
        let gone = Side { active: false, ..here.clone() };
        let disabled = Some("account_disabled".to_string());
        assert_eq!(code(&here, &gone, &[Role::Drafter]), disabled);
        assert_eq!(code(&gone, &here, &[Role::Drafter]), disabled);
    }
}
