//! The ledger as a table for Excel: UTF-8 with a byte-order mark, every cell quoted, and no cell that a spreadsheet would take for
//! a formula.

use super::rows::{LedgerRow, rows_of};
use crate::access::Holder;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::findings::FindingFilter;
use crate::findings::attribution::Party;
use crate::findings::store as findings;
use crate::ids::FindingId;
use chrono::{DateTime, NaiveDate, Utc};

/// Rows of a table at the most.
const MOST: usize = 50_000;
/// Findings read at once.
const CHUNK: i64 = 500;

/// A table.
#[derive(Debug, Clone)]
pub struct CsvTable {
    /// Its day.
    pub as_of: NaiveDate,
    /// The file.
    pub text: String,
}

const HEADINGS: [&str; 29] = [
    "编号",
    "来源",
    "设施",
    "街道",
    "检查项",
    "等级",
    "问题",
    "整改措施",
    "责任单位",
    "责任岗位",
    "责任人",
    "发现日期",
    "原期限",
    "现期限",
    "状态",
    "是否逾期",
    "申报完成日期",
    "申报收到日期",
    "销号日期",
    "销号人",
    "证明材料已收",
    "证明材料应收",
    "运营机构天数",
    "街道天数",
    "民政局天数",
    "其他天数",
    "重复于",
    "重复次数",
    "问题组及例外",
];

/// The ledger within somebody's reach as a table.
///
/// # Errors
/// `too_many_rows`.
pub fn export(
    conn: &mut AnyConn,
    by: &Holder,
    filter: &FindingFilter,
    now: DateTime<Utc>,
) -> Outcome<CsvTable> {
    let as_of = business_date(now);
    let mut table = begun();
    let mut headings: Vec<String> = HEADINGS.iter().map(|h| (*h).to_string()).collect();
    headings.push("截至日期".into());
    write_line(&mut table, &headings)?;
    let (mut after, mut count): (Option<FindingId>, usize) = (None, 0);
    loop {
        let rows = findings::list(conn, &by.scope, filter, after, CHUNK)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        count += rows.len();
        if count > MOST {
            let detail = format!("超过 {MOST} 行，请缩小范围后导出");
            return Err(Fault::invalid("", "too_many_rows", detail));
        }
        for row in rows_of(conn, by, rows, now)? {
            let mut cells = cells(&row).to_vec();
            cells.push(as_of.to_string());
            write_line(&mut table, &cells)?;
        }
    }
    Ok(CsvTable { as_of, text: ended(table)? })
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn cells(r: &LedgerRow) -> [String; HEADINGS.len()] {
    let days = |party: Party| r.days.get(&party).copied().unwrap_or(0).to_string();
    let groups = r.groups.iter().map(|g| g.title.as_str());
    let marks: Vec<&str> = groups.chain(r.exceptions.iter().map(|e| e.label())).collect();
    [
        r.number.clone(),
        r.source.label().into(),
        r.facility_name.clone(),
        r.street_name.clone(),
        r.item_code.clone(),
        r.severity.label().into(),
        r.problem.clone(),
        shown(r.measure.as_ref()),
        r.responsible_unit.clone(),
        r.responsible_post.clone(),
        r.responsible_person.clone(),
        r.found_on.to_string(),
        shown(r.due_original),
        shown(r.due_on),
        r.state.label().into(),
        if r.overdue { "是" } else { "否" }.into(),
        shown(r.claimed_on),
        shown(r.claim_received_on),
        shown(r.closed_on),
        shown(r.closed_by.as_ref()),
        r.proofs_received.to_string(),
        r.proofs_expected.to_string(),
        days(Party::Operator),
        days(Party::Street),
        days(Party::Bureau),
        days(Party::Other),
        shown(r.repeat_of_number.as_ref()),
        r.repeats.to_string(),
        marks.join("；"),
    ]
}

fn write_line(table: &mut csv::Writer<Vec<u8>>, cells: &[String]) -> Outcome<()> {
    table.write_record(cells.iter().map(|cell| defused(cell))).map_err(Fault::internal)
}

/// Every cell quoted, lines ended as Excel ends them, and a mark by which it knows UTF-8.
fn begun() -> csv::Writer<Vec<u8>> {
    let mut table = csv::WriterBuilder::new();
    table.quote_style(csv::QuoteStyle::Always).terminator(csv::Terminator::CRLF);
    table.from_writer("\u{feff}".into())
}

fn ended(table: csv::Writer<Vec<u8>>) -> Outcome<String> {
    let bytes = table.into_inner().map_err(|e| Fault::internal(e.error()))?;
    String::from_utf8(bytes).map_err(Fault::internal)
}

/// A spreadsheet takes what begins so for a formula; an apostrophe makes it text.
fn defused(cell: &str) -> String {
    let dangerous = cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']);
    if dangerous { format!("'{cell}") } else { cell.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠1", "\t=1", "\r=1", "\n=1"]
        {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for plain in ["", "a=1", "440105007-2026-0001", "疏散通道", "'=1", " =1"] {
            assert_eq!(defused(plain), plain);
        }
    }

    #[test]
    fn every_cell_is_quoted() {
        let mut table = begun();
        let cells = ["a,b".into(), "他说\"好\"".into(), "=HYPERLINK(\"x\")".into(), "两\n行".into()];
        write_line(&mut table, &cells).unwrap();
        let text = ended(table).unwrap();
        let text = text.strip_prefix('\u{feff}').expect("the mark of UTF-8");
        assert_eq!(text, "\"a,b\",\"他说\"\"好\"\"\",\"'=HYPERLINK(\"\"x\"\")\",\"两\n行\"\r\n");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(row.iter().collect::<Vec<_>>(), ["a,b", "他说\"好\"", "'=HYPERLINK(\"x\")", "两\n行"]);
    }
}
