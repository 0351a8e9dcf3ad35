//! Annex 2 of a campaign's letter: how much of what was planned has been seen and settled, and what the street is
//! measured by in its quarter.

use super::{Inspected, Subject, Targets, distinct_kinds};
use crate::access::Places;
use crate::campaigns;
use crate::db::AnyConn;
use crate::db::schema::{check_item, evidence, inspection};
use crate::db::types::Coded as _;
use crate::directory::FacilityKind;
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::ids::{AreaId, FacilityId, InspectionId};
use crate::indicators::rules::Quarter;
use crate::indicators::{self, Asked, PrintedRow, SIGNBOARD_ITEM};
use crate::letters::facts::{Indicator, Line};
use crate::settings::{self, Letters};
use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;

/// The rows of annex 2; `lines` are the findings of the campaign itself, whether or not the letter prints them.
pub(super) fn indicators(
    conn: &mut AnyConn,
    subject: &Subject<'_>,
    (targets, inspected, lines): (&Targets, &[Inspected], &[Line]),
    as_of: DateTime<Utc>,
) -> Outcome<Vec<Indicator>> {
    let seen = distinct_kinds(targets, inspected);
    let of = |places: &Targets, kind: FacilityKind| places.values().filter(|k| **k == kind).count();
    let mut rows = vec![];
    for kind in FacilityKind::ALL {
        let planned = of(targets, *kind);
        if planned > 0 {
            rows.push(share(&format!("{}检查覆盖率", kind.label()), of(&seen, *kind), planned));
        }
    }
    let stations = of(targets, FacilityKind::Station);
    if stations > 0 {
        let ids: Vec<InspectionId> = inspected.iter().map(|i| i.id).collect();
        rows.push(share("站牌照片覆盖率", signboards(conn, subject, ids)?, stations));
    }
    let closed = lines.iter().filter(|l| l.state == State::Closed).count();
    // What ended without having been rectified can never be struck off.
    let countable = lines.iter().filter(|l| l.state != State::Terminated).count();
    if countable > 0 {
        rows.push(share("本次检查问题销号率", closed, countable));
    }
    if !lines.is_empty() {
        let overdue = lines.iter().filter(|l| l.overdue).count();
        rows.push(Indicator {
            name: "逾期未销号问题".into(),
            target: "0个".into(),
            value: format!("{overdue}个"),
            rate: "—".into(),
            as_of: None,
            place: None,
        });
    }
    rows.extend(of_the_quarter(conn, subject, as_of)?);
    Ok(rows)
}

/// What the street is measured by in the quarter in which the campaign began.
fn of_the_quarter(
    conn: &mut AnyConn,
    subject: &Subject<'_>,
    at: DateTime<Utc>,
) -> Outcome<impl Iterator<Item = Indicator> + use<>> {
    let quarter = Quarter::of(subject.campaign.starts_on);
    let asked = Asked { street: subject.street, quarter, at, duty: subject.duty };
    let beside = match settings::get::<Letters>(conn)?.rank_streets {
        true => campaigns::store::progress(conn, &Places::everywhere(), subject.campaign.id)?,
        false => vec![],
    };
    let beside: Vec<AreaId> = beside.into_iter().map(|street| street.street_id).collect();
    let row = |PrintedRow { name, target, value, rate, as_of, place }| {
        let place = place.map(|p| format!("{}/{}", p.place, p.of));
        Indicator { name, target, value, rate, as_of, place }
    };
    Ok(indicators::rows(conn, &asked, &beside)?.into_iter().map(row))
}

fn signboards(conn: &mut AnyConn, subject: &Subject<'_>, ids: Vec<InspectionId>) -> Outcome<usize> {
    let with: Vec<(FacilityId, i64)> = evidence::table
        .inner_join(check_item::table.on(evidence::item_id.eq(check_item::id.nullable())))
        .inner_join(inspection::table.on(inspection::id.eq(evidence::subject_id)))
        .filter(evidence::subject_kind.eq("inspection"))
        .filter(evidence::subject_id.eq_any(ids))
        .filter(evidence::received_at.is_not_null())
        .filter(check_item::code.eq(SIGNBOARD_ITEM))
        .filter(inspection::campaign_id.eq(subject.campaign.id))
        .group_by(inspection::facility_id)
        .select((inspection::facility_id, count_star()))
        .load(conn)?;
    Ok(with.len())
}

fn share(name: &str, value: usize, of: usize) -> Indicator {
    let tenths = (value * 1000 + of / 2) / of.max(1);
    let rate = match tenths % 10 {
        0 => format!("{}%", tenths / 10),
        part => format!("{}.{part}%", tenths / 10),
    };
    Indicator {
        name: name.into(),
        target: format!("{of}个"),
        value: format!("{value}个"),
        rate,
        as_of: None,
        place: None,
    }
}
