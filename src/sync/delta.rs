//! What a phone has to look at again since its token: things with rows of change in its reach, then or now; things that
//! such rows bear on (an inspection dates its facility, a photo is shown by a finding, a campaign brings its check items);
//! and what came into reach or left it without any row. Their present state decides: it is told, or they are gone.

mod people;

use super::areas::Tree;
use super::present::{self, CALENDAR, streets_of};
use super::store::{self, CampaignRow, FindingPlace, Row};
use super::token::Token;
use super::view::{Kind, SyncChange};
use super::{PAGE, Viewer, reach};
use crate::access::{Places, Scope};
use crate::checklists;
use crate::db::AnyConn;
use crate::fault::Outcome;
use crate::ids::{
    AreaId, CampaignId, FacilityId, FindingId, InspectionId, PhotoId, TypedId, UserId, VisitId,
};
use chrono::Datelike as _;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An answer to a token.
pub struct Delta {
    pub changes: Vec<SyncChange>,
    /// The position up to which it goes.
    pub upto: i64,
    pub more: bool,
}

/// What has changed since a token; `None` where only a fresh start will do.
///
/// # Errors
/// The database's.
pub fn since(
    conn: &mut AnyConn,
    viewer: &Viewer,
    before: &Token,
    carried: &[u8],
    head: i64,
) -> Outcome<Option<Delta>> {
    let moved = before.carried != carried || before.inspects != viewer.inspects;
    let now = viewer.places();
    let was = if moved {
        let streets = store::tree(conn)?.streets();
        let Some(open) = reach::places(&before.carried, &streets) else { return Ok(None) };
        Scope { open, ..Scope::default() }
    } else {
        viewer.scope.clone()
    };
    let streets = streets_to_look_at(conn, &was.places(), &now)?;
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let range = (before.position, head);
    let mut rows = store::changes(conn, range, streets.as_ref(), viewer.user, limit)?;
    let more = rows.len() > PAGE;
    // The next page looks at the present reach only, and would miss what left the former one after this page.
    if (moved && more) || moves_a_facility_of(&rows, &now) {
        return Ok(None);
    }
    let waited = people::no_longer_waiting(conn, viewer, before)?;
    if rows.is_empty() && waited.is_empty() && !moved && before.day() == viewer.on() {
        return Ok(Some(Delta { changes: vec![], upto: head, more }));
    }
    rows.truncate(PAGE);
    let upto = rows.last().filter(|_| more).map_or(head, |row| row.position);
    let tree = store::tree(conn)?;
    let mut looked =
        Look { conn, viewer, tree: &tree, was_places: was.places(), was, now, marks: BTreeMap::new() };
    looked.at_rows(&rows)?;
    looked.at_visits(&rows, &waited, moved)?;
    looked.at_inspectors(&rows, before, moved)?;
    if moved {
        looked.between_reaches()?;
    }
    looked.at_days(before)?;
    looked.at_areas(&rows, before, moved)?;
    let changes = looked.told()?;
    Ok(Some(Delta { changes, upto, more }))
}

/// The streets whose changes may concern a phone; `None` for all. A single facility's are in the streets where it has been.
fn streets_to_look_at(conn: &mut AnyConn, was: &Places, now: &Places) -> Outcome<Option<BTreeSet<AreaId>>> {
    if was.all || now.all {
        return Ok(None);
    }
    let mut streets: BTreeSet<AreaId> = was.streets.union(&now.streets).copied().collect();
    let facilities: BTreeSet<FacilityId> = was.facilities.union(&now.facilities).copied().collect();
    if !facilities.is_empty() {
        streets.extend(store::streets_ever(conn, &facilities)?);
    }
    Ok(Some(streets))
}

/// Whoever reaches a single facility sees other areas when it moves.
fn moves_a_facility_of(rows: &[Row], now: &Places) -> bool {
    let leaves = |row: &Row| row.gone && row.kind == "facility";
    rows.iter().any(|row| leaves(row) && now.facilities.contains(&FacilityId(row.id)))
}

/// A thing to look at: when it last changed, and whether the phone may have it.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    position: i64,
    had: bool,
}

struct Look<'a> {
    conn: &'a mut AnyConn,
    viewer: &'a Viewer,
    tree: &'a Tree,
    was: Scope,
    was_places: Places,
    now: Places,
    marks: BTreeMap<(Kind, Uuid), Mark>,
}

