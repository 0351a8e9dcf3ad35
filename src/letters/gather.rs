//! The facts of a letter, read from the ledger: what was inspected in a street (here), what was found and where each
//! finding stands (`findings`), which photo shows it (`photos`), what the street is measured by (`indicators`), and
//! who is known there (`persons`).

mod findings;
mod indicators;
mod persons;
mod photos;

use self::findings::{FindingFacts, edited, findings};
use self::indicators::indicators;
use super::edits::Edits;
use super::facts::{Authority, Facts, KindCount, Line, PhotoRef};
use super::kind::{About, LetterKind, Terms};
use crate::campaigns::CampaignNow;
use crate::checklists::Basis;
use crate::clock::business_date;
use crate::config::AuthoritySettings;
use crate::db::schema::{campaign_target, facility_version, inspection, visit};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Ts};
use crate::directory::{self, FacilityKind};
use crate::fault::{Fault, Outcome};
use crate::fire::rules::DutyRule;
use crate::ids::{AreaId, FacilityId, FindingId, InspectionId};
use crate::settings::{self, Letters, Relapse};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub use self::findings::unconfirmed;
pub use self::persons::known_in;
pub use self::photos::{Shown, shown};

/// What a letter is about.
pub struct Subject<'a> {
    pub authority: &'a AuthoritySettings,
    pub watermark: Option<String>,
    pub campaign: &'a CampaignNow,
    pub street: AreaId,
    pub reply_due: NaiveDate,
    /// Somebody has said why that day may have passed.
    pub late_reply: bool,
    pub kind: LetterKind,
    /// The letter that this one speaks of, and the findings that it prints.
    pub about: Option<(About, Vec<FindingId>)>,
    pub terms: Option<Terms>,
    /// The operator that it goes to.
    pub operator: Option<String>,
    /// What the clerk has changed.
    pub edits: Edits,
    pub duty: DutyRule,
}

/// The facts of one street as they are now; `as_of` decides what counts as overdue.
pub fn gather(conn: &mut AnyConn, subject: &Subject<'_>, as_of: DateTime<Utc>) -> Outcome<Facts> {
    let street = directory::street(conn, subject.street)?;
    // What was covered, and how far the street is, is said in the campaign's reminder only.
    let whole = subject.kind == LetterKind::CampaignReminder;
    let targets = if whole { targets(conn, subject)? } else { Targets::new() };
    let inspected = inspected(conn, subject, &targets)?;
    let mut rows = findings(conn, subject)?;
    let all: Vec<Line> =
        lines(conn, &rows, as_of)?.into_iter().filter(|(own, _)| *own).map(|(_, line)| line).collect();
    let left_out = edited(&mut rows, &subject.edits);
    let lines = lines(conn, &rows, as_of)?;
    let (lines, carried): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(own, _)| *own);
    let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    let days: Vec<NaiveDate> = inspected.iter().map(|i| business_date(i.received_at.0)).collect();
    let served: BTreeSet<InspectionId> = rows
        .iter()
        .filter(|r| r.own && r.service_method.as_deref() == Some("on_site"))
        .filter_map(|r| r.inspection_id)
        .collect();
    Ok(Facts {
        kind: subject.kind,
        about: subject.about.as_ref().map(|(about, _)| about.clone()),
        terms: subject.terms.clone(),
        operator: subject.operator.clone(),
        blocks: subject.edits.blocks.clone(),
        left_out,
        authority: Authority {
            name: subject.authority.name.clone(),
            doc_word: subject.authority.word.clone(),
            contact: subject.authority.contact.clone(),
            watermark: subject.watermark.clone(),
        },
        street_office_name: street.office_name,
        street_name: street.name,
        campaign_name: subject.campaign.name.clone(),
        inspected_from: days.iter().min().copied(),
        inspected_to: days.iter().max().copied(),
        planned: counts(&targets),
        inspected: counts(&distinct_kinds(&targets, &inspected)),
        sheets_served: u32::try_from(served.len()).unwrap_or(u32::MAX),
        indicators: match whole {
            true => indicators(conn, subject, (&targets, &inspected, &all), as_of)?,
            false => vec![],
        },
        lines,
        carried_over: carried.into_iter().map(|(_, line)| line).collect(),
        cc: settings::get::<Letters>(conn)?.cc,
        relapse_months: settings::get::<Relapse>(conn)?.months,
        as_of: business_date(as_of),
        reply_due: subject.reply_due,
        late_reply: subject.late_reply,
        date: business_date(as_of),
    })
}

