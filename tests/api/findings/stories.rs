//! Stories of random steps, legal and illegal, by random people: over HTTP everything must happen as the table says, and
//! what was written must be what happened. `told` keeps what is known of the ways beside the straight one.

mod told;

use self::told::Told;
use super::refusals::codes_of_the_table;
use super::{agrees, also, claim_body, closing, detail, found_by, history, reason, step, unchanged};
use crate::app::TestApp;
use crate::build::{self, Photo, id};
use crate::inspections::{facility, leaves_nothing, publish};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yixun::access::Role;
use yixun::access::permissions::Action;
use yixun::access::scope::FIRE_CATEGORIES;
use yixun::checklists::{Proof, Severity};
use yixun::clock::{Clock as _, business_date};
use yixun::db::schema::{finding, finding_event};
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::{self, Institution, Station};
use yixun::directory::Route;
use yixun::findings::rules::{Case, CheckResult, Event, Reinspected, RequestKind, State, Who, decide};
use yixun::findings::side;
use yixun::ids::{FindingId, UserId};

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

const CAST: [Player; 16] = [
    here(Caller::Inspector, &[Role::Inspector, Role::Reviewer]),
    here(Caller::SecondInspector, &[Role::Inspector]),
    here(Caller::ThirdParty, &[Role::Inspector, Role::Drafter]),
    here(Caller::Drafter, &[Role::Drafter]),
    here(Caller::SecondDrafter, &[Role::Drafter, Role::Street]),
    here(Caller::Reviewer, &[Role::Reviewer]),
    here(Caller::SecondReviewer, &[Role::Reviewer, Role::Inspector]),
    here(Caller::Issuer, &[Role::Issuer, Role::Drafter]),
    here(Caller::SecondIssuer, &[Role::Issuer, Role::Inspector]),
    here(Caller::Street, &[Role::Street]),
    here(Caller::SecondStreet, &[Role::Street, Role::Drafter]),
    here(Caller::Operator, &[Role::Operator]),
    here(Caller::Fire, &[Role::Fire]),
    here(Caller::Supervisor, &[Role::Supervisor]),
    Player { caller: Caller::At(Role::Street, Place::Sibling), roles: &[Role::Street], here: false },
    Player { caller: Caller::At(Role::Drafter, Place::Elsewhere), roles: &[Role::Drafter], here: false },
];

/// The organisation of everybody but the third party.
const BUREAU: &str = "示例区民政局";

/// A finding, what the table knows of it, and what its history must be.
struct Story<'a> {
    app: &'a TestApp,
    rng: fastrand::Rng,
    facility: String,
    code: &'static str,
    finding: String,
    /// As it was last seen.
    view: Value,
    case: Case,
    /// The proofs of the last claim, who sends them, and whether they have.
    proofs: Vec<(Photo, Caller, bool)>,
    told: Told,
    history: Vec<(String, String)>,
}

/// How a story begins.
#[derive(Clone, Copy)]
struct Beginning<'a> {
    facility: &'a str,
    code: &'static str,
    finder: Caller,
    /// The fire brigade's own.
    joint: bool,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_string()
}

impl<'a> Story<'a> {
    fn begin(app: &'a TestApp, seed: u64, new: Beginning<'_>) -> Self {
        let finding = found_by(app, new.finder, new.facility, new.code);
        if new.joint {
            let id: FindingId = finding.parse().expect("an id");
            app.write(move |tx| {
                let row = finding::table.find(id);
                diesel::update(row).set(finding::joint.eq(true)).execute(tx.conn())?;
                Ok(())
            });
        }
        let view = detail(app, &finding);
        let place = app.as_(Caller::Supervisor).get(&format!("/facilities/{}", new.facility)).ok();
        let found_by = app.world.person(new.finder).user;
        let mut case = Case {
            state: State::from_code(&text(&view["state"])).expect("a state"),
            severity: Severity::from_code(&text(&view["severity"])).expect("a severity"),
            proof: Proof::from_code(&text(&view["proof"])).expect("a proof"),
            kind: FacilityKind::from_code(&text(&place["kind"])).expect("a kind"),
            route: Route::from_code(&text(&place["route"])).expect("a route"),
            joint: new.joint,
            long_term: false,
            drawn: false,
            referral_pending: false,
            found_by,
            confirmed_by: None,
            claimed_by: None,
            checked_by: None,
            reinspected: None,
            looked: vec![],
            resume_to: None,
        };
        let at_once = case.severity != Severity::Major && new.finder != Caller::ThirdParty;
        assert_eq!(case.state, if at_once { State::Served } else { State::Open });
        case.confirmed_by = at_once.then_some(found_by);
        Self {
            app,
            rng: fastrand::Rng::with_seed(seed),
            facility: new.facility.into(),
            code: new.code,
            finding,
            case,
            proofs: vec![],
            told: Told::new(app, text(&place["operator_name"])),
            history: history(&view),
            view,
        }
    }

