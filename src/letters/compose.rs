//! From facts to a letter: PURE. The annexes are made first, and every count in the text is taken from their rows
//! (`tally`), so the two cannot disagree; what was counted elsewhere (coverage in annex 2) is compared and refused when
//! it differs. What this campaign found and what is left from before are two lists that are never summed.
//!
//! A letter reminds: it is none of the 15 statutory kinds and has no coercive force, so it never says 责令; 较大 is an
//! internal grade and never printed as a legal one (安监总局令第16号第三条 knows 一般 and 重大 only).

mod body;
mod marks;
mod others;
mod tally;
mod title;

#[cfg(test)]
mod recount;
#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;

use super::edits::{self, MAX_BLOCKS};
use super::facts::{Facts, Line};
use super::kind::{LetterKind, Terms};
use super::letter::{Annex, IndicatorRow, IssueRow, Letter, printed_date};
use crate::directory::FacilityKind;
use crate::findings::rules::State;
use chrono::NaiveDate;
use marks::clean;

/// Findings in one letter at the most, those of before included; indicators likewise.
pub const MAX_LINES: usize = 200;

/// Characters in one text at the most.
pub const MAX_TEXT: usize = 2_000;

/// What a reminder letter never says.
const FORBIDDEN: [&str; 4] = ["责令", "较大隐患", "较大事故隐患", "较大安全隐患"];

/// Why a letter cannot be composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeFault {
    /// The street would have to reply before it has the letter.
    #[error("回复期限（{}）须晚于成文日期（{}）", printed_date(*reply_due), printed_date(*date))]
    ReplyDue {
        /// The day by which the street replies.
        reply_due: NaiveDate,
        /// The day of the letter.
        date: NaiveDate,
    },
    /// More than [`MAX_LINES`].
    #[error("{what}共{count}项，一份函最多列{MAX_LINES}项")]
    TooManyLines {
        /// Which list.
        what: &'static str,
        /// How many rows it has.
        count: usize,
    },
    /// A text is longer than [`MAX_TEXT`].
    #[error("{place}超过{MAX_TEXT}字")]
    TextTooLong {
        /// Which text.
        place: String,
    },
    /// A text that must be there is empty.
    #[error("{place}为空")]
    TextMissing {
        /// Which text.
        place: String,
    },
    /// A text says what a reminder letter never says.
    #[error("{place}含有“{word}”，提醒函不得使用")]
    ForbiddenWord {
        /// Which text.
        place: String,
        /// The word.
        word: &'static str,
    },
    /// The title does not fit its lines.
    #[error("检查行动名称过长，标题无法排成{}行以内", title::MAX_LINES)]
    TitleTooLong,
    /// A reminder of what is open, and nothing is.
    #[error("没有未销号的问题，无需发{}", kind.label())]
    NothingOpen {
        /// What kind of letter.
        kind: LetterKind,
    },
    /// A kind of letter that speaks of another, or needs what a person says, without it: a defect.
    #[error("{}缺少所依据的内容", kind.label())]
    Incomplete {
        /// What kind of letter.
        kind: LetterKind,
    },
    /// A clerk's text stands behind a section that the letter does not have.
    #[error("本函没有“{}”部分，请把自拟段落放到其他部分之后", section.label())]
    NoSuchSection {
        /// The section.
        section: edits::Section,
    },
    /// A clerk's text counts: counts are taken from the annexes only.
    #[error("自拟段落含有数量“{count}”；数量一律由附件统计得出，请改用文字表述")]
    CountInText {
        /// The count.
        count: String,
    },
    /// Two counts of the same thing differ.
    #[error("“{what}”的数字前后不一致：{left}与{right}")]
    CountsDisagree {
        /// What is counted.
        what: String,
        /// One count.
        left: String,
        /// The other.
        right: String,
    },
}

impl ComposeFault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReplyDue { .. } => "reply_due_not_after_date",
            Self::TooManyLines { .. } => "too_many_lines",
            Self::TextTooLong { .. } => "text_too_long",
            Self::TextMissing { .. } => "text_missing",
            Self::ForbiddenWord { .. } => "forbidden_word",
            Self::TitleTooLong => "title_too_long",
            Self::NothingOpen { .. } => "nothing_open",
            Self::Incomplete { .. } => "incomplete",
            Self::NoSuchSection { .. } => "no_such_section",
            Self::CountInText { .. } => "count_in_text",
            Self::CountsDisagree { .. } => "counts_disagree",
        }
    }
}

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
    if facts.kind.asks_too_late(facts.reply_due, facts.date, facts.late_reply) {
        return Err(ComposeFault::ReplyDue { reply_due: facts.reply_due, date: facts.date });
    }
    check_open(facts)?;
    check_sizes(facts)?;
    check_texts(facts)?;
    check_written(facts)?;
    check_counts(facts)?;
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

