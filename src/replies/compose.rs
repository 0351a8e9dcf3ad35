//! The document of a reply: PURE. The annex is made first, a row for each line that is answered, and every count in the text
//! is taken from its rows.

use super::rules::ReplyAnswer;
use crate::letters::letter::{Level, Paragraph};
use crate::letters::reply_letter::{ReplyLetter, ReplyRow};
use chrono::{Datelike as _, NaiveDate};

/// A line of the annex as the letter prints it, with the street's answer where it has one.
#[derive(Debug, Clone)]
pub(super) struct FactLine {
    pub number: String,
    pub facility: String,
    pub problem: String,
    /// Its finding is settled.
    pub settled: bool,
    pub said: Option<Said>,
}

/// What the street says of a line.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub answer: ReplyAnswer,
    pub measures: Option<String>,
    pub reason: Option<String>,
    pub similar_check: Option<String>,
    pub system_measures: Option<String>,
    pub supervisor: Option<String>,
    pub claimed_on: Option<NaiveDate>,
    pub proposed_due: Option<NaiveDate>,
}

/// All that a reply is composed of.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub unit: String,
    /// Who wrote the letter.
    pub authority: String,
    pub letter_title: String,
    pub letter_number: String,
    /// An answer was sent before.
    pub supplementary: bool,
    pub number: Option<String>,
    pub replied_on: Option<NaiveDate>,
    pub today: NaiveDate,
    pub remarks: Option<String>,
    pub watermark: Option<String>,
    /// Every line of the letter, in order.
    pub lines: Vec<FactLine>,
}

pub(super) fn compose(facts: &Facts) -> ReplyLetter {
    let rows: Vec<ReplyRow> =
        facts.lines.iter().filter_map(|line| line.said.as_ref().map(|said| row(line, said))).collect();
    let day = facts.replied_on.unwrap_or(facts.today);
    ReplyLetter {
        unit: facts.unit.clone(),
        number: facts
            .number
            .clone()
            .unwrap_or_else(|| format!("\u{3000}\u{3000}〔{}〕\u{3000}号", day.year())),
        title: format!(
            "{}关于《{}》（{}）整改情况的{}",
            facts.unit,
            facts.letter_title,
            facts.letter_number,
            if facts.supplementary { "补充复函" } else { "复函" }
        ),
        recipient: facts.authority.clone(),
        body: body(facts, &rows),
        rows,
        day: match facts.replied_on {
            Some(day) => written(day),
            None => format!("{}年\u{3000}月\u{3000}日", day.year()),
        },
        date: (day.year(), day.month(), day.day()),
        watermark: facts.watermark.clone(),
    }
}

