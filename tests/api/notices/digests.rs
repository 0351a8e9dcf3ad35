//! A street's day: once on each working day, and never what no longer holds.

use super::super::app::TestApp;
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{Tell, finding, inbox, unread};
use chrono::{DateTime, TimeDelta, Utc};
use yixun::access::Role;
use yixun::notices::{Event, News, To, tell_due, unsay};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_street_is_told_once_a_working_day,
        nothing_is_told_before_the_hour_and_on_rest_days,
        many_nodes_at_once_tell_one_digest,
        what_no_longer_holds_is_left_out,
        an_operator_is_told_at_once,
        a_finding_is_collected_once_under_a_key,
    );
}

fn street() -> Vec<To> {
    vec![To::Role(Role::Street)]
}

fn served(problem: &str) -> Tell {
    Tell::new(News::FindingServed { finding: finding(problem) }, &street())
}

fn overdue(problem: &str) -> Tell {
    Tell::new(News::FindingOverdue { finding: finding(problem) }, &street())
}

fn due(app: &TestApp) -> usize {
    tell_due(&app.app).expect("the digests")
}

/// Sets the clock to a time in Guangzhou.
fn clock(app: &TestApp, local: &str) {
    let at: DateTime<Utc> = format!("{local}:00+08:00").parse().expect("a time");
    app.clock.set(at);
}

fn a_street_is_told_once_a_working_day(app: &TestApp) {
    assert_eq!(due(app), 0, "nothing waits");
    for told in [served("甲"), served("乙"), overdue("丙")] {
        assert_eq!(told.by(app), 1);
        // Lines of one instant have no order.
        app.advance(TimeDelta::seconds(1));
    }
    served("别处").at(Some(Place::Elsewhere)).by(app);
    assert_eq!(unread(app, Caller::Street), 0, "it is collected");
    assert_eq!(due(app), 2);
    let mine = inbox(app, Caller::Street);
    assert_eq!((mine.len(), mine[0]["event"].as_str()), (1, Some("digest.street")));
    assert_eq!(mine[0]["title"], "2026年8月3日提醒：整改逾期1件、新送达2件");
    let body = mine[0]["body"].as_str().expect("a text");
    let at = |part: &str| body.find(part).unwrap_or_else(|| panic!("{part} in {body}"));
    assert!(at("丙") < at("甲") && at("甲") < at("乙"));
    assert!(!body.contains("别处") && !body.contains("责令"), "{body}");
    assert_eq!(inbox(app, Caller::SecondStreet).len(), 1);
    assert_eq!(inbox(app, Caller::At(Role::Street, Place::Sibling)).len(), 0);
    assert_eq!((due(app), due(&app.second_node())), (0, 0), "whatever restarts");
    served("丁").by(app);
    clock(app, "2026-08-03T23:00");
    assert_eq!(due(app), 0, "there has been one today");
    clock(app, "2026-08-04T09:00");
    assert_eq!((due(app), due(app)), (1, 0));
    let mine = inbox(app, Caller::Street);
    let body = mine[0]["body"].as_str().expect("a text");
    assert!(mine.len() == 2 && body.contains("丁") && !body.contains("甲"), "{body}");
}

fn nothing_is_told_before_the_hour_and_on_rest_days(app: &TestApp) {
    served("甲").by(app);
    // A Friday; then the weekend; 2026-10-10 is a Saturday on which one works for the national day.
    for (local, digests) in [
        ("2026-08-07T08:59", 0),
        ("2026-08-08T12:00", 0),
        ("2026-08-09T12:00", 0),
        ("2026-08-10T08:59", 0),
        ("2026-08-10T09:00", 1),
    ] {
        clock(app, local);
        assert_eq!(due(app), digests, "{local}");
    }
    served("乙").by(app);
    for (local, digests) in [("2026-10-01T10:00", 0), ("2026-10-10T10:00", 1)] {
        clock(app, local);
        assert_eq!(due(app), digests, "{local}");
    }
}

fn many_nodes_at_once_tell_one_digest(app: &TestApp) {
    served("甲").by(app);
    served("乙").at(Some(Place::Sibling)).by(app);
    let nodes = [app.second_node(), app.second_node()];
    let told: usize = std::thread::scope(|scope| {
        let of = |node: &TestApp| {
            let app = node.app.clone();
            scope.spawn(move || tell_due(&app).expect("the digests"))
        };
        let threads: Vec<_> = nodes.iter().chain([app]).flat_map(|node| [of(node), of(node)]).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    assert_eq!(told, 2);
    assert_eq!((unread(app, Caller::Street), unread(app, Caller::At(Role::Street, Place::Sibling))), (1, 1));
    assert_eq!(unread(app, Caller::At(Role::Street, Place::District)), 2);
}

fn what_no_longer_holds_is_left_out(app: &TestApp) {
    let (settled, other) = (served("已销号"), overdue("逾期"));
    settled.by(app);
    other.by(app);
    let id = other.subject;
    assert_eq!(app.write(move |tx| unsay(tx, id, &[Event::FindingServed])), 0);
    let id = settled.subject;
    assert_eq!(app.write(move |tx| unsay(tx, id, &[Event::FindingServed, Event::FindingOverdue])), 1);
    assert_eq!(due(app), 1);
    let body = inbox(app, Caller::Street)[0]["body"].to_string();
    assert!(body.contains("逾期") && !body.contains("已销号"), "{body}");
    let id = other.subject;
    assert_eq!(app.write(move |tx| unsay(tx, id, &[Event::FindingOverdue])), 0, "what was told stays told");
    let only = served("只有一个");
    only.by(app);
    let id = only.subject;
    app.write(move |tx| unsay(tx, id, &[Event::FindingServed]));
    clock(app, "2026-08-04T10:00");
    assert_eq!(due(app), 0, "nothing is left");
}

fn an_operator_is_told_at_once(app: &TestApp) {
    let both = [To::Role(Role::Street), To::Role(Role::Operator)];
    Tell::new(News::FindingOverdue { finding: finding("甲") }, &both).by(app);
    assert_eq!((unread(app, Caller::Operator), unread(app, Caller::Street)), (1, 0));
    assert_eq!(inbox(app, Caller::Operator)[0]["title"], "整改逾期：海幢颐康服务站");
}

fn a_finding_is_collected_once_under_a_key(app: &TestApp) {
    let told = overdue("甲").key("f1:overdue");
    assert_eq!((told.by(app), told.by(app), due(app), told.by(app)), (1, 0, 1, 0));
    clock(app, "2026-08-04T10:00");
    assert_eq!(due(app), 0);
}
