//! Areas: the reference data, its pages and filters. Everybody who reads areas reads all of them: they are public.

use super::app::TestApp;
use super::build::{id, uuid};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use serde_json::Value;
use yixun::access::Role;

pub fn register(suite: &mut Suite) {
    both!(suite: the_district_is_whole, areas_in_pages, one_area, areas_look_alike_to_all);
}

fn codes(items: &[Value]) -> Vec<String> {
    items.iter().map(|a| a["code"].as_str().expect("a code").to_string()).collect()
}

fn the_district_is_whole(app: &TestApp) {
    let reader = app.as_(Caller::Drafter);
    let district = app.world.area(Place::District);
    let count = |level: &str| reader.all(&format!("/areas?level={level}")).len();
    assert_eq!((count("province"), count("city"), count("district")), (1, 1, 2));
    assert_eq!((count("street"), count("community")), (19, 267));
    let streets = reader.all(&format!("/areas?parent={district}"));
    assert_eq!(streets.len(), 18);
    assert!(streets.iter().all(|s| s["level"] == "street" && s["parent_id"] == district.to_string()));
    let own = streets.iter().find(|s| s["code"] == "440105007").expect("海幢街道");
    assert_eq!((&own["name"], &own["office_name"]), (&"海幢街道".into(), &"海幢街道办事处".into()));
    // Nothing is loaded twice.
    let before = reader.all("/areas").len();
    app.load_reference();
    assert_eq!(reader.all("/areas").len(), before);
}

/// Pages against brute force: the rows of the whole list in order of their codes, cut into pages.
fn areas_in_pages(app: &TestApp) {
    let reader = app.as_(Caller::Drafter);
    let mut expected = codes(&reader.all("/areas"));
    assert_eq!(expected.len(), 1 + 1 + 2 + 19 + 267);
    assert!(expected.is_sorted());
    for limit in [1, 7, 72, 100] {
        let (mut seen, mut path) = (vec![], format!("/areas?level=community&limit={limit}"));
        loop {
            let answer = reader.get(&path);
            let page = answer.ok();
            let items = page["items"].as_array().expect("items");
            assert!(items.len() <= limit);
            seen.extend(codes(items));
            let Some(next) = page["next_cursor"].as_str() else { break };
            assert_eq!(items.len(), limit);
            let link = answer.header("link");
            assert_eq!(
                link,
                format!("</api/v1/areas?level=community&limit={limit}&cursor={next}>; rel=\"next\"")
            );
            path = format!("/areas?level=community&limit={limit}&cursor={next}");
        }
        assert_eq!(seen, expected.iter().filter(|c| c.len() == 12).cloned().collect::<Vec<_>>());
    }
    expected.dedup();
    assert_eq!(expected.len(), 290);
    for bad in ["x", "AAAA", "W10", "e30"] {
        reader.get(&format!("/areas?cursor={bad}")).expect_at(422, "bad_cursor", "/cursor", "bad_cursor");
    }
    for limit in ["0", "101", "-1"] {
        reader.get(&format!("/areas?limit={limit}")).expect_at(422, "out_of_range", "/limit", "out_of_range");
    }
    for limit in ["x", "1.5", "99999999999999999999", ""] {
        reader.get(&format!("/areas?limit={limit}")).expect_at(
            422,
            "invalid_request",
            "/limit",
            "wrong_type",
        );
    }
}

fn one_area(app: &TestApp) {
    let reader = app.as_(Caller::Drafter);
    let own = app.world.area(Place::Own);
    assert_eq!(id(&reader.get(&format!("/areas/{own}")).ok()), own.to_string());
    reader.get(&format!("/areas/{}", uuid())).expect(404, "not_found");
    reader.get("/areas/not-an-id").expect(404, "not_found");
    reader.get("/areas?parent=not-an-id").expect_at(422, "invalid_request", "/parent", "wrong_type");
    reader.get("/areas?levels=street").expect_at(422, "invalid_request", "/levels", "unknown_field");
    assert!(reader.all(&format!("/areas?parent={}", uuid())).is_empty());
}

fn areas_look_alike_to_all(app: &TestApp) {
    let all = app.as_(Caller::Supervisor).all("/areas");
    for caller in [Caller::Street, Caller::Operator, Caller::At(Role::Inspector, Place::Elsewhere)] {
        assert_eq!(app.as_(caller).all("/areas"), all);
    }
}
