//! The task sheet 任务单 of an operator: what a street can forward as it is. Its unsettled findings with number, place,
//! problem, day and what proves that it is put right; as text or as a PDF. Made when it is asked for and kept nowhere.
//! A third party's advice that the bureau has not confirmed is not on it.

use super::typeset::TypesetFault;
use crate::access::Scope;
use crate::app::App;
use crate::checklists::{Proof, Severity};
use crate::clock::business_date;
use crate::config::Config;
use crate::db::AnyConn;
use crate::db::page::PageAsk;
use crate::directory::facilities::{self, FacilityView};
use crate::directory::store::FacilityFilter;
use crate::fault::{Fault, Outcome};
use crate::findings::{self, FindingFilter, FindingView};
use crate::ids::{AreaId, FacilityId};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::Serialize;

/// Lines of a sheet at the most.
const MAX_LINES: usize = 300;

/// Whose sheet.
#[derive(Debug, Clone)]
pub enum Whose {
    /// All facilities of an operator, in one street where it is named.
    Operator {
        /// Its name, as the roster has it.
        name: String,
        /// The street.
        street_id: Option<AreaId>,
    },
    /// One facility.
    Facility(FacilityId),
}

/// A line of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The finding's number.
    pub number: String,
    /// The facility.
    pub facility: String,
    /// What was seen.
    pub problem: String,
    /// 重大, where it is; of the other grades one is internal and the other goes without saying.
    pub grade: Option<&'static str>,
    /// Last day, as people write it.
    pub due: String,
    /// That day has passed.
    pub overdue: bool,
    /// Where it stands.
    pub standing: &'static str,
    /// What proves that it is put right.
    pub proof: &'static str,
}

/// A task sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskSheet {
    /// Whose.
    pub operator: String,
    /// The day on which it was made, as people write it.
    pub day: String,
    /// The same as year, month and day.
    pub date: (i32, u32, u32),
    /// Whose ledger it is taken from.
    pub authority: String,
    /// Printed across the pages of a demo.
    pub watermark: Option<String>,
    /// The findings, the most urgent first.
    pub lines: Vec<Line>,
}

/// Reads a sheet within a scope.
///
/// # Errors
/// Missing where no such facility or operator is within reach; `sheet_too_long`.
pub fn task_sheet(
    conn: &mut AnyConn,
    scope: &Scope,
    whose: &Whose,
    config: &Config,
    now: DateTime<Utc>,
) -> Outcome<TaskSheet> {
    let today = business_date(now);
    let facilities = facilities_of(conn, scope, whose)?;
    let first = facilities.first().ok_or_else(|| Fault::missing("运营机构"))?;
    let operator = first.operator_name.clone();
    let mut found = vec![];
    for facility in &facilities {
        // All that is not settled, but advice that the bureau has not confirmed.
        let filter = FindingFilter { facility_id: Some(facility.id), to_settle: true, ..Default::default() };
        every(|ask| findings::list(conn, scope, &filter, ask, now), &mut found)?;
    }
    if found.len() > MAX_LINES {
        let detail = format!("未销号问题共{}个，超过任务单上限{MAX_LINES}个，请按设施分别生成", found.len());
        return Err(Fault::refused("sheet_too_long", detail));
    }
    found.sort_by(|a, b| {
        (a.due_on.is_none(), a.due_on, &a.number).cmp(&(b.due_on.is_none(), b.due_on, &b.number))
    });
    Ok(TaskSheet {
        operator,
        day: written(today),
        date: (today.year(), today.month(), today.day()),
        authority: config.authority.name.clone(),
        watermark: config.watermark.clone(),
        lines: found.into_iter().map(line).collect(),
    })
}

fn facilities_of(conn: &mut AnyConn, scope: &Scope, whose: &Whose) -> Outcome<Vec<FacilityView>> {
    let places = scope.places();
    match whose {
        Whose::Facility(id) => Ok(vec![facilities::find(conn, &places, *id)?]),
        Whose::Operator { name, street_id } => {
            let filter = FacilityFilter {
                operator_name: Some(name.clone()),
                street_id: *street_id,
                ..Default::default()
            };
            let mut all = vec![];
            every(|ask| facilities::list(conn, &places, &filter, ask), &mut all)?;
            Ok(all)
        }
    }
}

