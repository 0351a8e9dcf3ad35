//! Reading CSV tables that people made: Chinese or English headers, a byte-order mark, any line ending. Nothing is
//! guessed; whatever is wrong is reported by row, column and reason, all of it at once. PURE.

use std::collections::BTreeMap;

/// One thing that is wrong in a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CellFault {
    /// Line in the file, from 1 (the header).
    pub line: u64,
    /// The column as headed in the file, empty for the whole row.
    pub column: String,
    /// Stable code.
    pub code: &'static str,
    /// In Chinese.
    pub reason: String,
}

/// A column: its name in the code, the headers that it may bear, and whether it must be there.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name in the code, also accepted as header.
    pub name: &'static str,
    /// Other headers that it may bear.
    pub also: &'static [&'static str],
    /// The file must have it.
    pub required: bool,
    /// Longest text, in characters.
    pub longest: usize,
}

/// What was read.
#[derive(Debug, Clone)]
pub struct Parsed<R> {
    /// The good rows.
    pub rows: Vec<R>,
    /// What is wrong.
    pub faults: Vec<CellFault>,
}

/// One line under its header, while it is being read.
pub struct Line<'a> {
    /// Line in the file.
    pub number: u64,
    cells: BTreeMap<&'static str, (&'a str, &'a str)>,
    faults: &'a mut Vec<CellFault>,
}

impl Line<'_> {
    /// The text of a column, trimmed; empty when the file has no such column.
    pub fn text(&self, name: &str) -> &str {
        self.cells.get(name).map_or("", |(_, text)| text)
    }

    /// Reports something wrong in a column.
    pub fn fault(&mut self, name: &str, code: &'static str, reason: impl Into<String>) {
        let column = self.cells.get(name).map_or(name, |(header, _)| header).to_string();
        self.faults.push(CellFault { line: self.number, column, code, reason: reason.into() });
    }

    /// The text of a column that may not be empty.
    pub fn needed(&mut self, name: &str) -> String {
        let text = self.text(name).to_string();
        if text.is_empty() {
            self.fault(name, "empty", "不能为空");
        }
        text
    }

    /// A parsed value; `None` when empty, and also (with a report) when it cannot be read.
    pub fn parsed<T>(&mut self, name: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name).to_string();
        if text.is_empty() {
            return None;
        }
        let value = parse(&text);
        if value.is_none() {
            self.fault(name, "unreadable", format!("“{text}”应为{wanted}"));
        }
        value
    }
}

/// Reads a table; `read` makes a row of a line, or none after reporting why not.
pub fn read<R>(
    bytes: &[u8],
    columns: &[Column],
    mut read: impl FnMut(&mut Line<'_>) -> Option<R>,
) -> Parsed<R> {
    let whole = |code, reason: &str| Parsed {
        rows: vec![],
        faults: vec![CellFault { line: 1, column: String::new(), code, reason: reason.into() }],
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return whole("not_utf8", "文件不是 UTF-8 编码，请在表格软件中另存为“CSV UTF-8”");
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records();
    let Some(Ok(header)) = records.next() else { return whole("no_header", "文件为空，缺少表头") };
    let mut faults = vec![];
    let places = place_headers(&header, columns, &mut faults);
    let mut rows = vec![];
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                let line = e.position().map_or(0, |at| line_of(text, at));
                let reason = "引号不配对，无法读取".to_string();
                faults.push(CellFault { line, column: String::new(), code: "unreadable", reason });
                continue;
            }
        };
        let number = record.position().map_or(0, |at| line_of(text, at));
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let before = faults.len();
        if record.len() != header.len() {
            let reason = format!("有 {} 列，表头有 {} 列", record.len(), header.len());
            faults.push(CellFault { line: number, column: String::new(), code: "ragged", reason });
        }
        let cells = places
            .iter()
            .map(|(column, place)| {
                let text = record.get(*place).unwrap_or("").trim();
                if text.chars().count() > column.longest || text.contains('\0') {
                    let reason = format!("超过 {} 个字符或含有无效字符", column.longest);
                    let column = header[*place].to_string();
                    faults.push(CellFault { line: number, column, code: "too_long", reason });
                }
                (column.name, (header.get(*place).unwrap_or("").trim(), text))
            })
            .collect();
        let row = read(&mut Line { number, cells, faults: &mut faults });
        if faults.len() == before {
            rows.extend(row);
        }
    }
    Parsed { rows, faults }
}

/// The line on which a record begins. The reader's position lies before the line feed of a preceding CRLF and before
/// empty lines, which it skips.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let from = usize::try_from(at.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let skipped = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
    at.line() + skipped as u64
}

fn place_headers<'c>(
    header: &csv::StringRecord,
    columns: &'c [Column],
    faults: &mut Vec<CellFault>,
) -> Vec<(&'c Column, usize)> {
    let mut places: Vec<(&Column, usize)> = vec![];
    for (place, said) in header.iter().enumerate() {
        let said = said.trim();
        let named = columns.iter().find(|c| c.name.eq_ignore_ascii_case(said) || c.also.contains(&said));
        let mut report = |code, reason: String| {
            faults.push(CellFault { line: 1, column: said.to_string(), code, reason });
        };
        match named {
            None => report("unknown_column", format!("不认识的表头“{said}”")),
            Some(c) if places.iter().any(|(p, _)| p.name == c.name) => {
                report("duplicate_column", format!("表头“{said}”重复"));
            }
            Some(c) => places.push((c, place)),
        }
    }
    for column in columns.iter().filter(|c| c.required) {
        if !places.iter().any(|(p, _)| p.name == column.name) {
            let shown = column.also.first().unwrap_or(&column.name);
            let reason = format!("缺少表头“{shown}”（或 {}）", column.name);
            faults.push(CellFault { line: 1, column: column.name.into(), code: "missing_column", reason });
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column { name: "code", also: &["编码"], required: true, longest: 5 },
        Column { name: "name", also: &["名称"], required: true, longest: 5 },
    ];

    fn codes(bytes: &[u8]) -> (usize, Vec<(u64, String, &'static str)>) {
        let parsed = read(bytes, &COLUMNS, |line| Some((line.needed("code"), line.needed("name"))));
        (parsed.rows.len(), parsed.faults.into_iter().map(|f| (f.line, f.column, f.code)).collect())
    }

    #[test]
    fn good_tables_in_either_language() {
        assert_eq!(codes("\u{feff}编码,名称\r\n1,\"甲\r\n乙\"\r\n\r\n2,乙\r\n".as_bytes()), (2, vec![]));
        assert_eq!(codes(b"Code,NAME\n1,a\n"), (1, vec![]));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let (rows, faults) = codes("编码,名称,别的\n1,,x\n2,太长的名称了,x\n3\n".as_bytes());
        assert_eq!(rows, 0);
        let named = |line, column: &str, code| (line, column.to_string(), code);
        assert_eq!(
            faults,
            [
                named(1, "别的", "unknown_column"),
                named(2, "名称", "empty"),
                named(3, "名称", "too_long"),
                named(4, "", "ragged"),
                named(4, "名称", "empty"),
            ]
        );
        assert_eq!(codes(b"name\n\xff\n").1[0].2, "not_utf8");
        assert_eq!(codes(b"").1[0].2, "no_header");
        assert_eq!(codes("名称,name\n".as_bytes()).1.len(), 2);
    }
}
