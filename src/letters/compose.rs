//! From facts to a letter: PURE. The annexes are made first, and every count in the text is taken from their rows
//! (`tally`), so the two cannot disagree; what was counted elsewhere (coverage in annex 2) is compared and refused when
//! it differs. What this campaign found and what is left from before are two lists that are never summed.
//!
//! A letter reminds: it is none of the 15 statutory kinds and has no coercive force, so it never says 责令; 较大 is an
//! internal grade and never printed as a legal one (安监总局令第16号第三条 knows 一般 and 重大 only).

mod body;
mod checks;
mod fault;
mod marks;
mod names;
mod others;
mod tally;
mod title;

#[cfg(test)]
mod recount;
#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;

use super::facts::{Facts, Line};
use super::kind::LetterKind;
use super::letter::{Annex, IndicatorRow, IssueRow, Letter, printed_date};
use crate::directory::FacilityKind;
use crate::findings::rules::State;
use chrono::NaiveDate;
use marks::clean;

pub use fault::ComposeFault;
pub use names::{Named, named};

/// Findings in one letter at the most, those of before included; indicators likewise.
pub const MAX_LINES: usize = 200;

/// Characters in one text at the most.
pub const MAX_TEXT: usize = 2_000;

/// The annexes of a letter; a list without rows is no annex.
struct Annexes {
    issues: Option<Annex<IssueRow>>,
    indicators: Option<Annex<IndicatorRow>>,
    carried_over: Option<Annex<IssueRow>>,
}

/// Composes the letter of one addressee.
///
/// # Errors
/// The reply date, a size, a text or a count that a letter cannot have.
pub fn compose(facts: &Facts) -> Result<Letter, ComposeFault> {
    checks::check(facts)?;
    let annexes = annexes(facts)?;
    Ok(Letter {
        authority: clean(&facts.authority.name),
        doc_word: clean(&facts.authority.doc_word),
        number: None,
        title: letter_title(facts)?,
        recipient: clean(facts.operator.as_ref().unwrap_or(&facts.street_office_name)),
        body: match facts.kind {
            LetterKind::CampaignReminder => body::write(facts, &annexes)?,
            _ => others::write(facts, &annexes)?,
        },
        issues: annexes.issues,
        indicators: annexes.indicators,
        carried_over: annexes.carried_over,
        date: facts.date,
        contact: clean(&facts.authority.contact),
        cc: facts.cc.iter().map(|name| clean(name)).collect(),
        check_link: None,
        watermark: facts.authority.watermark.as_deref().map(clean),
    })
}

/// 发文机关、事由、文种 (GB/T 9704-2012, 7.3.1); the authority, which also stands at the head of the page, is left out
/// where the title would become too long with it.
fn letter_title(facts: &Facts) -> Result<Vec<String>, ComposeFault> {
    let short = clean(&match facts.kind {
        LetterKind::CampaignReminder => format!("关于{}情况的提醒函", facts.campaign_name),
        _ => others::matter(facts)?,
    });
    let full = format!("{}{short}", clean(&facts.authority.name));
    let fits = |lines: &Vec<String>| lines.len() < title::MAX_LINES;
    let number = facts.about.as_ref().map(|about| clean(&about.number));
    let operator = facts.operator.as_deref().map(clean);
    let names: Vec<&str> = number.iter().chain(&operator).map(String::as_str).collect();
    let lines = |title: &str| title::with_names(title, &names);
    lines(&full).filter(fits).or_else(|| lines(&short)).ok_or(ComposeFault::TitleTooLong)
}