/// The sheet as a PDF.
///
/// # Errors
/// `missing_glyph` naming a character that no font has; otherwise as [`TypesetFault::told`] has it.
pub fn pdf(app: &App, sheet: &TaskSheet) -> Outcome<Vec<u8>> {
    app.typesetter.sheet(sheet).map_err(|fault| match fault {
        TypesetFault::MissingGlyph { .. } => Fault::refused("missing_glyph", fault.to_string()),
        other => other.told(""),
    })
}

/// All rows of a list, page by page.
fn every<T>(
    mut list: impl FnMut(&PageAsk) -> Outcome<crate::db::page::Page<T>>,
    into: &mut Vec<T>,
) -> Outcome<()> {
    let mut ask = PageAsk { limit: Some(100), cursor: None };
    loop {
        let page = list(&ask)?;
        into.extend(page.items);
        match page.next_cursor {
            Some(cursor) => ask.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}

fn written(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

fn line(f: FindingView) -> Line {
    Line {
        grade: (f.severity == Severity::Major).then_some("重大"),
        due: f.due_on.map_or_else(|| "送达后确定".into(), written),
        overdue: f.overdue,
        standing: f.state.label(),
        proof: proof(f.proof),
        number: f.number,
        facility: f.facility_name,
        problem: f.description,
    }
}

/// What is to be shown.
fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Photo => "同一位置整改后的照片",
        Proof::Document => "证明材料（照片或PDF）",
        Proof::Headcount => "整改说明；检查人员到场清点",
        Proof::Revisit => "整改说明；检查人员工作日复访",
    }
}

impl TaskSheet {
    /// The sheet as plain text.
    pub fn text(&self) -> String {
        let mut text = format!("整改任务单\n运营机构：{}\n制表日期：{}\n", self.operator, self.day);
        if self.lines.is_empty() {
            text.push_str("\n目前没有未销号的问题。\n");
        }
        for (n, line) in (1..).zip(&self.lines) {
            let grade = line.grade.map(|grade| format!("【{grade}】")).unwrap_or_default();
            let overdue = if line.overdue { "（已逾期）" } else { "" };
            text.push_str(&format!(
                "\n{n}. {}　编号{}\n   问题：{grade}{}\n   期限：{}{overdue}　现状：{}\n   佐证：{}\n",
                line.facility, line.number, line.problem, line.due, line.standing, line.proof
            ));
        }
        text.push_str(&format!("\n以上摘自{}问题台账，整改后请在系统中申报并上传佐证。\n", self.authority));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> TaskSheet {
        let line = |n: u32, overdue: bool| Line {
            number: format!("440105007-2026-{n:04}"),
            facility: "海幢颐康服务站".into(),
            problem: "灭火器压力不足，指针在红区".into(),
            grade: overdue.then_some("重大"),
            due: "2026年9月30日".into(),
            overdue,
            standing: "待整改",
            proof: "同一位置整改后的照片",
        };
        TaskSheet {
            operator: "示例养老服务中心".into(),
            day: "2026年9月1日".into(),
            date: (2026, 9, 1),
            authority: "示例区民政局".into(),
            watermark: None,
            lines: vec![line(1, true), line(2, false)],
        }
    }

    #[test]
    fn the_text_tells_every_line_and_orders_nothing() {
        let text = sheet().text();
        assert!(text.contains("1. 海幢颐康服务站　编号440105007-2026-0001"), "{text}");
        assert!(text.contains("（已逾期）") && text.contains("问题：【重大】灭火器压力不足"), "{text}");
        assert_eq!(text.matches("佐证：同一位置整改后的照片").count(), 2);
        assert!(!text.contains("责令"));
        let empty = TaskSheet { lines: vec![], ..sheet() };
        assert!(empty.text().contains("没有未销号的问题"));
    }

    #[test]
    fn the_pdf_of_a_few_lines_is_one_page_and_the_same_every_time() {
        let fonts = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts"));
        let typesetter = super::super::typeset::Typesetter::new(fonts, None).unwrap();
        let pdf = typesetter.sheet(&sheet()).unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf == typesetter.sheet(&sheet()).unwrap());
        let runs = typesetter.sheet_layout(&sheet()).unwrap();
        assert!(runs.iter().all(|run| run.page == 1) && runs.iter().any(|run| run.text.contains("已逾期")));
    }
}
