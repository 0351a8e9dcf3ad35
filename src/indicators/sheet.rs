//! From a file that somebody made to the text of a CSV: UTF-8, GBK, or the first sheet of an XLSX workbook, told apart by
//! what they are and not by what they are called. A workbook is somebody else's archive: it is unpacked once into nothing
//! under a limit before anything reads it, and its cells are taken one by one, so that neither a small file that unpacks to a
//! huge one nor a cell in the last row of the sheet costs memory.
//!
//! A cell that holds a formula is refused: the file keeps only what the formula came to when some program last reckoned it,
//! and that may be old, or never have been what the person saw. A cell formatted as a percentage holds 0.985 and shows 98.5%;
//! what is shown is what was meant.

use crate::tables::CellFault;
use calamine::{DataRef, Reader as _, Xlsx, XlsxError};
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::panic::AssertUnwindSafe;

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 2 << 20;
/// What a workbook may unpack to, in bytes.
pub const MAX_UNPACKED: u64 = 32 << 20;
/// Rows at the most, the header counted.
pub const MAX_ROWS: usize = 5_001;
/// Columns at the most.
const MAX_COLUMNS: usize = 30;
/// Files within a workbook at the most.
const MAX_PARTS: usize = 200;

fn whole(code: &'static str, reason: impl Into<String>) -> Vec<CellFault> {
    vec![CellFault { line: 1, column: String::new(), code, reason: reason.into() }]
}

/// The file as CSV in UTF-8, line for row.
///
/// # Errors
/// What makes it unreadable: its size, its kind, its encoding, formulas.
pub fn csv_of(bytes: &[u8]) -> Result<String, Vec<CellFault>> {
    if bytes.len() > MAX_BYTES {
        return Err(whole("too_large", format!("文件超过 {} MiB", MAX_BYTES >> 20)));
    }
    let text = if bytes.starts_with(b"PK\x03\x04") { workbook(bytes)? } else { plain(bytes)? };
    if text.lines().count() > MAX_ROWS {
        return Err(whole("too_many_rows", format!("文件超过 {} 行", MAX_ROWS - 1)));
    }
    Ok(text)
}

/// Text in UTF-8, or in the GBK of older table programs. Whatever is neither is refused, never repaired.
fn plain(bytes: &[u8]) -> Result<String, Vec<CellFault>> {
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(whole("old_workbook", "不支持旧版 .xls 或加密的工作簿，请另存为 .xlsx"));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => encoding_rs::GBK
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or_else(|| whole("unreadable_text", "文件编码既不是 UTF-8 也不是 GBK"))?
            .into_owned(),
    };
    match text.contains('\0') {
        true => Err(whole("unreadable_text", "文件含有无效字符，不是文本")),
        false => Ok(text),
    }
}

fn unreadable() -> Vec<CellFault> {
    whole("unreadable_workbook", "工作簿损坏或无法读取，请用表格软件另存为 .xlsx 后重试")
}

/// The first sheet of a workbook.
fn workbook(bytes: &[u8]) -> Result<String, Vec<CellFault>> {
    refuse_bomb(bytes)?;
    // Whatever a crafted workbook does to its reader, it is the file that is refused.
    let read = std::panic::catch_unwind(AssertUnwindSafe(|| first_sheet(bytes)));
    read.unwrap_or_else(|_| Err(unreadable()))
}

/// Unpacks everything into nothing and counts what comes: the sizes that an archive states are not believed.
fn refuse_bomb(bytes: &[u8]) -> Result<(), Vec<CellFault>> {
    let bomb = || whole("too_large_unpacked", format!("工作簿解压后超过 {} MiB", MAX_UNPACKED >> 20));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    if archive.len() > MAX_PARTS {
        return Err(bomb());
    }
    let mut left = MAX_UNPACKED;
    for n in 0..archive.len() {
        let part = archive.by_index(n).map_err(|_| unreadable())?;
        let unpacked = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        left = left.checked_sub(unpacked.map_err(|_| unreadable())?).ok_or_else(bomb)?;
    }
    Ok(())
}

/// A cell as text, where it is.
struct Cell {
    row: usize,
    column: usize,
    text: String,
}

