//! Stories of random steps, legal and illegal, by random people: over HTTP everything must happen as the table says, and
//! what was written must be what happened.

use super::refusals::codes_of_the_table;
use super::{agrees, also, claim_body, closing, detail, found_by, history, reason, step, unchanged};
use crate::app::TestApp;
use crate::build::{self, Photo, id};
use crate::inspections::{facility, publish};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yixun::access::Role;
use yixun::access::permissions::Action;
use yixun::checklists::{Proof, Severity};
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::{self, Institution, Station};
use yixun::directory::Route;
use yixun::findings::rules::{Case, CheckResult, Event, Reinspected, State, Who, decide};
use yixun::ids::UserId;

pub fn register(suite: &mut Suite) {
    both!(suite:
        stories_agree_with_the_table,
    );
}

/// Somebody in a story: the roles of the template and those that are added, and whether the own street is within reach.
struct Player {
    caller: Caller,
    roles: &'static [Role],
    here: bool,
}

const fn here(caller: Caller, roles: &'static [Role]) -> Player {
    Player { caller, roles, here: true }
}

const CAST: [Player; 15] = [
    here(Caller::Inspector, &[Role::Inspector, Role::Reviewer]),
    here(Caller::SecondInspector, &[Role::Inspector]),
    here(Caller::ThirdParty, &[Role::Inspector, Role::Drafter]),
    here(Caller::Drafter, &[Role::Drafter]),
    here(Caller::SecondDrafter, &[Role::Drafter, Role::Street]),
    here(Caller::Reviewer, &[Role::Reviewer]),
    here(Caller::SecondReviewer, &[Role::Reviewer, Role::Inspector]),
    here(Caller::Issuer, &[Role::Issuer]),
    here(Caller::SecondIssuer, &[Role::Issuer, Role::Inspector]),
    here(Caller::Street, &[Role::Street]),
    here(Caller::SecondStreet, &[Role::Street, Role::Drafter]),
    here(Caller::Operator, &[Role::Operator]),
    here(Caller::Supervisor, &[Role::Supervisor]),
    Player { caller: Caller::At(Role::Street, Place::Sibling), roles: &[Role::Street], here: false },
    Player { caller: Caller::At(Role::Drafter, Place::Elsewhere), roles: &[Role::Drafter], here: false },
];

/// A finding, what the table knows of it, and what its history must be.
struct Story<'a> {
    app: &'a TestApp,
    rng: fastrand::Rng,
    facility: String,
    code: &'static str,
    finding: String,
    case: Case,
    /// The proofs of the last claim, who sends them, and whether they have.
    proofs: Vec<(Photo, Caller, bool)>,
    told: Vec<(String, String)>,
}

impl<'a> Story<'a> {
    fn begin(app: &'a TestApp, seed: u64, facility: &str, code: &'static str, finder: Caller) -> Self {
        let finding = found_by(app, finder, facility, code);
        let last = detail(app, &finding);
        let view = app.as_(Caller::Supervisor).get(&format!("/facilities/{facility}")).ok();
        let text = |value: &Value| value.as_str().expect("a text").to_string();
        let case = Case {
            state: State::from_code(&text(&last["state"])).expect("a state"),
            severity: Severity::from_code(&text(&last["severity"])).expect("a severity"),
            proof: Proof::from_code(&text(&last["proof"])).expect("a proof"),
            kind: FacilityKind::from_code(&text(&view["kind"])).expect("a kind"),
            route: Route::from_code(&text(&view["route"])).expect("a route"),
            third_party: finder == Caller::ThirdParty,
            joint: false,
            long_term: false,
            drawn: false,
            referral_pending: false,
            found_by: app.world.person(finder).user,
            confirmed_by: None,
            claimed_by: None,
            checked_by: None,
            reinspected: None,
            looked: vec![],
            resume_to: None,
        };
        let at_once = case.severity != Severity::Major && !case.third_party;
        assert_eq!(case.state, if at_once { State::Served } else { State::Open });
        let (rng, told) = (fastrand::Rng::with_seed(seed), history(&last));
        Self { app, rng, facility: facility.into(), code, finding, case, proofs: vec![], told }
    }

    fn user(&self, player: &Player) -> UserId {
        self.app.world.person(player.caller).user
    }

