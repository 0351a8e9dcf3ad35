use super::*;
use crate::db::types::Coded as _;
use crate::ids::TypedId as _;

fn person(n: u128) -> UserId {
    UserId::from_uuid(uuid::Uuid::from_u128(n))
}

fn who(n: UserId, role: Role) -> Who {
    Who::with(n, vec![role], false)
}

fn seen(by: UserId, passed: bool) -> Option<Reinspected> {
    Some(Reinspected { by, passed, third_party: false })
}

struct People {
    finder: UserId,
    claimant: UserId,
    checker: UserId,
    again: UserId,
    other: UserId,
}

fn people() -> People {
    People { finder: person(1), claimant: person(2), checker: person(3), again: person(4), other: person(5) }
}

fn case(p: &People, state: State, severity: Severity) -> Case {
    let after_claim = matches!(state, State::Rectified | State::Checked);
    Case {
        state,
        severity,
        proof: Proof::Photo,
        kind: FacilityKind::Institution,
        route: Route::Street,
        joint: false,
        long_term: state == State::LongTerm,
        drawn: false,
        referral_pending: false,
        found_by: p.finder,
        confirmed_by: None,
        claimed_by: after_claim.then_some(p.claimant),
        checked_by: (state == State::Checked).then_some(p.checker),
        reinspected: seen(p.again, true).filter(|_| after_claim),
        looked: vec![],
        resume_to: None,
    }
}

/// A request in order, and a decision of one that somebody else asked for.
fn asked(kind: RequestKind) -> Event {
    Event::Ask(Asked { kind, pending: false, late: false, grounded: true })
}

fn decided(kind: RequestKind, granted: bool, asked_by: UserId) -> Event {
    Event::Decide(Decided { kind, granted, overdue: false, asked_by, files_missing: 0 })
}

const EVENTS: [&str; 35] = [
    "confirm", "serve", "mirror", "deadline", "claim", "pass", "fail", "re+", "re-", "return", "close",
    "onsite", "withdraw", "suspend", "resume", "refer", "assign", "contact", "stage", "bc+", "bc-", "ext?",
    "ext+", "ext-", "dis?", "dis+", "dis-", "lt?", "lt+", "lt-", "term?", "term+", "term-", "received",
    "reported",
];

fn event(name: &str) -> Event {
    use RequestKind::{Dispute, Extension, LongTerm, Termination};
    match name {
        "confirm" => Event::Confirm { clause: true },
        "serve" => Event::Serve,
        "mirror" => Event::Mirror,
        "deadline" => Event::SetDeadline,
        "claim" => Event::Claim { proofs: 1 },
        "pass" => Event::Check(CheckResult::Pass),
        "fail" => Event::Check(CheckResult::Fail),
        "re+" => Event::Reinspect { passed: true },
        "re-" => Event::Reinspect { passed: false },
        "return" => Event::Return,
        "close" => Event::Close { proofs_received: 1, proofs_missing: 0 },
        "onsite" => Event::CloseOnSite { last: true, photos_missing: 0 },
        "withdraw" => Event::Withdraw,
        "suspend" => Event::Suspend,
        "resume" => Event::Resume,
        "refer" => Event::Refer { imminent: false },
        "assign" => Event::Assign,
        "contact" => Event::Contact,
        "stage" => Event::Stage,
        "bc+" => Event::BrigadeCheck { passed: true },
        "bc-" => Event::BrigadeCheck { passed: false },
        "ext?" => asked(Extension),
        "ext+" => decided(Extension, true, person(9)),
        "ext-" => decided(Extension, false, person(9)),
        "dis?" => asked(Dispute),
        "dis+" => decided(Dispute, true, person(9)),
        "dis-" => decided(Dispute, false, person(9)),
        "lt?" => asked(LongTerm),
        "lt+" => decided(LongTerm, true, person(9)),
        "lt-" => decided(LongTerm, false, person(9)),
        "term?" => asked(Termination),
        "term+" => decided(Termination, true, person(9)),
        "term-" => decided(Termination, false, person(9)),
        "received" => Event::ReceiveReferral { to_fire: false },
        "reported" => Event::ReportReferral { to_fire: false },
        _ => unreachable!("{name}"),
    }
}

