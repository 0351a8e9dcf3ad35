//! A letter as it is printed, complete: this is the snapshot that is frozen when the drafter submits, and all that the
//! typesetter gets. Later changes of the ledger do not reach it; only the issue adds a number and the day.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

/// A reminder letter 提醒函.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// Who writes: at the head and above the date.
    pub authority: String,
    /// The word of the number 机关代字.
    pub doc_word: String,
    /// 发文字号, from the issue on.
    pub number: Option<String>,
    /// The title, broken into lines that keep words whole.
    pub title: Vec<String>,
    /// The addressee 主送机关, without the colon.
    pub recipient: String,
    /// The text.
    pub body: Vec<Paragraph>,
    /// What this campaign found 存在问题清单; none when nothing was found.
    pub issues: Option<Annex<IssueRow>>,
    /// 考核指标完成情况表.
    pub indicators: Option<Annex<IndicatorRow>>,
    /// What is left from before 前期未销号问题清单.
    pub carried_over: Option<Annex<IssueRow>>,
    /// The day of the issue 成文日期; until then the day of the facts, which is not printed.
    pub date: NaiveDate,
    /// The contact line; may be empty.
    pub contact: String,
    /// Who gets a copy 抄送, in order; mostly nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Where a copy of the letter can be checked, as a QR code at the foot of the last page of the annexes; mostly none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_link: Option<String>,
    /// Printed in light grey across every page.
    pub watermark: Option<String>,
}

/// How a paragraph is set (GB/T 9704-2012, 7.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 一、 in 黑体, alone on its line.
    Heading,
    /// （一） in 楷体, running on into its text.
    Point,
    /// Text.
    Plain,
}

/// A paragraph of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paragraph {
    /// How it is set.
    pub level: Level,
    /// The number and title of a heading or point; empty in plain text.
    pub lead: String,
    /// What it says.
    pub text: String,
}

/// An annex 附件: one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annex<Row> {
    /// How the text refers to it, e.g. 附件1.
    pub label: String,
    /// Its name in the list of annexes.
    pub title: String,
    /// Its title at the head of its page, broken into lines.
    pub heading: Vec<String>,
    /// The line over the table.
    pub note: String,
    /// The rows, in order, never empty.
    pub rows: Vec<Row>,
}

/// A row of an issue list. The text's counts are taken from these rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueRow {
    /// The finding's number in the ledger.
    pub number: String,
    /// 设施名称.
    pub facility: String,
    /// 类别.
    pub category: String,
    /// 存在问题.
    pub problem: String,
    /// Verified legal basis.
    pub basis: Vec<String>,
    /// 原期限 as printed.
    pub due: String,
    /// A deadline has been set.
    pub dated: bool,
    /// 现状 as printed.
    pub standing: String,
    /// Struck off the ledger 销号.
    pub closed: bool,
    /// Ended because its place changed 终结: neither struck off nor open.
    #[serde(default)]
    pub ended: bool,
    /// Its deadline has passed and it is not struck off.
    pub overdue: bool,
    /// Its clock stands still 申诉、停工.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// It runs to another day than the original one 延期; both are printed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// Its deadline is printed as 暂定.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// 重复出现.
    pub repeat: bool,
    /// SHA-256 of its photo.
    pub photo: Option<String>,
}

/// A row of the indicators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorRow {
    /// 指标.
    pub name: String,
    /// 目标.
    pub target: String,
    /// 完成.
    pub value: String,
    /// 完成率.
    pub rate: String,
    /// 截至, as printed; empty in letters of before.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub as_of: String,
    /// 位次 among the streets of the campaign, e.g. 3/18; empty unless the settings compare streets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

impl Letter {
    /// The letter with its number and day, as it goes out.
    #[must_use]
    pub fn issued(self, number: &str, date: NaiveDate) -> Self {
        Self { number: Some(number.to_owned()), date, ..self }
    }

