//! Each figure of a letter leads to its rows: PURE. A figure is counted from rows of an annex; here they are named, so that
//! whoever doubts one can go and look.

use super::letter::{Annex, IssueRow, Letter};

/// A figure and the findings that it counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterFigure {
    /// The annex that it is counted from, e.g. 附件1.
    pub annex: String,
    /// What is counted, in Chinese.
    pub what: String,
    /// The figure as the text prints it.
    pub value: usize,
    /// The numbers of the findings that it counts; of facilities, those found there.
    pub findings: Vec<String>,
}

/// All figures of a letter that count findings, and those that count their facilities.
pub fn figures(letter: &Letter) -> Vec<LetterFigure> {
    let mut figures = vec![];
    if let Some(annex) = &letter.issues {
        of(annex, "发现问题", |_| true, &mut figures);
        of(annex, "已销号", |r| r.closed, &mut figures);
        of(annex, "未销号", |r| !r.closed && !r.ended, &mut figures);
        of(annex, "已终结", |r| r.ended, &mut figures);
        of(annex, "已逾期", |r| r.overdue, &mut figures);
        of(annex, "重复出现", |r| r.repeat, &mut figures);
        let mut categories: Vec<&str> = annex.rows.iter().map(|r| r.category.as_str()).collect();
        categories.sort_unstable();
        categories.dedup();
        for category in categories {
            of(annex, &format!("{category}方面"), |r| r.category == category, &mut figures);
        }
        facilities(annex, &mut figures);
    }
    if let Some(annex) = &letter.carried_over {
        of(annex, "前期未销号", |_| true, &mut figures);
        of(annex, "前期已逾期", |r| r.overdue, &mut figures);
        facilities(annex, &mut figures);
    }
    figures
}

fn of(annex: &Annex<IssueRow>, what: &str, test: impl Fn(&IssueRow) -> bool, into: &mut Vec<LetterFigure>) {
    let findings: Vec<String> = annex.rows.iter().filter(|r| test(r)).map(|r| r.number.clone()).collect();
    into.push(LetterFigure {
        annex: annex.label.clone(),
        what: what.into(),
        value: findings.len(),
        findings,
    });
}

fn facilities(annex: &Annex<IssueRow>, into: &mut Vec<LetterFigure>) {
    let mut names: Vec<&str> = annex.rows.iter().map(|r| r.facility.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let findings = annex.rows.iter().map(|r| r.number.clone()).collect();
    into.push(LetterFigure {
        annex: annex.label.clone(),
        what: "涉及设施".into(),
        value: names.len(),
        findings,
    });
}