fn annexes(facts: &Facts) -> Result<Annexes, ComposeFault> {
    let numbered = [!facts.lines.is_empty(), !facts.indicators.is_empty(), !facts.carried_over.is_empty()];
    let count = numbered.iter().filter(|there| **there).count();
    let label = |place: usize| match count {
        1 => "附件".to_owned(),
        _ => format!("附件{}", numbered[..=place].iter().filter(|there| **there).count()),
    };
    let as_of = printed_date(facts.as_of);
    let rows = |lines: &[Line]| lines.iter().map(issue_row).collect::<Vec<_>>();
    let (issues, carried) = (rows(&facts.lines), rows(&facts.carried_over));
    let indicators: Vec<IndicatorRow> =
        facts.indicators.iter().map(|row| indicator_row(row, facts.as_of)).collect();
    let own = match facts.kind {
        LetterKind::CampaignReminder | LetterKind::OperatorReminder => "本次检查发现问题",
        _ => "本次检查发现、尚未销号的问题",
    };
    let notes = [
        format!("{own}{}个，现状截至{as_of}。", issues.len()),
        indicators_note(&as_of, &indicators),
        format!("截至{as_of}，前期尚未销号的问题{}个（不计入本次检查发现问题数）。", carried.len()),
    ];
    let [issues_note, indicators_note, carried_note] = notes;
    Ok(Annexes {
        issues: annex(facts, label(0), issues_title(facts.kind), issues_note, issues)?,
        indicators: annex(facts, label(1), "考核指标完成情况表", indicators_note, indicators)?,
        carried_over: annex(facts, label(2), "前期未销号问题清单", carried_note, carried)?,
    })
}

fn indicators_note(as_of: &str, rows: &[IndicatorRow]) -> String {
    let places = match rows.iter().any(|row| !row.place.is_empty()) {
        true => "位次为本街道在参加本次检查且有数据的街道中由优至劣的名次，数值相同的名次相同。",
        false => "",
    };
    format!("截至{as_of}。{places}")
}

fn issues_title(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::SecondReminder | LetterKind::TalkNotice => "未完成整改问题清单",
        _ => "存在问题清单",
    }
}

fn annex<Row>(
    facts: &Facts,
    label: String,
    title: &str,
    note: String,
    rows: Vec<Row>,
) -> Result<Option<Annex<Row>>, ComposeFault> {
    if rows.is_empty() {
        return Ok(None);
    }
    let full = clean(&format!("{}{}{title}", facts.street_name, facts.campaign_name));
    let heading = title::balanced(&full).ok_or(ComposeFault::TitleTooLong)?;
    Ok(Some(Annex { label, title: title.into(), heading, note, rows }))
}

fn issue_row(line: &Line) -> IssueRow {
    let late = if line.overdue { "（已逾期）" } else { "" };
    IssueRow {
        number: clean(&line.finding_number),
        facility: clean(&line.facility_name),
        category: clean(&line.category),
        problem: clean(&line.description),
        basis: line.verified_basis.iter().map(|text| clean(text)).filter(|text| !text.is_empty()).collect(),
        due: printed_due(line),
        dated: line.original_due.is_some(),
        standing: format!("{}{late}", line.state.label()),
        closed: line.state == State::Closed,
        ended: line.state == State::Terminated,
        overdue: line.overdue,
        paused: matches!(line.state, State::Disputed | State::Suspended),
        moved: line.original_due.is_some() && line.due_moved.is_some(),
        provisional: line.original_due.is_some() && line.due_provisional,
        repeat: line.repeat,
        photo: line.photo.as_ref().map(|photo| photo.sha256.clone()),
    }
}

/// The original deadline, and where it runs to by now: a row that is past the one and not called late would not be understood.
fn printed_due(line: &Line) -> String {
    let Some(original) = line.original_due else { return "—".into() };
    let moved = match line.due_moved {
        Some(day) if day > original => format!("（延至{}）", printed_date(day)),
        Some(day) => format!("（改为{}）", printed_date(day)),
        None => String::new(),
    };
    let unsure = if line.due_provisional { "（暂定）" } else { "" };
    format!("{}{moved}{unsure}", printed_date(original))
}

fn indicator_row(of: &super::facts::Indicator, as_of: NaiveDate) -> IndicatorRow {
    IndicatorRow {
        name: clean(&of.name),
        target: clean(&of.target),
        value: clean(&of.value),
        rate: clean(&of.rate),
        as_of: printed_date(of.as_of.unwrap_or(as_of)),
        place: of.place.as_deref().map(clean).unwrap_or_default(),
    }
}

/// The facilities planned and inspected of a kind.
fn coverage(facts: &Facts, kind: FacilityKind) -> (u32, u32) {
    let of =
        |counts: &[super::facts::KindCount]| counts.iter().filter(|c| c.kind == kind).map(|c| c.count).sum();
    (of(&facts.planned), of(&facts.inspected))
}