    /// The number as printed; before the issue with a blank, e.g. 演示函〔2026〕　号.
    pub fn printed_number(&self) -> String {
        let blank = || format!("{}〔{}〕\u{3000}号", self.doc_word, self.date.year());
        self.number.clone().unwrap_or_else(blank)
    }

    /// The day as printed; before the issue with blanks.
    pub fn printed_date(&self) -> String {
        match self.number {
            Some(_) => printed_date(self.date),
            None => format!("{}年\u{3000}月\u{3000}日", self.date.year()),
        }
    }

    /// The photos that it prints, each once, in order (SHA-256).
    pub fn photo_hashes(&self) -> Vec<String> {
        let mut hashes: Vec<String> = vec![];
        for row in self.issues.iter().chain(&self.carried_over).flat_map(|annex| &annex.rows) {
            match &row.photo {
                Some(hash) if !hashes.contains(hash) => hashes.push(hash.clone()),
                _ => {}
            }
        }
        hashes
    }

    /// The whole letter as lines: title, addressee, paragraphs, and each row of the annexes. What a difference is shown of.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.title.concat(), format!("{}：", self.recipient)];
        lines.extend(self.body.iter().map(|p| format!("{}{}", p.lead, p.text)));
        for annex in self.issues.iter().chain(&self.carried_over) {
            lines.push(format!("{} {}", annex.label, annex.title));
            lines.extend(annex.rows.iter().map(|r| {
                format!("{} {} {} {} {} {}", r.number, r.facility, r.category, r.problem, r.due, r.standing)
            }));
        }
        if let Some(annex) = &self.indicators {
            lines.push(format!("{} {}", annex.label, annex.title));
            lines.extend(annex.rows.iter().map(|r| {
                [&*r.name, &r.target, &r.value, &r.rate, &r.as_of, &r.place].join(" ").trim_end().to_owned()
            }));
        }
        lines.extend(self.cc.iter().map(|name| format!("抄送：{name}")));
        lines
    }

    /// The text without its annexes, a paragraph a line.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.body.iter().map(|p| format!("{}{}", p.lead, p.text)).collect();
        lines.join("\n")
    }
}

/// A day as official documents print it: Arabic figures without leading zeros (GB/T 9704-2012, 7.3.5.4).
pub(super) fn printed_date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

#[cfg(test)]
mod tests {
    use super::super::compose::compose;
    use super::super::compose::samples::facts;
    use super::*;

    #[test]
    fn a_blank_before_the_issue_and_a_number_after() {
        let draft = compose(&facts(2, 0)).unwrap();
        assert_eq!(draft.printed_number(), "演示函〔2026〕\u{3000}号");
        assert_eq!(draft.printed_date(), "2026年\u{3000}月\u{3000}日");
        let day = NaiveDate::from_ymd_opt(2026, 10, 8).unwrap();
        let issued = draft.clone().issued("演示函〔2026〕1号", day);
        assert_eq!(issued.printed_number(), "演示函〔2026〕1号");
        assert_eq!(issued.printed_date(), "2026年10月8日");
        assert_eq!((issued.body, issued.issues), (draft.body, draft.issues));
    }

    #[test]
    fn a_snapshot_comes_back_as_it_was() {
        let letter = compose(&facts(9, 2)).unwrap();
        let kept = serde_json::to_string(&letter).unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&kept).unwrap(), letter);
    }

    #[test]
    fn each_photo_once() {
        let mut facts = facts(4, 1);
        let photo = facts.lines[0].photo.clone();
        facts.lines[2].photo = photo;
        facts.lines[1].photo = None;
        let letter = compose(&facts).unwrap();
        let rows: Vec<String> = facts
            .lines
            .iter()
            .chain(&facts.carried_over)
            .filter_map(|l| l.photo.clone())
            .map(|p| p.sha256)
            .collect();
        let hashes = letter.photo_hashes();
        assert_eq!(hashes.len(), 3);
        assert!(rows.iter().all(|hash| hashes.contains(hash)));
    }
}