    fn draw(&mut self) -> (&'static Player, Event) {
        let player = &CAST[self.rng.usize(..CAST.len())];
        let passed = self.rng.u8(..6) > 0;
        let arrived = self.proofs.iter().filter(|(.., arrived)| *arrived).count();
        let event = match self.rng.u8(..100) {
            0..15 => Event::Confirm { clause: self.rng.bool() },
            15..30 => Event::Serve,
            30..45 => Event::Claim { proofs: self.rng.usize(..3) },
            45..58 => Event::Check(if passed { CheckResult::Pass } else { CheckResult::Fail }),
            58..62 => Event::Check(CheckResult::Skipped),
            62..74 => Event::Reinspect { passed },
            74..78 => Event::Return,
            99 if self.rng.u8(..4) == 0 => Event::Withdraw,
            _ => Event::Close { proofs_received: arrived, proofs_missing: self.proofs.len() - arrived },
        };
        (player, event)
    }

    /// What must come of it: the new state, or the status and code of the refusal.
    fn expected(&self, player: &Player, event: Event) -> Result<State, (u16, &'static str)> {
        let action = match event {
            Event::Confirm { .. } => Action::ConfirmFinding,
            Event::Serve => Action::ServeFinding,
            Event::Claim { .. } => Action::ClaimRectification,
            Event::Check(_) => Action::CheckClaim,
            Event::Reinspect { .. } => Action::Reinspect,
            Event::Return => Action::ReturnFinding,
            Event::Close { .. } => Action::CloseFinding,
            Event::Withdraw => Action::WithdrawFinding,
            event => unreachable!("{event:?} is not drawn"),
        };
        if !player.roles.iter().any(|role| action.allows(*role)) {
            return Err((403, "permission_denied"));
        }
        let station = facility(self.app, Place::Own, Station);
        if !player.here || (player.caller == Caller::Operator && self.facility != station) {
            return Err((404, "not_found"));
        }
        let third_party = player.caller == Caller::ThirdParty;
        let who = Who::with(self.user(player), player.roles.to_vec(), third_party);
        decide(&self.case, event, &who).map(|to| to.to).map_err(|refusal| (409, refusal.code))
    }

    /// Does it over HTTP; gives the refusal's code, or the event's name where it happened.
    fn play(&mut self, player: &Player, event: Event) -> &'static str {
        let proofs: Vec<Photo> = match event {
            Event::Claim { proofs } => (0..proofs).map(|_| Photo::new("after", None)).collect(),
            _ => vec![],
        };
        let checked = |result: &str| json!({"result": result, "note": "现场核对"});
        let (what, body) = match event {
            Event::Confirm { clause: true } => ("confirmations", json!({"clause": "判定标准第四条"})),
            Event::Confirm { clause: false } => ("confirmations", json!({})),
            Event::Serve => ("services", json!({"method": "letter"})),
            Event::Claim { .. } => {
                ("rectifications", claim_body(self.app, &proofs.iter().collect::<Vec<_>>()))
            }
            Event::Check(result) => ("checks", checked(result.code())),
            Event::Reinspect { passed } => ("reinspections", checked(if passed { "pass" } else { "fail" })),
            Event::Return => ("returns", reason()),
            Event::Close { .. } => ("closures", closing()),
            Event::Withdraw => ("withdrawals", reason()),
            event => unreachable!("{event:?} is not drawn"),
        };
        let expected = self.expected(player, event);
        let before = detail(self.app, &self.finding);
        let answer = self.app.as_(player.caller).post(&format!("/findings/{}/{what}", self.finding), &body);
        let state = match expected {
            Err((status, code)) => {
                answer.expect(status, code);
                unchanged(&before, &detail(self.app, &self.finding));
                return code;
            }
            Ok(state) => state,
        };
        let now = answer.ok();
        self.happened(player, event, proofs);
        self.case.state = state;
        self.told.push((event.name().into(), state.code().into()));
        assert_eq!(now["state"], state.code());
        event.name()
    }

    fn happened(&mut self, player: &Player, event: Event, proofs: Vec<Photo>) {
        let who = self.user(player);
        match event {
            Event::Claim { .. } => {
                self.case.claimed_by = Some(who);
                (self.case.checked_by, self.case.reinspected) = (None, None);
                self.proofs = proofs.into_iter().map(|photo| (photo, player.caller, false)).collect();
            }
            Event::Check(result) => self.case.checked_by = (result != CheckResult::Skipped).then_some(who),
            Event::Reinspect { passed } => {
                let third_party = player.caller == Caller::ThirdParty;
                self.case.reinspected = Some(Reinspected { by: who, passed, third_party });
            }
            _ => {}
        }
    }

    /// A proof arrives, or the item is seen failing once more.
    fn meanwhile(&mut self) {
        if self.rng.u8(..4) > 0
            && let Some((photo, by, arrived)) = self.proofs.iter_mut().find(|(.., arrived)| !arrived)
        {
            photo.put(&self.app.as_(*by)).created();
            *arrived = true;
        } else if self.case.state.is_unsettled() && self.rng.u8(..4) == 0 {
            // Advice that an officer sees again is served, which is a story of its own.
            let advice = self.case.state == State::Open && self.case.severity != Severity::Major;
            let by = if advice { Caller::ThirdParty } else { Caller::Inspector };
            assert_eq!(
                found_by(self.app, by, &self.facility, self.code),
                self.finding,
                "seen again, not opened twice"
            );
            self.told.push(("observed".into(), self.case.state.code().into()));
        }
    }

    /// Plays on until some steps after the end, and counts in `seen` what happened and what was refused.
    fn play_on(&mut self, seen: &mut BTreeMap<&'static str, usize>) {
        let (mut steps, mut after) = (0, 0);
        while steps < 45 && after < 5 {
            self.app.advance(TimeDelta::seconds(self.rng.i64(1..40_000)));
            if self.rng.u8(..4) == 0 {
                self.meanwhile();
            }
            // Half of the steps are likely ones, or no story would get far; the first and some others look for a
            // refusal that no story has met.
            let wish = if steps < 3 { 2 } else { self.rng.u8(..4) };
            let mut drawn = self.draw();
            for _ in 0..200 {
                match (wish, self.expected(drawn.0, drawn.1)) {
                    (0..2, Ok(_)) | (3, _) => break,
                    (2, Err((_, code))) if !seen.contains_key(code) => break,
                    _ => drawn = self.draw(),
                }
            }
            *seen.entry(self.play(drawn.0, drawn.1)).or_default() += 1;
            steps += 1;
            after += u32::from(!self.case.state.is_unsettled());
        }
    }
}

