//! The present states, loaded in bulk: all within a phone's reach, or those of some ids. The first answer and every later
//! one come from the same loaders, so that a phone which follows has what a phone which begins gets.

mod facilities;
mod findings;
pub mod inspectors;
mod visits;

use super::Viewer;
use super::areas::Tree;
use super::store;
use super::view::{
    Assignment, CalendarDay, CalendarYear, Kind, SyncArea, SyncCalendar, SyncCampaign, SyncChange,
    SyncInspection,
};
use crate::access::Places;
use crate::calendar::rules::{DayKind, YearStatus};
use crate::checklists;
use crate::db::schema::{amendment, inspection};
use crate::db::types::Coded;
use crate::db::{AnyConn, Ts};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, CampaignId, ChecklistId, FacilityId, InspectionId, ItemId, TypedId, VisitId};
use crate::inspections::InspectionState;
use crate::photos::{SubjectKind, evidence_of_many};
use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The calendar is one thing, and this is its id.
pub const CALENDAR: Uuid = Uuid::nil();

/// Everything within reach, in the order of [`Kind`].
///
/// # Errors
/// The database's.
pub fn everything(conn: &mut AnyConn, viewer: &Viewer) -> Outcome<Vec<SyncChange>> {
    let tree = store::tree(conn)?;
    Loader { conn, viewer, places: viewer.places(), tree: &tree, wanted: None }.load()
}

/// Those of the wanted things that are within reach and alive.
///
/// # Errors
/// The database's.
pub fn these(
    conn: &mut AnyConn,
    viewer: &Viewer,
    tree: &Tree,
    wanted: &BTreeSet<(Kind, Uuid)>,
) -> Outcome<Vec<SyncChange>> {
    Loader { conn, viewer, places: viewer.places(), tree, wanted: Some(wanted) }.load()
}

/// The streets of which a phone sees the areas: those that it reaches, and those of the facilities that it reaches.
pub fn streets_of(conn: &mut AnyConn, places: &Places) -> Outcome<BTreeSet<AreaId>> {
    let mut streets = places.streets.clone();
    if !places.facilities.is_empty() {
        streets.extend(store::streets_now(conn, &places.facilities)?);
    }
    Ok(streets)
}

/// The first day of the calendar that a phone gets: last year's.
pub fn calendar_from(on: NaiveDate) -> Outcome<NaiveDate> {
    NaiveDate::from_ymd_opt(on.year() - 1, 1, 1).ok_or_else(|| Fault::internal("no such year"))
}

struct Loader<'a> {
    conn: &'a mut AnyConn,
    viewer: &'a Viewer,
    places: Places,
    tree: &'a Tree,
    /// Everything, without.
    wanted: Option<&'a BTreeSet<(Kind, Uuid)>>,
}