    fn user(&self, player: &Player) -> UserId {
        self.app.world.person(player.caller).user
    }

    /// Somebody and something to do, and where it is about a request, a referral or a stage, which.
    fn draw(&mut self) -> (&'static Player, Event, usize) {
        let player = &CAST[self.rng.usize(..CAST.len())];
        let passed = self.rng.u8(..6) > 0;
        let arrived = self.proofs.iter().filter(|(.., arrived)| *arrived).count();
        let event = match self.rng.u8(..100) {
            0..9 => Event::Confirm { clause: self.rng.bool() },
            9..18 => Event::Serve,
            18..32 => Event::Claim { proofs: self.rng.usize(..3) },
            32..42 => Event::Check(if passed { CheckResult::Pass } else { CheckResult::Fail }),
            42..45 => Event::Check(CheckResult::Skipped),
            45..54 => Event::Reinspect { passed },
            54..57 => Event::Return,
            57 if self.rng.u8(..4) == 0 => Event::Withdraw,
            57..70 => Event::Close { proofs_received: arrived, proofs_missing: self.proofs.len() - arrived },
            _ => {
                let (event, of) = self.told.draw(&mut self.rng, &self.view, self.app.clock.now());
                return (player, event, of);
            }
        };
        (player, event, 0)
    }

    /// What must come of it: the new state, or the status and code of the refusal.
    fn expected(&self, player: &Player, event: Event, of: usize) -> Result<State, (u16, &'static str)> {
        let action = action(event);
        if !player.roles.iter().any(|role| action.allows(*role)) {
            return Err((403, "permission_denied"));
        }
        let station = facility(self.app, Place::Own, Station);
        let fires = FIRE_CATEGORIES.iter().any(|c| self.view["category"] == *c);
        let hidden = match player.caller {
            Caller::Operator => self.facility != station,
            Caller::Fire => !fires,
            _ => !player.here,
        };
        if hidden {
            return Err((404, "not_found"));
        }
        let third_party = player.caller == Caller::ThirdParty;
        let mut who = Who::with(self.user(player), player.roles.to_vec(), third_party);
        who.inside_line =
            self.case.route == Route::BureauUnit && !third_party && self.told.operator == BUREAU;
        if let Some(code) = self.told.before_the_table(event, of) {
            return Err((409, code));
        }
        let next = decide(&self.case, event, &who).map_err(|refusal| (409, refusal.code))?;
        match self.told.after_the_table(event, of) {
            Some(code) => Err((409, code)),
            None => Ok(next.to),
        }
    }

