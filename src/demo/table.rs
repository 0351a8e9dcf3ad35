//! What the demo says at its end.

use super::play::Quarter;
use super::seed::Person;
use crate::access::Role;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The figures of the quarter.
pub struct Outcome {
    rows: Vec<[String; 7]>,
    people: Vec<Person>,
}

const HEAD: [&str; 7] = ["街道", "设施", "已检查", "问题", "已销号", "逾期", "发文字号"];

impl Outcome {
    /// Reads the figures from the API.
    ///
    /// # Errors
    /// What the server answered.
    pub fn read(quarter: &Quarter, campaign: &str, letters: &[Value]) -> Result<Self, String> {
        let reviewer = quarter.session_of(Role::Reviewer, None, 0)?;
        let streets = reviewer.get(&format!("/compliance/streets?campaign_id={campaign}"))?;
        let streets = streets["items"].as_array().cloned().unwrap_or_default();
        let mut rows: Vec<[String; 7]> = vec![];
        let mut sums = [0_i64; 5];
        for street in &streets {
            let figures = ["planned", "inspected", "findings", "closed", "overdue"]
                .map(|f| street[f].as_i64().unwrap_or(0));
            let letter = letters.iter().find(|l| l["street_id"] == street["street_id"]);
            let number = letter.and_then(|l| l["number"].as_str()).unwrap_or("—").to_string();
            let name = street["street_name"].as_str().unwrap_or("").to_string();
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
            rows.push(row(name, figures, number));
        }
        rows.push(row("合计".into(), sums, format!("{} 份", letters.len())));
        Ok(Self { rows, people: quarter.people().to_vec() })
    }

    /// Prints the table, the passwords, and where to look.
    pub fn print(&self, data: &Path, took: Duration) {
        println!("\n{}", line(&HEAD.map(String::from)));
        self.rows.iter().for_each(|row| println!("{}", line(row)));
        println!("\n演示账号（密码只显示这一次）：");
        for person in &self.people {
            let m = &person.member;
            println!(
                "  {} {} {}  {}",
                pad(m.role.label(), 14),
                pad(&m.username, 16),
                person.password,
                m.display_name
            );
        }
        println!("\n用时 {:.1} 秒。提醒函（PDF）在 {}", took.as_secs_f64(), data.join("letters").display());
        println!("查看数据：cargo run --release -- serve，然后打开 http://127.0.0.1:8080/docs");
    }
}

fn row(name: String, figures: [i64; 5], number: String) -> [String; 7] {
    let [planned, inspected, findings, closed, overdue] = figures.map(|f| f.to_string());
    [name, planned, inspected, findings, closed, overdue, number]
}

/// Widths of the columns; the figures stand on the right.
const COLUMNS: [(usize, bool); 7] =
    [(12, false), (6, true), (8, true), (6, true), (8, true), (6, true), (22, false)];

fn line(cells: &[String; 7]) -> String {
    let cell = |(text, (width, right)): (&String, (usize, bool))| {
        if right { format!("{}{text}", padding(text, width)) } else { format!("  {}", pad(text, width)) }
    };
    cells.iter().zip(COLUMNS).map(cell).collect::<String>().trim_end().to_string()
}

/// Pads on the right to a width in terminal columns.
fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", padding(text, width))
}

fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(columns(text)).max(1))
}

/// Terminal columns: East Asian wide and full-width characters take two (UAX #11; no emoji and no half-width forms here).
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [
            HEAD.map(String::from),
            row("江南中街道".into(), [24, 24, 9, 7, 1], "演示函〔2026〕4号".into()),
            row("素社街道".into(), [9, 9, 0, 0, 0], "—".into()),
            row("合计".into(), [373, 373, 124, 100, 12], "18 份".into()),
        ];
        let lines: Vec<String> = rows.iter().map(line).collect();
        // Where the last column begins, and where the first figure ends.
        for (text, cells) in lines.iter().zip(&rows) {
            let head = text.strip_suffix(cells[6].as_str()).unwrap();
            assert_eq!(columns(head), 2 + 12 + 6 + 8 + 6 + 8 + 6 + 2, "{text}");
            let figure = head.find(cells[1].as_str()).unwrap() + cells[1].len();
            assert_eq!(columns(&head[..figure]), 2 + 12 + 6, "{text}");
        }
    }

    #[test]
    fn a_text_too_long_keeps_a_space() {
        assert_eq!(pad("运营机构", 4), "运营机构 ");
        assert_eq!(pad("街道", 6), "街道  ");
    }
}