type Targets = BTreeMap<FacilityId, FacilityKind>;

fn targets(conn: &mut AnyConn, subject: &Subject<'_>) -> Outcome<Targets> {
    let rows: Vec<(FacilityId, FacilityKind)> = campaign_target::table
        .inner_join(
            facility_version::table.on(facility_version::facility_id.eq(campaign_target::facility_id)),
        )
        .filter(facility_version::valid_to.is_null())
        .filter(campaign_target::campaign_id.eq(subject.campaign.id))
        .filter(campaign_target::street_id.eq(subject.street))
        .select((campaign_target::facility_id, facility_version::kind))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

#[derive(Debug, Clone, Queryable)]
struct Inspected {
    id: InspectionId,
    facility_id: FacilityId,
    received_at: Ts,
}

/// The complete inspections of the targets, wherever they stand by now: what was planned here counts here.
fn inspected(conn: &mut AnyConn, subject: &Subject<'_>, targets: &Targets) -> Outcome<Vec<Inspected>> {
    let planned: Vec<FacilityId> = targets.keys().copied().collect();
    Ok(inspection::table
        .inner_join(visit::table.on(visit::id.eq(inspection::visit_id)))
        .filter(inspection::campaign_id.eq(subject.campaign.id))
        .filter(inspection::facility_id.eq_any(planned))
        .filter(inspection::state.eq("complete"))
        .filter(visit::kind.eq_any(crate::campaigns::store::COVERING))
        .select((inspection::id, inspection::facility_id, inspection::received_at))
        .load(conn)?)
}

fn distinct_kinds(targets: &Targets, inspected: &[Inspected]) -> Targets {
    let seen: BTreeSet<FacilityId> = inspected.iter().map(|i| i.facility_id).collect();
    targets.iter().filter(|(id, _)| seen.contains(id)).map(|(id, kind)| (*id, *kind)).collect()
}

fn counts(of: &Targets) -> Vec<KindCount> {
    let count = |kind: FacilityKind| of.values().filter(|k| **k == kind).count();
    FacilityKind::ALL
        .iter()
        .map(|kind| KindCount { kind: *kind, count: u32::try_from(count(*kind)).unwrap_or(u32::MAX) })
        .filter(|c| c.count > 0)
        .collect()
}

/// The rows of annex 1, each with whether the campaign itself found it.
fn lines(conn: &mut AnyConn, rows: &[FindingFacts], as_of: DateTime<Utc>) -> Outcome<Vec<(bool, Line)>> {
    let photos = photos::printable(conn, rows)?;
    rows.iter()
        .map(|r| {
            let basis: Vec<Basis> = serde_json::from_str(&r.basis).map_err(Fault::internal)?;
            let line = Line {
                finding_id: r.id.0,
                finding_number: r.number.clone(),
                facility_name: r.facility_name.clone(),
                facility_kind: r.facility_kind,
                category: r.category.clone(),
                description: r.description.clone(),
                verified_basis: basis.into_iter().filter(|b| b.verified).map(|b| b.text).collect(),
                original_due: r.original_due.or(r.due_on),
                due_provisional: r.due_provisional && r.state.deadline_runs(),
                due_moved: r.due_on.filter(|due| r.original_due.is_some_and(|original| original != *due)),
                state: r.state,
                overdue: r.state.is_late(r.due_on, business_date(as_of)),
                repeat: r.repeat,
                photo: photos.of(r).map(|sha256| PhotoRef { sha256: sha256.clone() }),
            };
            Ok((r.own, line))
        })
        .collect()
}