    /// Does it over HTTP; gives the refusal's code, or the event's name where it happened.
    fn play(&mut self, player: &Player, event: Event, of: usize) -> &'static str {
        let photos = |purpose, n| (0..n).map(|_| Photo::new(purpose, None)).collect::<Vec<_>>();
        let (files, what, body) = match event {
            Event::Claim { proofs } => {
                let proofs = photos("after", proofs);
                let body = claim_body(self.app, &proofs.iter().collect::<Vec<_>>());
                (proofs, "rectifications".to_string(), body)
            }
            event => match straight(event) {
                Some((what, body)) => (vec![], what.to_string(), body),
                None => self.told.body(&mut self.rng, event, of, &self.view, self.app.clock.now()),
            },
        };
        let expected = self.expected(player, event, of);
        let path = format!("/findings/{}/{what}", self.finding);
        let state = match expected {
            Err((status, code)) => {
                leaves_nothing(self.app, || {
                    self.app.as_(player.caller).post(&path, &body).expect(status, code)
                });
                unchanged(&self.view, &self.seen());
                return code;
            }
            Ok(state) => state,
        };
        let now = self.app.as_(player.caller).post(&path, &body).ok();
        assert_eq!(now["state"], state.code());
        self.happened(player, event, files);
        let (from, who) = (self.case.state, self.user(player));
        self.told.happened(event, of, who, &now, &mut self.case);
        self.case.state = state;
        self.told.moved_on(from, state, &mut self.case);
        self.history.push((event.name().into(), state.code().into()));
        self.view = self.seen();
        self.left(player, &body);
        event.name()
    }

    fn seen(&self) -> Value {
        detail(self.app, &self.finding)
    }

    /// One event more: who, when and why.
    fn left(&self, player: &Player, body: &Value) {
        let events = self.view["events"].as_array().expect("events");
        assert_eq!(events.len(), self.history.len(), "one event");
        let last = events.last().expect("an event");
        let why = ["reason", "note", "matter"].into_iter().map(|name| &body[name]).find(|v| !v.is_null());
        assert_eq!(&last["reason"], why.unwrap_or(&Value::Null), "{last}");
        assert_eq!(last["at"], json!(self.app.clock.now()));
        let id: FindingId = self.finding.parse().expect("an id");
        let actor: Option<UserId> = self.app.read(|conn| {
            let of_finding = finding_event::table.filter(finding_event::finding_id.eq(id));
            let last = of_finding.order(finding_event::seq.desc()).select(finding_event::actor_id);
            Ok(last.first(conn)?)
        });
        assert_eq!(actor, Some(self.user(player)));
    }

    fn happened(&mut self, player: &Player, event: Event, proofs: Vec<Photo>) {
        let (who, third_party) = (self.user(player), player.caller == Caller::ThirdParty);
        let sent =
            |photos: Vec<Photo>| photos.into_iter().map(|photo| (photo, player.caller, false)).collect();
        match event {
            Event::Confirm { .. } => self.case.confirmed_by = Some(who),
            Event::Claim { .. } => {
                self.case.claimed_by = Some(who);
                (self.case.checked_by, self.case.reinspected) = (None, None);
                self.case.looked.clear();
                self.proofs = sent(proofs);
            }
            Event::Check(result) => self.case.checked_by = (result != CheckResult::Skipped).then_some(who),
            Event::Reinspect { passed } => {
                self.case.looked.push(who);
                if !(third_party && self.case.reinspected.is_some_and(|r| !r.third_party)) {
                    self.case.reinspected = Some(Reinspected { by: who, passed, third_party });
                }
            }
            Event::Ask(asked) if asked.kind == RequestKind::Termination => self.told.files = sent(proofs),
            _ => {}
        }
    }

    /// A file arrives, the item is seen failing once more, or the place gets another operator.
    fn meanwhile(&mut self) {
        match self.rng.u8(..8) {
            0..5 => {
                let mut waiting = self.proofs.iter_mut().chain(&mut self.told.files);
                if let Some((photo, by, arrived)) = waiting.find(|(.., arrived)| !arrived) {
                    photo.put(&self.app.as_(*by)).created();
                    *arrived = true;
                }
            }
            5 if self.case.state.is_unsettled() => self.seen_again(),
            6 if self.told.changes_hands() => {
                let path = format!("/facilities/{}", self.facility);
                let drafter = self.app.as_(Caller::Drafter);
                let revision = drafter.get(&path).revision();
                drafter.patch(&path, Some(revision), &json!({"operator_name": self.told.operator})).ok();
            }
            _ => {}
        }
        self.view = self.seen();
    }

    fn seen_again(&mut self) {
        // Advice that an officer sees again is served, which is a story of its own.
        let advice = self.case.state == State::Open && self.case.severity != Severity::Major;
        let by = if advice { Caller::ThirdParty } else { Caller::Inspector };
        let again = found_by(self.app, by, &self.facility, self.code);
        assert_eq!(again, self.finding, "seen again, not opened twice");
        self.history.push(("observed".into(), self.case.state.code().into()));
    }

    /// The clock looks whose suspension is over.
    fn the_clock(&mut self) {
        self.app.write(|tx| {
            let today = business_date(tx.now());
            let over = side::elapsed(tx.conn(), today, None, 100)?;
            over.into_iter().try_for_each(|id| side::resume_elapsed(tx, id).map(drop))
        });
        if self.case.state == State::Suspended && self.told.is_over(self.app.clock.now()) {
            let to = self.case.resume_to.take().expect("where it was");
            self.case.state = to;
            self.told.moved_on(State::Suspended, to, &mut self.case);
            self.history.push(("resumed".into(), to.code().into()));
        }
        self.view = self.seen();
    }

    /// Plays on until some steps after the end, and counts in `seen` what happened and what was refused.
    fn play_on(&mut self, seen: &mut BTreeMap<&'static str, usize>) {
        let (mut steps, mut after) = (0, 0);
        while steps < 60 && after < 5 {
            let days = if self.rng.u8(..14) == 0 { 4 } else { 0 };
            self.app.advance(TimeDelta::days(days) + TimeDelta::seconds(self.rng.i64(1..20_000)));
            if self.rng.bool() {
                self.meanwhile();
            }
            self.the_clock();
            // Most steps are likely ones, and many lead straight on, or few stories would come to their end; the first and some
            // others look for a refusal that no story has met, and some for something that few have.
            // What somebody has asked for is decided before long.
            let wish = match self.rng.u8(..9) {
                _ if steps < 3 => 2,
                // A story that has gone on for long is brought to its end.
                wish if steps > 40 && wish > 1 => 4,
                6.. if self.told.awaits() => 6,
                6.. => 2,
                wish => wish,
            };
            let mut drawn = self.draw();
            for n in 0..400 {
                let (player, event, of) = drawn;
                let new = n > 250 || seen.get(event.name()).is_none_or(|times| *times < 4);
                match (wish, self.expected(player, event, of)) {
                    (0, Ok(_)) | (3, _) => break,
                    (1, Ok(_)) if new => break,
                    (2 | 6, Err((_, code))) if !seen.contains_key(code) => break,
                    (4 | 5, Ok(_)) if leads_on(&self.case, event) => break,
                    (6, Ok(_)) if new && matches!(event, Event::Decide(_)) => break,
                    // Nothing of that sort can happen: then something else that can.
                    (_, Ok(_))
                        if n > 250
                            && !matches!(event, Event::Reinspect { .. } | Event::Assign | Event::Contact) =>
                    {
                        break;
                    }
                    _ => drawn = self.draw(),
                }
            }
            *seen.entry(self.play(drawn.0, drawn.1, drawn.2)).or_default() += 1;
            steps += 1;
            after += u32::from(!self.case.state.is_unsettled());
        }
    }
}

