//! Inspectors as phones see them: as much of each as a visit needs to name them.

use super::streets_of;
use crate::access::Places;
use crate::db::AnyConn;
use crate::fault::Outcome;
use crate::ids::UserId;
use crate::sync::Viewer;
use crate::sync::areas::Tree;
use crate::sync::circle::Circle;
use crate::sync::store;
use crate::sync::view::SyncInspector;
use chrono::NaiveDate;

/// The inspectors around a person, by id.
pub fn load(
    conn: &mut AnyConn,
    viewer: &Viewer,
    tree: &Tree,
    only: Option<&[UserId]>,
) -> Outcome<Vec<(UserId, SyncInspector)>> {
    if !viewer.inspects {
        return Ok(vec![]);
    }
    let circle = circle(conn, tree, viewer.user, (viewer.inspects, &viewer.places()), viewer.on())?;
    let people = store::inspectors(conn)?.into_iter();
    let wanted = people.filter(|p| only.is_none_or(|ids| ids.contains(&p.id)) && circle.holds(p));
    Ok(wanted
        .map(|p| {
            let (display_name, organisation) = (p.display_name, p.organisation);
            (p.id, SyncInspector { display_name, organisation, certified: p.certified })
        })
        .collect())
}

/// The circle around a person who is an inspector, or not, and reaches these places on a day.
pub fn circle(
    conn: &mut AnyConn,
    tree: &Tree,
    owner: UserId,
    (inspects, places): (bool, &Places),
    day: NaiveDate,
) -> Outcome<Circle> {
    let streets = streets_of(conn, places)?;
    Ok(Circle::around(owner, inspects, places, &streets, tree, day))
}
