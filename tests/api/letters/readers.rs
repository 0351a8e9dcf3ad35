//! Who sees which letter, and when.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{advance, approved, document, drafted, inspected, issue, stations, take, usual, view};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_street_sees_its_own_letter_once_it_is_delivered,
        a_clerk_here_is_an_addressee_there,
        letters_by_campaign_and_state,
    );
}

fn a_street_sees_its_own_letter_once_it_is_delivered(app: &TestApp) {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    let letters = drafted(app, &campaign);
    let streets = [Caller::Street, Caller::At(Role::Street, Place::Sibling)];
    let sees = |caller: Caller, letter: &str, seen: bool| {
        let found = app.as_(caller).get(&format!("/letters/{letter}"));
        let file = document(app, caller, letter);
        if seen {
            assert_eq!((found.ok(), file.status), (view(app, letter), 200));
        } else {
            found.expect(404, "not_found");
            file.expect(404, "not_found");
        }
    };
    for step in ["", "submit", "approve", "issue"] {
        for letter in letters.iter().filter(|_| !step.is_empty()) {
            take(app, usual(step), letter, step).ok();
        }
        for street in streets {
            assert!(app.as_(street).all("/letters").is_empty(), "after {step:?}");
            letters.iter().for_each(|letter| sees(street, letter, false));
        }
        assert_eq!(app.as_(Caller::Supervisor).all("/letters").len(), 2);
    }
    app.drain();
    for street in streets {
        assert!(app.as_(street).all("/letters").is_empty(), "the document is there, and not sealed");
        letters.iter().for_each(|letter| sees(street, letter, false));
    }
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    streets.iter().for_each(|street| assert!(app.as_(*street).all("/letters").is_empty(), "not delivered"));
    build::deliver(app, Caller::Registrar, &letters).ok();
    for (n, street) in streets.into_iter().enumerate() {
        assert_eq!(app.as_(street).all("/letters"), [view(app, &letters[n])]);
        sees(street, &letters[n], true);
        sees(street, &letters[1 - n], false);
        assert_eq!(app.as_(street).all("/letters?state=delivered").len(), 1);
        assert!(app.as_(street).all("/letters?state=draft").is_empty());
    }
    let elsewhere = Caller::At(Role::Street, Place::Elsewhere);
    assert!(app.as_(elsewhere).all("/letters").is_empty());
    sees(elsewhere, &letters[0], false);
    for stranger in [Caller::Inspector, Caller::Operator, Caller::Fire] {
        document(app, stranger, &letters[0]).expect(403, "permission_denied");
    }
}

fn a_clerk_here_is_an_addressee_there(app: &TestApp) {
    let both = Caller::At(Role::Drafter, Place::Own);
    let street = json!({"role": "street", "area_id": app.world.area(Place::Sibling)});
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(both)), &street).created();
    let letters = approved(app, &stations(app));
    let seen = || app.as_(both).all("/letters").iter().map(id).collect::<Vec<_>>();
    assert_eq!(seen(), letters[..1]);
    app.as_(both).get(&format!("/letters/{}", letters[1])).expect(404, "not_found");
    issue(app, &letters).ok();
    app.drain();
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    build::deliver(app, Caller::Registrar, &letters).ok();
    assert_eq!(seen(), letters);
    document(app, both, &letters[1]).ok();
}

fn letters_by_campaign_and_state(app: &TestApp) {
    let campaigns: Vec<String> = (0..3).map(|_| stations(app)).collect();
    let letters: Vec<String> = campaigns.iter().flat_map(|campaign| drafted(app, campaign)).collect();
    for (n, letter) in letters.iter().enumerate() {
        advance(app, letter, &["submit", "approve", "issue"][..n % 4]);
    }
    let reader = app.as_(Caller::Supervisor);
    let everything = reader.all("/letters");
    assert_eq!(everything.len(), letters.len());
    let campaign_filters = std::iter::once(None).chain(campaigns.iter().map(Some));
    for campaign in campaign_filters {
        for state in [None, Some("draft"), Some("in_review"), Some("approved"), Some("issued"), Some("void")]
        {
            let wanted = |letter: &&Value| {
                campaign.is_none_or(|c| letter["campaign_id"] == json!(c))
                    && state.is_none_or(|s| letter["state"] == s)
            };
            let expected: Vec<&Value> = everything.iter().filter(wanted).collect();
            let asked = [campaign.map(|c| format!("campaign_id={c}")), state.map(|s| format!("state={s}"))];
            let query: Vec<String> = asked.into_iter().flatten().chain(["limit=2".into()]).collect();
            let (mut seen, mut path) = (vec![], format!("/letters?{}", query.join("&")));
            loop {
                let page = reader.get(&path).ok();
                seen.extend(page["items"].as_array().expect("items").iter().cloned());
                let Some(next) = page["next_cursor"].as_str() else { break };
                path = format!("/letters?{}&cursor={next}", query.join("&"));
            }
            assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{query:?}");
        }
    }
}