/// Every state and what may happen in it, by somebody who may: event, or event → new state. `!` is refused for 重大. What does
/// not stand here is refused. Assigning, contacts, referrals, withdrawals and terminations are open to
/// every unsettled state and stand in [`ANY`]. The brigade's checks are of joint findings.
const TABLE: [(&str, &str); 12] = [
    ("open", "confirm>confirmed mirror>served"),
    ("confirmed", "serve>served mirror>served"),
    (
        "served",
        "deadline claim>rectified suspend>suspended! ext? ext+ ext- dis?>disputed lt? lt+>long_term lt-",
    ),
    (
        "rectified",
        "pass>checked fail>returned re+ re->returned return>returned close>closed onsite>closed! bc+>closed bc->returned",
    ),
    ("checked", "re+ re->returned return>returned close>closed bc+>closed bc->returned"),
    ("returned", "deadline claim>rectified suspend>suspended! ext? ext+ ext- lt? lt+>long_term lt-"),
    ("disputed", "dis+>withdrawn dis->served"),
    ("suspended", "resume>served"),
    ("long_term", "claim>rectified suspend>suspended! stage ext? ext+ ext-"),
    ("closed", "received reported"),
    ("withdrawn", "received reported"),
    ("terminated", "received reported"),
];
const ANY: &str = "withdraw>withdrawn refer received reported assign contact term? term+>terminated term-";

/// What the table says of an event in a state: the new state, unless it is refused.
fn expected(state: State, row: &str, name: &str, severity: Severity) -> Option<State> {
    let any = if state.is_unsettled() { ANY } else { "" };
    let line = row
        .split(' ')
        .chain(any.split(' '))
        .find(|e| e.trim_end_matches('!').split('>').next() == Some(name))?;
    if line.ends_with('!') && severity == Severity::Major {
        return None;
    }
    Some(line.trim_end_matches('!').split_once('>').map_or(state, |(_, to)| State::from_code(to).unwrap()))
}

#[test]
fn every_state_and_every_event() {
    let p = people();
    let all = Who::with(p.other, Role::ALL.to_vec(), false);
    let states: Vec<&str> = TABLE.iter().map(|(state, _)| *state).collect();
    assert_eq!(states, State::ALL.iter().map(|s| s.code()).collect::<Vec<_>>());
    let (mut allowed, mut refused) = (0, 0);
    for severity in Severity::ALL {
        for (code, row) in TABLE {
            let state = State::from_code(code).unwrap();
            for name in EVENTS {
                let joint = name.starts_with("bc") || name == "mirror";
                let case = Case { joint, route: Route::Street, ..case(&p, state, *severity) };
                // Closing goes by the street's check where there is one; here it is not asked for.
                let case = Case { route: if name == "close" { Route::Direct } else { case.route }, ..case };
                let got = decide(&case, event(name), &all);
                match expected(state, row, name, *severity) {
                    Some(to) => {
                        allowed += 1;
                        assert_eq!(got.map(|m| m.to), Ok(to), "{severity:?} {state:?} {name}");
                    }
                    None => {
                        refused += 1;
                        assert!(got.is_err(), "{severity:?} {state:?} {name}: {got:?}");
                    }
                }
            }
        }
    }
    assert_eq!(allowed + refused, 3 * 12 * EVENTS.len());
    // A row that says nothing would pass too: as many are allowed as the table names, less those of 重大.
    let named: usize = TABLE.iter().map(|(_, row)| row.split(' ').filter(|e| !e.is_empty()).count()).sum();
    let any = ANY.split(' ').count() * State::ALL.iter().filter(|s| s.is_unsettled()).count();
    assert_eq!(allowed, 3 * (named + any) - 4);
}

#[test]
fn the_closer_is_of_the_rank_and_nobody_who_worked_on_it() {
    let p = people();
    let close = Event::Close { proofs_received: 1, proofs_missing: 0 };
    for severity in Severity::ALL {
        for role in Role::ALL {
            let got = decide(&case(&p, State::Checked, *severity), close, &who(p.other, *role));
            assert_eq!(got.is_ok(), *role == closing_role(*severity, false), "{severity:?} {role:?}");
        }
        for worked in [p.claimant, p.checker, p.again] {
            let refused = decide(
                &case(&p, State::Checked, *severity),
                close,
                &who(worked, closing_role(*severity, false)),
            );
            assert_eq!(refused.unwrap_err().code, "own_work");
        }
        let finder = decide(
            &case(&p, State::Checked, *severity),
            close,
            &who(p.finder, closing_role(*severity, false)),
        );
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
    let failed = Case { reinspected: seen(p.again, false), ..full.clone() };
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
        assert_eq!(code(&claimed, close, &who(p.other, *role)), Err("second_person_required"), "{role:?}");
    }
    let revisit = Case { proof: Proof::Revisit, ..claimed.clone() };
    assert_eq!(code(&revisit, close, &second), Err("reinspection_required"));
    let wanting = Case { reinspected: seen(p.again, false), ..claimed.clone() };
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

/// A case of one's own: who acts, on what, and what the table says.
fn code(case: &Case, event: Event, who: &Who) -> Result<State, &'static str> {
    decide(case, event, who).map(|m| m.to).map_err(|r| r.code)
}