/// A step of the straight way that brings a finding nearer to its end.
fn leads_on(case: &Case, event: Event) -> bool {
    match event {
        Event::Confirm { .. } | Event::Serve | Event::Check(CheckResult::Pass) | Event::Close { .. } => true,
        Event::Claim { proofs } => proofs > 0,
        // One look that was satisfied is enough.
        Event::Reinspect { passed } => passed && case.reinspected.is_none_or(|look| !look.passed),
        Event::BrigadeCheck { passed } => passed,
        _ => false,
    }
}

/// What a step of the straight way says, but a claim.
fn straight(event: Event) -> Option<(&'static str, Value)> {
    let checked = |result: &str| json!({"result": result, "note": "现场核对"});
    Some(match event {
        Event::Confirm { clause: true } => ("confirmations", json!({"clause": "判定标准第四条"})),
        Event::Confirm { clause: false } => ("confirmations", json!({})),
        Event::Serve => ("services", json!({"method": "letter"})),
        Event::Check(result) => ("checks", checked(result.code())),
        Event::Reinspect { passed } => ("reinspections", checked(if passed { "pass" } else { "fail" })),
        Event::Return => ("returns", reason()),
        Event::Close { .. } => ("closures", closing()),
        Event::Withdraw => ("withdrawals", reason()),
        _ => return None,
    })
}