fn written(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

fn row(line: &FactLine, said: &Said) -> ReplyRow {
    let parts = [
        ("", &said.measures),
        ("原因：", &said.reason),
        ("排查同类：", &said.similar_check),
        ("制度措施：", &said.system_measures),
        ("监督人：", &said.supervisor),
    ];
    let told: Vec<String> =
        parts.iter().filter_map(|(lead, text)| text.as_ref().map(|text| format!("{lead}{text}"))).collect();
    let day = match (said.answer, said.claimed_on, said.proposed_due) {
        (ReplyAnswer::Rectified, Some(day), _) => format!("{}完成", written(day)),
        (ReplyAnswer::InProgress, _, Some(day)) => format!("{}前", written(day)),
        (ReplyAnswer::CannotInTime, _, Some(day)) => format!("申请延至{}", written(day)),
        _ => "—".into(),
    };
    ReplyRow {
        number: line.number.clone(),
        facility: line.facility.clone(),
        problem: line.problem.clone(),
        answer: said.answer.label().into(),
        said: told.join("；"),
        day,
    }
}

fn plain(text: String) -> Paragraph {
    Paragraph { level: Level::Plain, lead: String::new(), text }
}

fn body(facts: &Facts, rows: &[ReplyRow]) -> Vec<Paragraph> {
    let mut sections: Vec<(&str, Vec<String>)> = vec![("整改情况", vec![summary(facts, rows)])];
    let undone = rows.iter().filter(|r| r.answer != ReplyAnswer::Rectified.label()).count();
    if undone > 0 {
        let text = format!("未完成整改的问题共{undone}个，措施、原因和计划日期逐项列于附件。");
        sections.push(("未完成整改的问题", vec![text]));
    }
    if let Some(remarks) = &facts.remarks {
        sections.push(("其他情况", remarks.lines().map(str::trim).map(str::to_string).collect()));
    }
    let opening =
        format!("贵局《{}》（{}）收悉。现将整改情况函复如下：", facts.letter_title, facts.letter_number);
    let mut body = vec![plain(opening)];
    for (number, (heading, texts)) in ["一", "二", "三"].iter().zip(sections) {
        let lead = format!("{number}、{heading}");
        body.push(Paragraph { level: Level::Heading, lead, text: String::new() });
        body.extend(texts.into_iter().filter(|text| !text.is_empty()).map(plain));
    }
    body.push(plain("专此函复。".into()));
    body
}

/// Of N lines so many are answered, so many settled and passed over, so many left for another reply: these three make N.
fn summary(facts: &Facts, rows: &[ReplyRow]) -> String {
    if facts.lines.is_empty() {
        return "来函未列须整改的问题。".into();
    }
    let of = |answer: ReplyAnswer| rows.iter().filter(|r| r.answer == answer.label()).count();
    let passed_over = |settled: bool| {
        facts.lines.iter().filter(|line| line.said.is_none() && line.settled == settled).count()
    };
    let mut text = format!("来函所列问题共{}个，本次答复{}个", facts.lines.len(), rows.len());
    if !rows.is_empty() {
        let counts = [ReplyAnswer::Rectified, ReplyAnswer::InProgress, ReplyAnswer::CannotInTime]
            .map(|answer| format!("{}{}个", answer.label(), of(answer)));
        text.push_str(&format!("，其中{}", counts.join("、")));
    }
    match passed_over(true) {
        0 => {}
        n => text.push_str(&format!("；{n}个已销号、撤销或终结，不再答复")),
    }
    match passed_over(false) {
        0 => {}
        n if facts.supplementary => text.push_str(&format!("；{n}个已在此前复函中答复或另行答复")),
        n => text.push_str(&format!("；{n}个另行答复")),
    }
    text.push('。');
    if of(ReplyAnswer::Rectified) > 0 {
        text.push_str("已整改的问题，请贵局核查。");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn said(answer: ReplyAnswer) -> Said {
        Said {
            answer,
            measures: Some("已更换灭火器".into()),
            reason: (answer == ReplyAnswer::CannotInTime).then(|| "备件未到货".into()),
            similar_check: None,
            system_measures: None,
            supervisor: None,
            claimed_on: (answer == ReplyAnswer::Rectified).then(|| day("2026-09-01")),
            proposed_due: (answer != ReplyAnswer::Rectified).then(|| day("2026-12-31")),
        }
    }

    fn facts(answers: &[Option<ReplyAnswer>], settled: &[usize]) -> Facts {
        let line = |(n, answer): (usize, &Option<ReplyAnswer>)| FactLine {
            number: format!("440105007-2026-{:04}", n + 1),
            facility: "海幢颐康服务站".into(),
            problem: format!("灭火器压力不足（第{}处）", n + 1),
            settled: settled.contains(&n),
            said: answer.map(said),
        };
        Facts {
            unit: "海幢街道办事处".into(),
            authority: "示例区民政局".into(),
            letter_title: "示例区民政局关于居家社区养老服务设施质量检查情况的提醒函".into(),
            letter_number: "演示函〔2026〕1号".into(),
            supplementary: false,
            number: None,
            replied_on: None,
            today: day("2026-09-02"),
            remarks: None,
            watermark: None,
            lines: answers.iter().enumerate().map(line).collect(),
        }
    }

    fn text(reply: &ReplyLetter) -> String {
        reply.body.iter().map(|p| format!("{}{}\n", p.lead, p.text)).collect()
    }

    #[test]
    fn counts_are_taken_from_the_rows() {
        use ReplyAnswer::{CannotInTime as C, InProgress as P, Rectified as R};
        let reply = compose(&facts(&[Some(R), Some(R), Some(P), Some(C), None, None], &[4]));
        let said = text(&reply);
        assert_eq!(reply.rows.len(), 4);
        assert!(said.contains("共6个，本次答复4个，其中已整改2个、整改中1个、无法按期1个"), "{said}");
        assert!(said.contains("；1个已销号、撤销或终结，不再答复；1个另行答复。"), "{said}");
        assert!(said.contains("未完成整改的问题共2个"), "{said}");
        assert_eq!(reply.rows[0].day, "2026年9月1日完成");
        assert_eq!(reply.rows[3].said, "已更换灭火器；原因：备件未到货");
        assert_eq!(reply.rows[3].day, "申请延至2026年12月31日");
    }

    #[test]
    fn blanks_where_nothing_is_given_yet() {
        let mut facts = facts(&[Some(ReplyAnswer::Rectified)], &[]);
        let draft = compose(&facts);
        assert_eq!(
            (draft.number.as_str(), draft.day.as_str()),
            ("\u{3000}\u{3000}〔2026〕\u{3000}号", "2026年\u{3000}月\u{3000}日")
        );
        (facts.number, facts.replied_on) = (Some("海幢街函〔2026〕5号".into()), Some(day("2026-09-02")));
        let sent = compose(&facts);
        assert_eq!((sent.number.as_str(), sent.day.as_str()), ("海幢街函〔2026〕5号", "2026年9月2日"));
        assert!(!text(&sent).contains("未完成"), "nothing is left undone");
    }

    #[test]
    fn a_letter_that_found_nothing_is_answered_too() {
        let reply = compose(&facts(&[], &[]));
        assert!(reply.rows.is_empty() && text(&reply).contains("来函未列须整改的问题。"));
    }

    #[test]
    fn the_pdf_tells_every_line_and_is_the_same_every_time() {
        use crate::letters::typeset::Typesetter;
        let fonts = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts"));
        let typesetter = Typesetter::new(fonts, None).unwrap();
        let answers = [ReplyAnswer::Rectified, ReplyAnswer::InProgress, ReplyAnswer::CannotInTime].map(Some);
        let reply = compose(&facts(&answers.repeat(8), &[]));
        let pdf = typesetter.reply(&reply).unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf == typesetter.reply(&reply).unwrap());
        let runs: Vec<String> =
            typesetter.reply_layout(&reply).unwrap().into_iter().map(|run| run.text).collect();
        let all: String = runs.concat().replace('\u{200b}', "");
        for row in &reply.rows {
            assert!(
                all.contains(&row.number.replace('-', "")) || all.contains(&row.number),
                "{}",
                row.number
            );
        }
        assert!(all.contains("共24个") && all.contains("（共24项）"), "{all}");
    }
}
