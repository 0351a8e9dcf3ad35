//! What an entry by hand must hold: PURE.

use super::Entry;
use crate::access::Role;
use crate::access::scope::FIRE_CATEGORIES;
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings::Source;
use chrono::NaiveDate;

/// Whether an entry by somebody with these roles over the finding makes sense on a day.
///
/// # Errors
/// All culprits at once.
pub fn check(new: &Entry, roles: &[Role], category: &str, today: NaiveDate) -> Outcome<()> {
    let found = [source(new, roles), sealed(new), dates(new, today), brigade(new, category)].concat();
    if found.is_empty() { Ok(()) } else { Err(Fault::invalid_many(found)) }
}

fn when(wrong: bool, pointer: &str, code: &str, detail: &str) -> Vec<FieldFault> {
    if wrong { vec![FieldFault::new(pointer, code, detail)] } else { vec![] }
}

fn source(new: &Entry, roles: &[Role]) -> Vec<FieldFault> {
    let by_visit = matches!(new.source, Source::Inspection | Source::ThirdParty);
    let theirs = roles.contains(&Role::Drafter) || new.source == Source::Fire;
    [
        when(by_visit, "/source", "not_by_hand", "检查发现的问题由检查记录产生，不能手工录入"),
        when(!by_visit && !theirs, "/source", "not_your_source", "消防救援大队只能录入消防通报"),
    ]
    .concat()
}

fn sealed(new: &Entry) -> Vec<FieldFault> {
    let wrong = new.reporter.is_some() && new.source != Source::Complaint;
    when(wrong, "/reporter", "only_complaints", "只有投诉举报登记举报人")
}

fn dates(new: &Entry, today: NaiveDate) -> Vec<FieldFault> {
    let document = new.document_date;
    [
        when(new.received_on > today, "/received_on", "out_of_range", "收到日期不能晚于今天"),
        when(
            document.is_some_and(|d| d > new.received_on),
            "/document_date",
            "out_of_range",
            "文书日期不能晚于收到日期",
        ),
        when(
            new.due_on.zip(document).is_some_and(|(due, d)| due < d),
            "/due_on",
            "out_of_range",
            "期限不能早于文书日期",
        ),
    ]
    .concat()
}

/// The brigade's deadline is its document's; nobody else's document sets one here.
fn brigade(new: &Entry, category: &str) -> Vec<FieldFault> {
    if new.source != Source::Fire {
        return when(new.due_on.is_some(), "/due_on", "only_fire", "只有消防通报载明期限，其余在送达时确定");
    }
    const DETAIL: &str = "消防通报须有文号、日期和期限";
    // What the brigade cannot see it could never close.
    let foreign = !FIRE_CATEGORIES.contains(&category);
    [
        when(
            foreign,
            "/item_code",
            "not_the_brigades",
            "该条目不属于消防救援大队的类别，不能作为消防通报录入",
        ),
        when(new.document_number.is_none(), "/document_number", "required", DETAIL),
        when(new.document_date.is_none(), "/document_date", "required", DETAIL),
        when(new.due_on.is_none(), "/due_on", "required", DETAIL),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::Coded as _;
    use crate::findings::origin::Reporter;
    use crate::ids::{FacilityId, TypedId as _, new_uuid};
    use chrono::DateTime;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn entry(source: Source) -> Entry {
        let fire = source == Source::Fire;
        Entry {
            facility_id: FacilityId::from_uuid(new_uuid(DateTime::from_timestamp(1, 0).unwrap())),
            item_code: "YK-14".into(),
            description: "疏散通道堆放杂物".into(),
            source,
            document_number: fire.then(|| "海消〔2026〕1号".into()),
            document_date: Some(day("2026-08-01")),
            issuing_unit: None,
            received_on: day("2026-08-03"),
            due_on: fire.then(|| day("2026-08-20")),
            reporter: None,
            photos: vec![],
        }
    }

    fn told(new: &Entry, role: Role) -> Vec<(String, String)> {
        match check(new, &[role], "消防安全", day("2026-08-03")) {
            Ok(()) => vec![],
            Err(Fault::Invalid { errors, .. }) => errors.into_iter().map(|e| (e.pointer, e.code)).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn at(pointer: &str, code: &str) -> Vec<(String, String)> {
        vec![(pointer.into(), code.into())]
    }

    #[test]
    fn every_source_and_who_enters_it() {
        for source in Source::ALL {
            let by_visit = matches!(source, Source::Inspection | Source::ThirdParty);
            let clerk = if by_visit { at("/source", "not_by_hand") } else { vec![] };
            assert_eq!(told(&entry(*source), Role::Drafter), clerk, "{source:?}");
            let brigade = match source {
                Source::Fire => vec![],
                _ if by_visit => at("/source", "not_by_hand"),
                _ => at("/source", "not_your_source"),
            };
            assert_eq!(told(&entry(*source), Role::Fire), brigade, "{source:?}");
        }
    }

    #[test]
    fn what_the_brigade_s_document_must_hold() {
        let bare = Entry { document_number: None, document_date: None, due_on: None, ..entry(Source::Fire) };
        let pointers: Vec<String> = told(&bare, Role::Fire).into_iter().map(|(p, _)| p).collect();
        assert_eq!(pointers, ["/document_number", "/document_date", "/due_on"]);
        let early = Entry { due_on: Some(day("2026-07-31")), ..entry(Source::Fire) };
        assert_eq!(told(&early, Role::Fire), at("/due_on", "out_of_range"));
        let others = Entry { due_on: Some(day("2026-08-20")), ..entry(Source::Provincial) };
        assert_eq!(told(&others, Role::Drafter), at("/due_on", "only_fire"));
    }

    #[test]
    fn the_brigade_enters_what_it_can_see() {
        let today = day("2026-08-03");
        assert!(check(&entry(Source::Fire), &[Role::Drafter], "食品安全", today).is_err());
        assert!(check(&entry(Source::Fire), &[Role::Drafter], "教育培训", today).is_ok());
        assert!(check(&entry(Source::Provincial), &[Role::Drafter], "食品安全", today).is_ok());
    }

    #[test]
    fn only_a_complaint_has_somebody_who_complained() {
        let reporter = Some(Reporter { name: "甲".into(), contact: "000".into(), note: None });
        for source in [Source::Complaint, Source::Xuncha] {
            let new = Entry { reporter: reporter.clone(), ..entry(source) };
            let wanted =
                if source == Source::Complaint { vec![] } else { at("/reporter", "only_complaints") };
            assert_eq!(told(&new, Role::Drafter), wanted);
        }
    }

    #[test]
    fn nothing_comes_from_tomorrow() {
        let late = Entry { received_on: day("2026-08-04"), ..entry(Source::Xuncha) };
        assert_eq!(told(&late, Role::Drafter), at("/received_on", "out_of_range"));
        let after = Entry { document_date: Some(day("2026-08-04")), ..entry(Source::Xuncha) };
        assert_eq!(told(&after, Role::Drafter), at("/document_date", "out_of_range"));
    }
}