fn first_sheet(bytes: &[u8]) -> Result<String, Vec<CellFault>> {
    let broken = |_: XlsxError| unreadable();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let names = book.sheet_names();
    let (first, others) = names.split_first().ok_or_else(unreadable)?;
    for other in others {
        // A chart has no cells and cannot be read as a sheet.
        let Ok(mut cells) = book.worksheet_cells_reader(other) else { continue };
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            if !matches!(cell.get_value(), DataRef::Empty) {
                return Err(whole("several_sheets", format!("工作表“{other}”也有内容，请只保留一个工作表")));
            }
        }
    }
    let formulas = formulas(&mut book, first)?;
    let cells = cells(&mut book, first)?;
    if !formulas.is_empty() {
        return Err(faults_of(&formulas, &cells));
    }
    Ok(to_csv(&cells))
}

type Book<'b> = Xlsx<Cursor<&'b [u8]>>;

/// Where the formulas are.
fn formulas(book: &mut Book<'_>, sheet: &str) -> Result<BTreeSet<(usize, usize)>, Vec<CellFault>> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|_| unreadable())?;
    let mut found = BTreeSet::new();
    while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(|_| unreadable())? {
        let (row, column) = place(cell.pos)?;
        if cell.formula.is_some() {
            found.insert((row, column));
        }
    }
    Ok(found)
}

fn faults_of(formulas: &BTreeSet<(usize, usize)>, cells: &[Cell]) -> Vec<CellFault> {
    let header = |column: usize| {
        let found = cells.iter().find(|c| c.row == 0 && c.column == column);
        found.map_or_else(String::new, |c| c.text.clone())
    };
    let fault = |(row, column): &(usize, usize)| CellFault {
        line: *row as u64 + 1,
        column: header(*column),
        code: "formula",
        reason: "单元格是公式，请粘贴为数值后再导入".into(),
    };
    formulas.iter().take(100).map(fault).collect()
}

fn place((row, column): (u32, u32)) -> Result<(usize, usize), Vec<CellFault>> {
    let (row, column) = (row as usize, column as usize);
    if row >= MAX_ROWS || column >= MAX_COLUMNS {
        let reason = format!("工作表超过 {} 行或 {MAX_COLUMNS} 列", MAX_ROWS - 1);
        return Err(whole("too_many_rows", reason));
    }
    Ok((row, column))
}

/// The cells that hold something.
fn cells(book: &mut Book<'_>, sheet: &str) -> Result<Vec<Cell>, Vec<CellFault>> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|_| unreadable())?;
    let mut found = vec![];
    let percent = |style: Option<&calamine::Style>| {
        style.and_then(|s| s.number_format.as_ref()).is_some_and(|f| f.format_code.contains('%'))
    };
    let percentages: Vec<bool> = reader.styles().iter().map(|s| percent(Some(s))).collect();
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|_| unreadable())? {
        let (row, column) = place(cell.get_position())?;
        let text = text_of(cell.get_value(), percentages.get(style).copied().unwrap_or(false));
        if !text.is_empty() {
            found.push(Cell { row, column, text });
        }
    }
    Ok(found)
}

/// What a cell shows, on one line.
fn text_of(value: &DataRef<'_>, percentage: bool) -> String {
    let text = match value {
        DataRef::Empty => String::new(),
        DataRef::Int(n) if percentage => format!("{n}00%"),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) if percentage => format!("{}%", shifted(&n.to_string())),
        DataRef::Float(n) => n.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_string(),
        DataRef::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.into(),
        DataRef::DateTime(at) if at.is_datetime() => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTime(at) => at.as_f64().to_string(),
        DataRef::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_string(),
        DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    };
    text.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ").trim().to_string()
}

/// A hundred times a decimal, by its digits: in binary 0.07 × 100 is not 7.
fn shifted(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let moved: String = part.chars().chain("00".chars()).take(2).collect();
    let rest = part.get(2..).unwrap_or_default();
    let whole = format!("{whole}{moved}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// Rows as lines of their numbers; rows as long as the header.
fn to_csv(cells: &[Cell]) -> String {
    let width = cells.iter().filter(|c| c.row == 0).map(|c| c.column + 1).max().unwrap_or(0);
    let rows = cells.iter().map(|c| c.row + 1).max().unwrap_or(0);
    let mut table: Vec<Vec<&str>> = vec![vec![]; rows];
    for cell in cells {
        let Some(line) = table.get_mut(cell.row) else { continue };
        let needed = width.max(cell.column + 1).max(line.len());
        line.resize(needed, "");
        if let Some(place) = line.get_mut(cell.column) {
            *place = &cell.text;
        }
    }
    let quoted = |text: &&str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = |row: &Vec<&str>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
    table.iter().map(|row| line(row) + "\n").collect()
}

#[cfg(test)]
mod tests;