impl Loader<'_> {
    fn load(mut self) -> Outcome<Vec<SyncChange>> {
        let mut found = vec![];
        for kind in Kind::ALL {
            let only = self.only(*kind);
            if only.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            found.extend(match kind {
                Kind::Area => self.areas(only.as_deref())?,
                Kind::Calendar => self.calendar()?,
                Kind::Inspector => self.inspectors(only.as_deref())?,
                Kind::Checklist => self.checklists(only.as_deref())?,
                Kind::Facility => self.facilities(only.as_deref())?,
                Kind::Campaign => self.campaigns(only.as_deref())?,
                Kind::Finding => self.findings(only.as_deref())?,
                Kind::Inspection => self.inspections(only.as_deref())?,
                Kind::Visit => self.visits(only.as_deref())?,
            });
        }
        Ok(found)
    }

    fn only(&self, kind: Kind) -> Option<Vec<Uuid>> {
        let range = (kind, Uuid::nil())..=(kind, Uuid::max());
        Some(self.wanted?.range(range).map(|(_, id)| *id).collect())
    }

    fn areas(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let streets = streets_of(self.conn, &self.places)?;
        let seen = self.tree.seen(self.places.all, &streets, self.viewer.on());
        let wanted = seen.into_values().filter(|a| only.is_none_or(|ids| ids.contains(&a.id.0)));
        Ok(wanted
            .map(|a| {
                let area = SyncArea {
                    code: a.code.clone(),
                    level: a.level.clone(),
                    parent_id: a.parent_id,
                    name: a.name.clone(),
                };
                SyncChange { area: Some(area), ..SyncChange::bare(Kind::Area, a.id.0) }
            })
            .collect())
    }

    fn inspectors(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let ids = only.map(typed);
        let found = inspectors::load(self.conn, self.viewer, self.tree, ids.as_deref())?.into_iter();
        Ok(found
            .map(|(id, inspector)| SyncChange {
                inspector: Some(inspector),
                ..SyncChange::bare(Kind::Inspector, id.0)
            })
            .collect())
    }

    fn calendar(&mut self) -> Outcome<Vec<SyncChange>> {
        fn known<C: Coded>(code: &str) -> Outcome<C> {
            C::from_code(code).ok_or_else(|| Fault::internal(format!("unknown calendar code {code}")))
        }
        let first = calendar_from(self.viewer.on())?;
        let years = store::years(self.conn, first.year())?.into_iter();
        let days = store::days(self.conn, first)?.into_iter();
        let year =
            |(year, status): (i32, String)| Ok(CalendarYear { year, status: known::<YearStatus>(&status)? });
        let day = |(date, kind, name): (NaiveDate, String, String)| {
            Ok(CalendarDay { date, kind: known::<DayKind>(&kind)?, name })
        };
        let calendar = SyncCalendar {
            years: years.map(year).collect::<Outcome<_>>()?,
            days: days.map(day).collect::<Outcome<_>>()?,
        };
        Ok(vec![SyncChange { calendar: Some(calendar), ..SyncChange::bare(Kind::Calendar, CALENDAR) }])
    }

    /// The active campaigns that touch the reach.
    fn active(&mut self) -> Outcome<Vec<store::CampaignRow>> {
        let rows = store::campaigns(self.conn, &[])?;
        Ok(rows.into_iter().filter(|c| self.tree.touches(&self.places, c.area_id, c.starts_on)).collect())
    }

    /// The newest version, and those of the campaigns.
    fn checklists(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let mut seen: BTreeSet<ChecklistId> = self.active()?.into_iter().map(|c| c.checklist_id).collect();
        seen.extend(checklists::list(self.conn)?.first().map(|newest| newest.id));
        let wanted = seen.into_iter().filter(|id| only.is_none_or(|ids| ids.contains(&id.0)));
        wanted
            .map(|id| {
                let checklist = checklists::find(self.conn, id, None)?;
                Ok(SyncChange { checklist: Some(checklist), ..SyncChange::bare(Kind::Checklist, id.0) })
            })
            .collect()
    }

    fn facilities(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let ids = only.map(typed::<FacilityId>);
        let found = facilities::load(self.conn, &self.places, ids.as_deref())?.into_iter();
        Ok(found
            .map(|(id, facility)| SyncChange {
                facility: Some(facility),
                ..SyncChange::bare(Kind::Facility, id.0)
            })
            .collect())
    }

    fn campaigns(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let wanted = self.active()?.into_iter().filter(|c| only.is_none_or(|ids| ids.contains(&c.id.0)));
        let rows: Vec<store::CampaignRow> = wanted.collect();
        let ids: Vec<CampaignId> = rows.iter().map(|c| c.id).collect();
        let mut targets: BTreeMap<CampaignId, Vec<Assignment>> = BTreeMap::new();
        for (campaign, facility_id, planned_on) in store::assignments(self.conn, &self.places, &ids)? {
            targets.entry(campaign).or_default().push(Assignment { facility_id, planned_on });
        }
        Ok(rows
            .into_iter()
            .map(|c| {
                let campaign = SyncCampaign {
                    name: c.name,
                    kind: c.kind,
                    starts_on: c.starts_on,
                    ends_on: c.ends_on,
                    checklist_id: c.checklist_id,
                    assignments: targets.remove(&c.id).unwrap_or_default(),
                };
                SyncChange { campaign: Some(campaign), ..SyncChange::bare(Kind::Campaign, c.id.0) }
            })
            .collect())
    }

    fn findings(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let ids = only.map(typed);
        let found = findings::load(self.conn, &self.viewer.scope, ids.as_deref())?.into_iter();
        Ok(found
            .map(|(id, finding)| SyncChange {
                finding: Some(finding),
                ..SyncChange::bare(Kind::Finding, id.0)
            })
            .collect())
    }

    /// A person's own, wherever they are: their photos may be sent whatever became of the reach.
    fn inspections(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        type Columns = (InspectionId, FacilityId, VisitId, Option<CampaignId>, Ts, (String, Option<String>));
        let in_force = amendment::inspection_id
            .eq(inspection::id)
            .and(amendment::version.eq(inspection::version))
            .and(amendment::submitted_by.eq(inspection::submitted_by));
        let mut query = inspection::table
            .left_join(amendment::table.on(in_force))
            .filter(inspection::submitted_by.eq(self.viewer.user))
            .filter(inspection::state.eq(InspectionState::Incomplete))
            .order(inspection::id)
            .select((
                inspection::id,
                inspection::facility_id,
                inspection::visit_id,
                inspection::campaign_id,
                inspection::received_at,
                (inspection::receipt, amendment::receipt.nullable()),
            ))
            .into_boxed();
        if let Some(ids) = only {
            query = query.filter(inspection::id.eq_any(typed::<InspectionId>(ids)));
        }
        let rows: Vec<Columns> = query.load(self.conn)?;
        let ids: Vec<Uuid> = rows.iter().map(|r| r.0.0).collect();
        let mut evidence = evidence_of_many(self.conn, SubjectKind::Inspection, &ids)?;
        rows.into_iter()
            .map(|(id, facility_id, visit_id, campaign_id, at, (original, amended))| {
                let inspection = SyncInspection {
                    facility_id,
                    visit_id,
                    campaign_id,
                    received_at: at.0,
                    missing: evidence.remove(&id.0).unwrap_or_default().missing,
                    lacking: lacking(amended.as_ref().unwrap_or(&original))?,
                };
                Ok(SyncChange { inspection: Some(inspection), ..SyncChange::bare(Kind::Inspection, id.0) })
            })
            .collect()
    }

    fn visits(&mut self, only: Option<&[Uuid]>) -> Outcome<Vec<SyncChange>> {
        let ids = only.map(typed);
        let found = visits::load(self.conn, self.viewer, ids.as_deref())?.into_iter();
        Ok(found
            .map(|(id, visit)| SyncChange { visit: Some(visit), ..SyncChange::bare(Kind::Visit, id.0) })
            .collect())
    }
}

fn typed<I: TypedId>(ids: &[Uuid]) -> Vec<I> {
    ids.iter().copied().map(I::from_uuid).collect()
}

/// What the receipt of a version says that nobody declared.
fn lacking(receipt: &str) -> Outcome<Vec<ItemId>> {
    #[derive(Deserialize)]
    struct Told {
        lacking: Vec<ItemId>,
    }
    serde_json::from_str::<Told>(receipt).map(|told| told.lacking).map_err(Fault::internal)
}
