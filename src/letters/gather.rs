//! The facts of a letter, read from the ledger: what was inspected in a street, what was found, where each finding
//! stands. Unconfirmed findings of a third party are advice and are never printed.

use super::edits::Edits;
use super::facts::{Authority, Facts, Indicator, KindCount, Line, PhotoRef};
use super::kind::{About, LetterKind, Terms};
use crate::campaigns::CampaignNow;
use crate::checklists::Basis;
use crate::clock::business_date;
use crate::config::AuthoritySettings;
use crate::db::schema::{
    campaign_target, check_item, evidence, facility_version, finding, inspection, visit,
};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Ts};
use crate::directory::{self, FacilityKind};
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::fire::rules::DutyRule;
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId, InspectionId, PhotoId};
use crate::indicators::rules::Quarter;
use crate::indicators::{self, Asked, PrintedRow};
use crate::photos::{self, Purpose};
use crate::settings::{self, Letters, Relapse};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The item whose photo shows the signboard 站牌.
const SIGNBOARD_ITEM: &str = "YK-01";

/// What a letter is about.
pub struct Subject<'a> {
    pub authority: &'a AuthoritySettings,
    pub watermark: Option<String>,
    pub campaign: &'a CampaignNow,
    pub street: AreaId,
    pub reply_due: NaiveDate,
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
    let all = lines(conn, &rows, as_of)?.into_iter().filter(|(own, _)| *own).map(|(_, line)| line).collect();
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
    let all: Vec<Line> = all;
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
        date: business_date(as_of),
    })
}

/// Puts the findings into the clerk's order and takes out those that are left out; gives the numbers of these.
fn edited(rows: &mut Vec<FindingFacts>, edits: &Edits) -> Vec<String> {
    let left = |row: &FindingFacts| edits.left_out.iter().any(|l| l.finding_id == row.id);
    let numbers = rows.iter().filter(|row| left(row)).map(|row| row.number.clone()).collect();
    rows.retain(|row| !left(row));
    let place = |row: &FindingFacts| edits.order.iter().position(|id| *id == row.id).unwrap_or(usize::MAX);
    rows.sort_by_key(place);
    numbers
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

struct FindingFacts {
    own: bool,
    id: FindingId,
    facility_id: FacilityId,
    number: String,
    facility_name: String,
    facility_kind: FacilityKind,
    category: String,
    description: String,
    basis: String,
    original_due: Option<NaiveDate>,
    due_on: Option<NaiveDate>,
    due_provisional: bool,
    state: State,
    repeat: bool,
    inspection_id: Option<InspectionId>,
    item_id: crate::ids::ItemId,
    service_method: Option<String>,
}

/// The findings that a kind of letter is about.
fn findings(conn: &mut AnyConn, subject: &Subject<'_>) -> Outcome<Vec<FindingFacts>> {
    if !subject.kind.lists_findings() {
        return Ok(vec![]);
    }
    let mut rows = of_street(conn, subject.campaign, subject.street)?;
    if let Some(operator) = &subject.operator {
        let own = operated_by(conn, operator)?;
        rows.retain(|row| own.contains(&row.facility_id));
    }
    if let Some((_, printed)) = &subject.about
        && subject.kind == LetterKind::SecondReminder
    {
        rows.retain(|row| printed.contains(&row.id));
    }
    // A second look at what a letter has told lists what is left of it.
    if matches!(subject.kind, LetterKind::SecondReminder | LetterKind::TalkNotice) {
        rows.retain(|row| row.state.is_unsettled());
    }
    Ok(rows)
}

/// The facilities that an operator runs now.
fn operated_by(conn: &mut AnyConn, operator: &str) -> Outcome<BTreeSet<FacilityId>> {
    let now = facility_version::table
        .filter(facility_version::operator_name.eq(operator))
        .filter(facility_version::valid_to.is_null());
    Ok(now.select(facility_version::facility_id).load::<FacilityId>(conn)?.into_iter().collect())
}

/// The findings of the campaign, and those of earlier work that are not settled.
fn of_street(conn: &mut AnyConn, campaign: &CampaignNow, street: AreaId) -> Outcome<Vec<FindingFacts>> {
    let hidden = [State::Open, State::Withdrawn];
    let settled = [State::Open, State::Withdrawn, State::Closed, State::Terminated];
    let own = finding::campaign_id.eq(campaign.id).and(finding::state.ne_all(hidden));
    let earlier = finding::campaign_id
        .is_null()
        .or(finding::campaign_id.ne(campaign.id))
        .and(finding::state.ne_all(settled))
        .and(finding::found_at.lt(Ts::from(crate::clock::midnight(campaign.starts_on))));
    type Row = (
        (Option<CampaignId>, FindingId, FacilityId, String, String, FacilityKind),
        (String, String, String, (Option<NaiveDate>, bool), State),
        (Option<FindingId>, Option<InspectionId>, crate::ids::ItemId, Option<String>, Option<NaiveDate>),
    );
    let rows: Vec<Row> = finding::table
        .inner_join(check_item::table.on(check_item::id.eq(finding::item_id)))
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(finding::facility_id)))
        .filter(facility_version::valid_to.is_null())
        .filter(finding::street_id.eq(street))
        .filter(own.or(earlier.assume_not_null()))
        .order(finding::number)
        .select((
            (
                finding::campaign_id,
                finding::id,
                finding::facility_id,
                finding::number,
                finding::facility_name,
                facility_version::kind,
            ),
            (
                finding::category,
                finding::description,
                check_item::basis,
                (finding::due_on, finding::due_provisional),
                finding::state,
            ),
            (
                finding::repeat_of,
                finding::inspection_id,
                finding::item_id,
                finding::service_method,
                finding::due_original,
            ),
        ))
        .load(conn)?;
    let facts = |(
        (found_by, id, facility_id, number, facility_name, facility_kind),
        b,
        (repeat_of, inspection_id, item_id, method, original_due),
    ): Row| {
        let (category, description, basis, (due_on, due_provisional), state) = b;
        FindingFacts {
            own: found_by == Some(campaign.id),
            id,
            facility_id,
            number,
            facility_name,
            facility_kind,
            category,
            description,
            basis,
            original_due,
            due_on,
            due_provisional,
            state,
            repeat: repeat_of.is_some(),
            inspection_id,
            item_id,
            service_method: method,
        }
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// Numbers of a street's findings in a campaign that the bureau has not confirmed.
pub fn unconfirmed(conn: &mut AnyConn, campaign: CampaignId, street: AreaId) -> Outcome<Vec<String>> {
    Ok(finding::table
        .filter(finding::campaign_id.eq(campaign))
        .filter(finding::street_id.eq(street))
        .filter(finding::state.eq(State::Open))
        .order(finding::number)
        .select(finding::number)
        .load(conn)?)
}

fn lines(conn: &mut AnyConn, rows: &[FindingFacts], as_of: DateTime<Utc>) -> Outcome<Vec<(bool, Line)>> {
    let photos = before_photos(conn, rows)?;
    let hashes: Vec<String> = photos.values().map(|(_, sha256)| sha256.clone()).collect();
    let checks = photos::face_checks(conn, &hashes)?;
    // Nobody has looked, or somebody saw a face: it is not printed.
    let faceless = |sha256: &String| checks.get(sha256).is_some_and(|check| !check.shows_face);
    rows.iter()
        .map(|r| {
            let basis: Vec<Basis> = serde_json::from_str(&r.basis).map_err(Fault::internal)?;
            let photo = r.inspection_id.and_then(|i| photos.get(&(i, r.item_id)));
            let photo = photo.map(|(_, sha256)| sha256).filter(|sha256| faceless(sha256));
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
                photo: photo.map(|sha256| PhotoRef { sha256: sha256.clone() }),
            };
            Ok((r.own, line))
        })
        .collect()
}