/// Stories of legal and illegal steps by whoever comes along: every answer is the table's, and in the end the history
/// that was written is the one that happened, and its intervals are what it says.
fn stories_agree_with_the_table(app: &TestApp) {
    for player in &CAST {
        player.roles[1..].iter().for_each(|role| also(app, player.caller, *role));
    }
    publish(app, |item| {
        if item["code"] == "YK-06" {
            item["proof"] = json!("headcount");
        }
    });
    let mut direct = build::facility_body(app, Place::Own, Station);
    direct["route"] = json!("bureau_unit");
    let direct = id(&app.as_(Caller::Drafter).post("/facilities", &direct).created());
    let (station, institution) = (facility(app, Place::Own, Station), facility(app, Place::Own, Institution));
    let begins = [
        (&station, "YK-14", Caller::Inspector),
        (&station, "YK-16", Caller::ThirdParty),
        (&station, "YK-06", Caller::Inspector),
        (&station, "YK-03", Caller::SecondReviewer),
        (&institution, "XF-10", Caller::Inspector),
        (&institution, "XF-11", Caller::ThirdParty),
        (&direct, "YK-15", Caller::ThirdParty),
        (&direct, "YK-16", Caller::SecondIssuer),
    ];
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut closed: BTreeMap<String, usize> = BTreeMap::new();
    for (seed, (facility, code, finder)) in (1..).zip(begins.into_iter().cycle().take(16)) {
        let mut story = Story::begin(app, seed, facility, code, finder);
        story.play_on(&mut seen);
        let last = detail(app, &story.finding);
        assert_eq!(history(&last), story.told, "story {seed}");
        agrees(&last);
        if story.case.state == State::Closed {
            *closed.entry(last["severity"].to_string()).or_default() += 1;
        }
        if story.case.state.is_unsettled() {
            step(
                app,
                Caller::At(Role::Reviewer, Place::Everywhere),
                &story.finding,
                "withdrawals",
                &reason(),
            )
            .ok();
        }
    }
    // The stories went everywhere that the table knows of.
    let happens =
        ["confirmed", "served", "claimed", "checked", "reinspected", "returned", "closed", "withdrawn"];
    let named = codes_of_the_table().into_iter().chain(happens).chain(["permission_denied", "not_found"]);
    let missed: Vec<&str> = named.filter(|name| !seen.contains_key(name)).collect();
    // No story begins with a grave item at anything but an institution; `refusals` does.
    assert_eq!(missed, ["major_binds_institutions_only"], "{seen:?}");
    assert_eq!(closed.len(), 3, "{closed:?} of {seen:?}");
}