/// The permission of an event.
fn action(event: Event) -> Action {
    match event {
        Event::Confirm { .. } => Action::ConfirmFinding,
        Event::Serve => Action::ServeFinding,
        Event::SetDeadline => Action::SetDeadline,
        Event::Claim { .. } => Action::ClaimRectification,
        Event::Check(_) => Action::CheckClaim,
        Event::Reinspect { .. } => Action::Reinspect,
        Event::Return => Action::ReturnFinding,
        Event::Close { .. } => Action::CloseFinding,
        Event::BrigadeCheck { .. } => Action::BrigadeCheck,
        Event::Withdraw => Action::WithdrawFinding,
        Event::Ask(asked) => match asked.kind {
            RequestKind::Extension => Action::AskExtension,
            RequestKind::Dispute => Action::DisputeFinding,
            RequestKind::LongTerm => Action::AskLongTerm,
            RequestKind::Termination => Action::AskTermination,
        },
        Event::Decide(_) => Action::DecideRequest,
        Event::Suspend | Event::Resume => Action::SuspendFinding,
        Event::Refer { .. } => Action::ReferFinding,
        Event::ReceiveReferral { .. } | Event::ReportReferral { .. } => Action::AnswerReferral,
        Event::Assign => Action::AssignFinding,
        Event::Contact => Action::LogContact,
        Event::Stage => Action::FinishStage,
        Event::CloseOnSite { .. } | Event::Mirror => unreachable!("no request of its own"),
    }
}

/// Everything that can happen by a request.
const HAPPENS: [&str; 32] = [
    "confirmed",
    "served",
    "deadline_set",
    "claimed",
    "checked",
    "reinspected",
    "returned",
    "closed",
    "brigade_checked",
    "withdrawn",
    "extension_asked",
    "extended",
    "extension_refused",
    "disputed",
    "dispute_upheld",
    "dispute_refused",
    "long_term_asked",
    "put_on_account",
    "long_term_refused",
    "termination_asked",
    "terminated",
    "termination_refused",
    "suspended",
    "resumed",
    "referred",
    "referral_received",
    "referral_reported",
    "assigned",
    "contacted",
    "stage_done",
    "permission_denied",
    "not_found",
];

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
    let unit = |operator: &str| {
        let mut body = build::facility_body(app, Place::Own, Station);
        (body["route"], body["operator_name"]) = (json!("bureau_unit"), json!(operator));
        id(&app.as_(Caller::Drafter).post("/facilities", &body).created())
    };
    let (station, institution) = (facility(app, Place::Own, Station), facility(app, Place::Own, Institution));
    let (station, institution) = (station.as_str(), institution.as_str());
    let begins = [
        (station, "YK-14", Caller::Inspector, false),
        (station, "YK-16", Caller::ThirdParty, false),
        (station, "YK-06", Caller::Inspector, false),
        (station, "YK-03", Caller::SecondReviewer, false),
        (institution, "XF-10", Caller::Inspector, false),
        (institution, "XF-11", Caller::ThirdParty, false),
        (institution, "XF-19", Caller::Inspector, true),
        (BUREAU, "YK-15", Caller::ThirdParty, false),
        ("另一运营机构", "YK-16", Caller::SecondIssuer, false),
    ];
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut closed: BTreeMap<String, usize> = BTreeMap::new();
    for (seed, (facility, code, finder, joint)) in (1..).zip(begins.into_iter().cycle().take(45)) {
        // A unit of the bureau is a new one each time, run by its name.
        let own_unit =
            if facility == station || facility == institution { None } else { Some(unit(facility)) };
        let facility = own_unit.as_deref().unwrap_or(facility);
        let mut story = Story::begin(app, seed, Beginning { facility, code, finder, joint });
        story.play_on(&mut seen);
        let last = detail(app, &story.finding);
        assert_eq!(history(&last), story.history, "story {seed}");
        agrees(&last);
        if story.case.state == State::Closed {
            *closed.entry(last["severity"].to_string()).or_default() += 1;
        }
        if story.case.state.is_unsettled() && own_unit.is_none() {
            let anybody = Caller::At(Role::Reviewer, Place::Everywhere);
            step(app, anybody, &story.finding, "withdrawals", &reason()).ok();
        }
    }
    // The stories went everywhere that the table knows of.
    let named = codes_of_the_table().into_iter().chain(HAPPENS);
    let missed: Vec<&str> = named.filter(|name| !seen.contains_key(name)).collect();
    // No story begins with a grave item at anything but an institution; `refusals` does.
    assert_eq!(missed, ["major_binds_institutions_only"], "{seen:?}");
    assert_eq!(closed.len(), 3, "{closed:?} of {seen:?}");
}