/// A photo that a letter would print.
pub struct Shown {
    pub finding_id: FindingId,
    pub finding_number: String,
    pub photo_id: PhotoId,
    pub sha256: String,
}

/// The photos of a campaign's letter to a street, in the order of its rows; whether each may be printed is not asked here.
pub fn shown(conn: &mut AnyConn, campaign: &CampaignNow, street: AreaId) -> Outcome<Vec<Shown>> {
    let mut rows = of_street(conn, campaign, street)?;
    // What the campaign found comes first, as in the letter.
    rows.sort_by_key(|row| !row.own);
    let photos = before_photos(conn, &rows)?;
    let of = |row: FindingFacts| {
        let (photo_id, sha256) = photos.get(&(row.inspection_id?, row.item_id))?.clone();
        Some(Shown { finding_id: row.id, finding_number: row.number, photo_id, sha256 })
    };
    Ok(rows.into_iter().filter_map(of).collect())
}

type PhotoOf = HashMap<(InspectionId, crate::ids::ItemId), (PhotoId, String)>;

/// The first received photo of each failing item, as it was found: neither a document nor what was put right on the spot.
fn before_photos(conn: &mut AnyConn, rows: &[FindingFacts]) -> Outcome<PhotoOf> {
    let ids: Vec<InspectionId> = rows.iter().filter_map(|r| r.inspection_id).collect();
    let found: Vec<(InspectionId, Option<crate::ids::ItemId>, PhotoId, String)> = evidence::table
        .filter(evidence::subject_kind.eq("inspection"))
        .filter(evidence::subject_id.eq_any(ids))
        .filter(evidence::received_at.is_not_null())
        .filter(evidence::item_id.is_not_null())
        .filter(evidence::purpose.eq_any([Purpose::Scene, Purpose::Problem]))
        .order(evidence::id.desc())
        .select((evidence::subject_id, evidence::item_id, evidence::photo_id, evidence::sha256))
        .load(conn)?;
    // Newest first, so that the oldest of an item stays.
    Ok(found.into_iter().filter_map(|(i, item, photo, sha256)| Some(((i, item?), (photo, sha256)))).collect())
}

fn indicators(
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
    let row =
        |PrintedRow { name, target, value, rate, as_of }| Indicator { name, target, value, rate, as_of };
    Ok(indicators::rows(conn, &asked)?.into_iter().map(row))
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
        name: name.into(), target: format!("{of}个"), value: format!("{value}个"), rate, as_of: None
    }
}