/// The last position of each id in the rows of a kind.
fn positions<I: TypedId + Ord>(rows: &[Row], kind: &str) -> BTreeMap<I, i64> {
    rows.iter().filter(|row| row.kind == kind).map(|row| (I::from_uuid(row.id), row.position)).collect()
}

impl Look<'_> {
    fn mark(&mut self, kind: Kind, id: Uuid, position: i64, had: bool) {
        let mark = self.marks.entry((kind, id)).or_default();
        mark.position = mark.position.max(position);
        mark.had |= had;
    }

    fn at_rows(&mut self, rows: &[Row]) -> Outcome<()> {
        for row in rows.iter().filter(|row| row.kind == "calendar") {
            self.mark(Kind::Calendar, CALENDAR, row.position, true);
        }
        self.at_facilities(rows)?;
        self.at_inspections(rows)?;
        self.at_findings(rows)?;
        self.at_campaigns(&positions(rows, "campaign"))?;
        self.at_checklists(&positions::<crate::ids::ChecklistId>(rows, "checklist"))
    }

    /// Facilities; where one may have moved, or ended, or begun again, the campaigns that have it as a target.
    fn at_facilities(&mut self, rows: &[Row]) -> Outcome<()> {
        for row in rows.iter().filter(|row| row.kind == "facility") {
            let street = row.street_id.is_some_and(|s| self.was_places.streets.contains(&s));
            let had =
                self.was_places.all || street || self.was_places.facilities.contains(&FacilityId(row.id));
            self.mark(Kind::Facility, row.id, row.position, had);
        }
        let changed: BTreeMap<FacilityId, i64> = positions(rows, "facility");
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<FacilityId> = changed.keys().copied().collect();
        let shifted = store::shifted(self.conn, &ids)?;
        let mut campaigns: BTreeMap<CampaignId, i64> = BTreeMap::new();
        for (campaign, facility) in store::campaigns_with(self.conn, &shifted)? {
            let position = campaigns.entry(campaign).or_default();
            *position = changed.get(&facility).copied().unwrap_or(0).max(*position);
        }
        self.at_campaigns(&campaigns)
    }

    /// The person's own inspections, and the facilities of all: they tell when they were inspected last.
    fn at_inspections(&mut self, rows: &[Row]) -> Outcome<()> {
        let changed: BTreeMap<InspectionId, i64> = positions(rows, "inspection");
        let ids: Vec<InspectionId> = changed.keys().copied().collect();
        for (id, facility, by) in store::inspections_of(self.conn, &ids)? {
            let position = changed.get(&id).copied().unwrap_or(0);
            if by == self.viewer.user {
                self.mark(Kind::Inspection, id.0, position, true);
            }
            self.mark(Kind::Facility, facility.0, position, false);
        }
        Ok(())
    }

    fn at_findings(&mut self, rows: &[Row]) -> Outcome<()> {
        let mut changed: BTreeMap<FindingId, i64> = positions(rows, "finding");
        let photos: BTreeMap<PhotoId, i64> = positions(rows, "photo");
        if !photos.is_empty() {
            let ids: Vec<PhotoId> = photos.keys().copied().collect();
            for (photo, finding) in store::findings_showing(self.conn, &ids)? {
                let position = changed.entry(finding).or_default();
                *position = photos.get(&photo).copied().unwrap_or(0).max(*position);
            }
        }
        let ids: Vec<FindingId> = changed.keys().copied().collect();
        for place in store::places_of(self.conn, &ids)? {
            self.mark_finding(&place, changed.get(&place.id).copied().unwrap_or(0));
        }
        Ok(())
    }

    fn mark_finding(&mut self, place: &FindingPlace, position: i64) {
        let had = self.was.holds_finding(place.street_id, place.facility_id, &place.category);
        self.mark(Kind::Finding, place.id.0, position, had);
    }

    /// Campaigns, each with its check items.
    fn at_campaigns(&mut self, changed: &BTreeMap<CampaignId, i64>) -> Outcome<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<CampaignId> = changed.keys().copied().collect();
        let rows = store::campaigns(self.conn, &ids)?;
        for row in rows.iter().filter(|row| changed.contains_key(&row.id)) {
            self.mark_campaign(row, changed.get(&row.id).copied().unwrap_or(0));
        }
        Ok(())
    }

    fn mark_campaign(&mut self, row: &CampaignRow, position: i64) {
        let touches = |places: &Places| self.tree.touches(places, row.area_id, row.starts_on);
        let (had, has) = (touches(&self.was_places), touches(&self.now));
        self.mark(Kind::Campaign, row.id.0, position, had);
        if had || has {
            self.mark(Kind::Checklist, row.checklist_id.0, position, had);
        }
    }

    /// A new version may take the place of any other that no campaign needs.
    fn at_checklists(&mut self, changed: &BTreeMap<crate::ids::ChecklistId, i64>) -> Outcome<()> {
        let Some(last) = changed.values().max() else { return Ok(()) };
        for version in checklists::list(self.conn)? {
            let position = changed.get(&version.id).unwrap_or(last);
            self.mark(Kind::Checklist, version.id.0, *position, !changed.contains_key(&version.id));
        }
        Ok(())
    }

    /// What lies where exactly one of the two reaches holds.
    fn between_reaches(&mut self) -> Outcome<()> {
        let between = reach::between(&self.was_places, &self.now);
        for (id, street) in store::facilities_in(self.conn, &between)? {
            let (had, has) = (self.was_places.holds(street, Some(id)), self.now.holds(street, Some(id)));
            if had != has {
                self.mark(Kind::Facility, id.0, 0, had);
            }
        }
        for place in store::unsettled_in(self.conn, &between)? {
            let holds = |s: &Scope| s.holds_finding(place.street_id, place.facility_id, &place.category);
            if holds(&self.was) != holds(&self.viewer.scope) {
                self.mark_finding(&place, 0);
            }
        }
        self.at_active_campaigns()
    }

    fn at_active_campaigns(&mut self) -> Outcome<()> {
        for row in store::campaigns(self.conn, &[])? {
            self.mark_campaign(&row, 0);
        }
        Ok(())
    }

    /// With a new year the calendar goes on.
    fn at_days(&mut self, before: &Token) -> Outcome<()> {
        if before.day().year() != self.viewer.on().year() {
            self.mark(Kind::Calendar, CALENDAR, 0, true);
        }
        Ok(())
    }

    /// Areas come and go with rows, with the reach, and with the days of their versions; and campaigns with areas.
    fn at_areas(&mut self, rows: &[Row], before: &Token, moved: bool) -> Outcome<()> {
        let changed: BTreeMap<AreaId, i64> = positions(rows, "area");
        let turned = self.tree.turned(before.day(), self.viewer.on());
        if changed.is_empty() && turned.is_empty() && !moved {
            return Ok(());
        }
        let then = streets_of(self.conn, &self.was_places)?;
        let then = self.tree.seen(self.was_places.all, &then, before.day());
        let now = streets_of(self.conn, &self.now)?;
        let now = self.tree.seen(self.now.all, &now, self.viewer.on());
        let crossed = then.keys().filter(|id| !now.contains_key(id));
        let crossed = crossed.chain(now.keys().filter(|id| !then.contains_key(id)));
        let ids: BTreeSet<AreaId> = crossed.chain(changed.keys()).chain(&turned).copied().collect();
        for id in ids {
            let position = changed.get(&id).copied().unwrap_or(0);
            self.mark(Kind::Area, id.0, position, then.contains_key(&id));
        }
        if changed.is_empty() && turned.is_empty() { Ok(()) } else { self.at_active_campaigns() }
    }

    /// The marked things as they are now, in the order of their last change.
    fn told(self) -> Outcome<Vec<SyncChange>> {
        let wanted: BTreeSet<(Kind, Uuid)> = self.marks.keys().copied().collect();
        if wanted.is_empty() {
            return Ok(vec![]);
        }
        let mut told = present::these(self.conn, self.viewer, self.tree, &wanted)?;
        let alive: BTreeSet<(Kind, Uuid)> = told.iter().map(|change| (change.kind, change.id)).collect();
        let gone = self.marks.iter().filter(|(key, mark)| mark.had && !alive.contains(key));
        told.extend(gone.map(|((kind, id), _)| SyncChange::gone(*kind, *id)));
        let position = |change: &SyncChange| self.marks.get(&(change.kind, change.id)).map(|m| m.position);
        told.sort_by_key(|change| (position(change), change.kind, change.id));
        Ok(told)
    }
}