#[test]
fn what_is_asked_for_is_asked_once_and_in_time() {
    use RequestKind::{Dispute, Extension, LongTerm, Termination};
    let p = people();
    let served = case(&p, State::Served, Severity::General);
    let by = who(p.claimant, Role::Street);
    let ask = |kind, pending, late, grounded| Event::Ask(Asked { kind, pending, late, grounded });
    for kind in RequestKind::ALL {
        assert_eq!(code(&served, ask(*kind, true, false, true), &by), Err("request_pending"));
    }
    assert_eq!(code(&served, ask(Extension, false, true, true), &by), Err("overdue"));
    assert_eq!(code(&served, ask(Dispute, false, true, true), &by), Err("dispute_too_late"));
    assert_eq!(code(&served, ask(LongTerm, false, false, false), &by), Err("stages_required"));
    assert_eq!(code(&served, ask(Termination, false, false, false), &by), Err("place_unchanged"));
}

#[test]
fn another_person_of_the_rank_decides() {
    use RequestKind::{Dispute, Extension, LongTerm, Termination};
    let p = people();
    for severity in Severity::ALL {
        for (kind, state) in [
            (Extension, State::Served),
            (Dispute, State::Disputed),
            (LongTerm, State::Served),
            (Termination, State::Served),
        ] {
            let case = case(&p, state, *severity);
            let rank = deciding_role(kind, *severity, false);
            for role in Role::ALL {
                let got = code(&case, decided(kind, true, p.claimant), &who(p.other, *role));
                assert_eq!(got.is_ok(), *role == rank, "{severity:?} {kind:?} {role:?}: {got:?}");
            }
            let own = code(&case, decided(kind, true, p.claimant), &who(p.claimant, rank));
            assert_eq!(own, Err("own_request"), "asked by the claimant");
            let outside = Who { third_party: true, ..who(p.other, rank) };
            assert_eq!(code(&case, decided(kind, true, p.claimant), &outside), Err("wrong_rank"));
        }
    }
    assert_eq!(deciding_role(Extension, Severity::General, true), Role::Issuer, "what is on account");
    let disputed = Case { confirmed_by: Some(p.again), ..case(&p, State::Disputed, Severity::General) };
    for (judge, expected) in [(p.finder, "second_person_required"), (p.again, "second_person_required")] {
        assert_eq!(
            code(&disputed, decided(Dispute, true, p.claimant), &who(judge, Role::Reviewer)),
            Err(expected)
        );
    }
}

#[test]
fn an_approval_comes_before_expiry_and_a_termination_with_its_files() {
    let p = people();
    let served = case(&p, State::Served, Severity::General);
    let by = who(p.other, Role::Reviewer);
    let late = |granted| {
        let kind = RequestKind::Extension;
        Event::Decide(Decided { kind, granted, overdue: true, asked_by: p.claimant, files_missing: 0 })
    };
    assert_eq!(code(&served, late(true), &by), Err("overdue"));
    assert_eq!(code(&served, late(false), &by), Ok(State::Served));
    let bare = |granted| {
        let kind = RequestKind::Termination;
        Event::Decide(Decided { kind, granted, overdue: false, asked_by: p.claimant, files_missing: 1 })
    };
    assert_eq!(code(&served, bare(true), &by), Err("proof_missing"));
    assert_eq!(code(&served, bare(false), &by), Ok(State::Served));
    let finder = who(p.finder, Role::Reviewer);
    let whole = decided(RequestKind::Termination, true, p.claimant);
    assert_eq!(code(&served, whole, &finder), Err("second_person_required"));
}

#[test]
fn what_stopped_goes_back_to_where_it_was() {
    let p = people();
    let by = who(p.other, Role::Reviewer);
    for state in State::TO_RECTIFY {
        let resume_to = Some(state);
        let suspended = Case { resume_to, ..case(&p, State::Suspended, Severity::General) };
        assert_eq!(code(&suspended, Event::Resume, &by), Ok(state));
        let disputed = Case { resume_to, ..case(&p, State::Disputed, Severity::General) };
        assert_eq!(code(&disputed, decided(RequestKind::Dispute, false, p.claimant), &by), Ok(state));
    }
    let outside = Who { third_party: true, ..by };
    let served = case(&p, State::Served, Severity::General);
    assert_eq!(code(&served, Event::Suspend, &outside), Err("wrong_rank"));
    let major = case(&p, State::Served, Severity::Major);
    assert_eq!(code(&major, Event::Suspend, &who(p.other, Role::Reviewer)), Err("major_not_suspended"));
}