fn check_sizes(facts: &Facts) -> Result<(), ComposeFault> {
    let lists =
        [("问题", facts.lines.len() + facts.carried_over.len()), ("考核指标", facts.indicators.len())];
    match lists.into_iter().find(|(_, count)| *count > MAX_LINES) {
        Some((what, count)) => Err(ComposeFault::TooManyLines { what, count }),
        None => Ok(()),
    }
}

fn check_texts(facts: &Facts) -> Result<(), ComposeFault> {
    check_text("发文机关名称", &facts.authority.name, true)?;
    check_text("机关代字", &facts.authority.doc_word, true)?;
    check_text("联系方式", &facts.authority.contact, false)?;
    check_text("主送机关", &facts.street_office_name, true)?;
    check_text("街道名称", &facts.street_name, true)?;
    check_text("检查行动名称", &facts.campaign_name, true)?;
    for name in &facts.cc {
        check_text("抄送机关", name, true)?;
    }
    check_text("水印", facts.authority.watermark.as_deref().unwrap_or_default(), false)?;
    for line in facts.lines.iter().chain(&facts.carried_over) {
        let place = |part: &str| format!("问题{}的{part}", line.finding_number);
        check_text("问题编号", &line.finding_number, true)?;
        check_text(&place("设施名称"), &line.facility_name, true)?;
        check_text(&place("类别"), &line.category, true)?;
        check_text(&place("描述"), &line.description, true)?;
        for basis in &line.verified_basis {
            check_text(&place("依据"), basis, false)?;
        }
    }
    for indicator in &facts.indicators {
        for text in [&indicator.name, &indicator.target, &indicator.value, &indicator.rate] {
            check_text("考核指标", text, true)?;
        }
    }
    Ok(())
}

/// A reminder of what is not done names what is not done.
fn check_open(facts: &Facts) -> Result<(), ComposeFault> {
    let open = facts.lines.iter().chain(&facts.carried_over).any(|line| line.state.is_unsettled());
    match facts.kind {
        LetterKind::SecondReminder | LetterKind::OperatorReminder | LetterKind::TalkNotice if !open => {
            Err(ComposeFault::NothingOpen { kind: facts.kind })
        }
        _ => Ok(()),
    }
}

/// What a clerk has written, which is checked as everything else is, and counts nothing.
fn check_written(facts: &Facts) -> Result<(), ComposeFault> {
    if facts.blocks.len() > MAX_BLOCKS {
        return Err(ComposeFault::TooManyLines { what: "自拟段落", count: facts.blocks.len() });
    }
    for block in &facts.blocks {
        check_text("自拟段落", &block.text, true)?;
        if let Some(count) = edits::count_in(&block.text) {
            return Err(ComposeFault::CountInText { count });
        }
    }
    if let Some(operator) = &facts.operator {
        check_text("主送单位", operator, true)?;
    }
    match &facts.terms {
        None => Ok(()),
        Some(Terms::Talk { time, place, persons, .. }) => {
            [time, place, persons].into_iter().try_for_each(|text| check_text("约谈安排", text, true))
        }
        Some(Terms::Withdrawal { reason }) => check_text("撤回理由", reason, true),
        Some(Terms::Corrections { items }) => items
            .iter()
            .flat_map(|item| [&item.said, &item.correct])
            .try_for_each(|text| check_text("更正内容", text, true)),
    }
}

fn check_text(place: &str, text: &str, needed: bool) -> Result<(), ComposeFault> {
    let place = || place.chars().take(100).collect::<String>();
    if text.chars().count() > MAX_TEXT {
        return Err(ComposeFault::TextTooLong { place: place() });
    }
    let text = clean(text);
    if needed && text.is_empty() {
        return Err(ComposeFault::TextMissing { place: place() });
    }
    match FORBIDDEN.into_iter().find(|word| text.contains(word)) {
        Some(word) => Err(ComposeFault::ForbiddenWord { place: place(), word }),
        None => Ok(()),
    }
}

/// The facilities planned and inspected of a kind.
fn coverage(facts: &Facts, kind: FacilityKind) -> (u32, u32) {
    let of =
        |counts: &[super::facts::KindCount]| counts.iter().filter(|c| c.kind == kind).map(|c| c.count).sum();
    (of(&facts.planned), of(&facts.inspected))
}

/// The text's coverage is annex 2's.
fn check_counts(facts: &Facts) -> Result<(), ComposeFault> {
    use crate::db::types::Coded as _;
    for kind in FacilityKind::ALL {
        let (planned, inspected) = coverage(facts, *kind);
        let (said, name) =
            ([format!("{planned}个"), format!("{inspected}个")], format!("{}检查覆盖率", kind.label()));
        let disagree =
            |left: String, right: String| ComposeFault::CountsDisagree { what: name.clone(), left, right };
        if inspected > planned {
            let [left, right] = said;
            return Err(disagree(left, right));
        }
        for row in facts.indicators.iter().filter(|row| row.name == name) {
            let printed = [row.target.clone(), row.value.clone()];
            if printed != said {
                return Err(disagree(said.join("/"), printed.join("/")));
            }
        }
    }
    Ok(())
}