#[test]
fn a_deputy_may_not_do_what_the_person_they_stand_for_may_not() {
    let p = people();
    let close = event("close");
    for worked in [p.claimant, p.checker, p.again] {
        let deputy = Who { acts_for: vec![worked], ..who(p.other, Role::Drafter) };
        let refused = code(&case(&p, State::Checked, Severity::General), close, &deputy);
        assert_eq!(refused, Err("own_work"));
    }
    let deputy = Who { acts_for: vec![p.finder], ..who(p.other, Role::Drafter) };
    let done = decide(&case(&p, State::Checked, Severity::General), close, &deputy).unwrap();
    assert!(done.finder_closed, "the exceptions list names it");
    let claimed = case(&p, State::Rectified, Severity::General);
    let deputy = Who { acts_for: vec![p.claimant], ..who(p.other, Role::Street) };
    for event in [event("pass"), event("re+"), event("return")] {
        assert_eq!(code(&claimed, event, &deputy), Err("own_claim"));
    }
    let deputy = Who { acts_for: vec![p.claimant], ..who(p.other, Role::Reviewer) };
    let served = case(&p, State::Served, Severity::General);
    assert_eq!(code(&served, decided(RequestKind::Extension, true, p.claimant), &deputy), Err("own_request"));
}

#[test]
fn the_brigade_alone_closes_its_own() {
    let p = people();
    let mine = Case { joint: true, ..case(&p, State::Rectified, Severity::General) };
    let all = Who::with(p.other, Role::ALL.to_vec(), false);
    assert_eq!(code(&mine, event("close"), &all), Err("brigade_closes"));
    assert_eq!(code(&mine, event("onsite"), &all), Err("brigade_closes"));
    for role in Role::ALL {
        let got = code(&mine, event("bc+"), &who(p.other, *role));
        let expected = if *role == Role::Fire { Ok(State::Closed) } else { Err("wrong_rank") };
        assert_eq!(got, expected, "{role:?}");
    }
    let other = Case { joint: false, ..mine };
    assert_eq!(code(&other, event("bc+"), &who(p.other, Role::Fire)), Err("not_joint"));
}

#[test]
fn closing_minds_the_draw_the_referral_the_account_and_the_line() {
    let p = people();
    let close = event("close");
    let clerk = who(p.other, Role::Drafter);
    let whole = case(&p, State::Checked, Severity::General);
    let unseen = Case { reinspected: None, ..whole.clone() };
    assert_eq!(code(&unseen, close, &clerk), Ok(State::Closed));
    let drawn = Case { drawn: true, ..unseen.clone() };
    assert_eq!(code(&drawn, close, &clerk), Err("reinspection_required"));
    let by_others = Some(Reinspected { by: p.again, passed: true, third_party: true });
    let looked = Case { reinspected: by_others, ..drawn };
    assert_eq!(
        code(&looked, close, &clerk),
        Ok(State::Closed),
        "a third party's look is evidence enough for 一般"
    );
    let serious = Case { severity: Severity::Serious, reinspected: by_others, ..unseen };
    assert_eq!(code(&serious, close, &who(p.other, Role::Reviewer)), Err("reinspection_required"));
    let away = Case { referral_pending: true, ..whole.clone() };
    assert_eq!(code(&away, close, &clerk), Err("referral_pending"));
    let on_account = Case { long_term: true, ..whole.clone() };
    assert_eq!(code(&on_account, close, &clerk), Err("wrong_rank"));
    assert_eq!(code(&on_account, close, &who(p.other, Role::Issuer)), Ok(State::Closed));
    let unit = Case { route: Route::BureauUnit, ..whole };
    let inside = Who { inside_line: true, ..clerk.clone() };
    assert_eq!(code(&unit, close, &inside), Err("inside_line"));
    assert_eq!(code(&unit, close, &clerk), Ok(State::Closed));
}

#[test]
fn inspectors_pass_on_only_what_is_dangerous_at_once() {
    let p = people();
    let open = case(&p, State::Open, Severity::General);
    let outside = Who { third_party: true, ..who(p.other, Role::Inspector) };
    for inspector in [who(p.other, Role::Inspector), outside] {
        assert_eq!(code(&open, Event::Refer { imminent: false }, &inspector), Err("wrong_rank"));
        assert_eq!(code(&open, Event::Refer { imminent: true }, &inspector), Ok(State::Open));
    }
    assert_eq!(code(&open, Event::Refer { imminent: false }, &who(p.other, Role::Drafter)), Ok(State::Open));
}

#[test]
fn the_plan_goes_on_when_it_was_sent_back() {
    let p = people();
    let by = who(p.other, Role::Drafter);
    let back = Case { long_term: true, ..case(&p, State::Returned, Severity::General) };
    assert_eq!(code(&back, Event::Stage, &by), Ok(State::Returned));
    assert_eq!(code(&back, Event::SetDeadline, &by), Err("staged"));
    let plain = case(&p, State::Returned, Severity::General);
    assert_eq!(code(&plain, Event::Stage, &by), Err("wrong_state"));
}

#[test]
fn a_third_party_stops_starts_and_answers_nothing() {
    let p = people();
    let outside = Who { third_party: true, ..who(p.other, Role::Drafter) };
    for (state, event) in [
        (State::Served, Event::Suspend),
        (State::Suspended, Event::Resume),
        (State::LongTerm, Event::Stage),
        (State::Served, Event::ReceiveReferral { to_fire: true }),
        (State::Served, Event::ReportReferral { to_fire: false }),
    ] {
        assert_eq!(
            code(&case(&p, state, Severity::General), event, &outside),
            Err("wrong_rank"),
            "{event:?}"
        );
    }
}

#[test]
fn the_brigade_answers_for_itself_only() {
    let p = people();
    let served = case(&p, State::Served, Severity::General);
    let brigade = who(p.other, Role::Fire);
    for answer in [|to_fire| Event::ReceiveReferral { to_fire }, |to_fire| Event::ReportReferral { to_fire }]
    {
        assert_eq!(code(&served, answer(true), &brigade), Ok(State::Served));
        assert_eq!(code(&served, answer(false), &brigade), Err("other_agency"));
        assert_eq!(code(&served, answer(false), &who(p.other, Role::Drafter)), Ok(State::Served));
    }
}

#[test]
fn of_the_brigades_own_the_bureau_moves_no_day() {
    let p = people();
    let mine = Case { joint: true, ..case(&p, State::Served, Severity::General) };
    let all = Who::with(p.other, Role::ALL.to_vec(), false);
    let disputed = Case { joint: true, ..case(&p, State::Disputed, Severity::General) };
    assert_eq!(code(&disputed, event("dis+"), &all), Err("brigade_decides"));
    assert_eq!(code(&disputed, event("dis-"), &all), Ok(State::Served));
    for name in ["deadline", "suspend", "ext?", "dis?", "lt?"] {
        assert_eq!(code(&mine, event(name), &all), Err("brigade_decides"), "{name}");
    }
    assert_eq!(code(&mine, event("term?"), &all), Ok(State::Served));
}

#[test]
fn nobody_of_a_unit_ends_what_is_its_own() {
    let p = people();
    let all = Who { inside_line: true, ..Who::with(p.other, Role::ALL.to_vec(), false) };
    let of_unit = |state| Case { route: Route::BureauUnit, ..case(&p, state, Severity::General) };
    for (state, name) in [
        (State::Rectified, "close"),
        (State::Rectified, "onsite"),
        (State::Served, "withdraw"),
        (State::Disputed, "dis+"),
        (State::Served, "ext+"),
        (State::Served, "lt+"),
        (State::Served, "term+"),
    ] {
        assert_eq!(code(&of_unit(state), event(name), &all), Err("inside_line"), "{name}");
        let outside = Who { inside_line: false, ..all.clone() };
        assert!(code(&of_unit(state), event(name), &outside).is_ok(), "{name}");
    }
}

#[test]
fn everybody_who_looked_has_worked_on_it() {
    let p = people();
    let (first, clerk) = (person(6), who(p.other, Role::Drafter));
    let twice = Case { looked: vec![first, p.again], ..case(&p, State::Checked, Severity::General) };
    for looked in [first, p.again] {
        assert_eq!(code(&twice, event("close"), &who(looked, Role::Drafter)), Err("own_work"));
    }
    assert_eq!(code(&twice, event("close"), &clerk), Ok(State::Closed));
}

#[test]
fn the_brigade_s_document_is_entered_by_the_brigade_or_the_clerk() {
    let p = people();
    for role in Role::ALL {
        let joint = Case { joint: true, ..case(&p, State::Open, Severity::General) };
        let told = decide(&joint, Event::Mirror, &who(p.other, *role)).is_ok();
        assert_eq!(told, matches!(role, Role::Drafter | Role::Fire), "{role:?}");
    }
    let ours = case(&p, State::Open, Severity::General);
    assert_eq!(decide(&ours, Event::Mirror, &who(p.other, Role::Fire)).unwrap_err().code, "not_joint");
}
