//! The smallest workbook that a table program would write.

use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// A cell.
pub enum Cell<'a> {
    Text(&'a str),
    Number(&'a str),
    /// Shown as a percentage.
    Percent(&'a str),
    /// A day, by its serial number.
    Day(u32),
    Formula(&'a str),
}

fn cell(column: usize, row: usize, of: &Cell<'_>) -> String {
    let at = format!("{}{}", char::from(b'A' + u8::try_from(column).expect("few columns")), row + 1);
    match of {
        Cell::Text(text) => format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        Cell::Number(number) => format!("<c r=\"{at}\"><v>{number}</v></c>"),
        Cell::Percent(number) => format!("<c r=\"{at}\" s=\"1\"><v>{number}</v></c>"),
        Cell::Day(serial) => format!("<c r=\"{at}\" s=\"2\"><v>{serial}</v></c>"),
        Cell::Formula(formula) => format!("<c r=\"{at}\"><f>{formula}</f><v>1</v></c>"),
    }
}

/// An archive of parts.
pub fn archive(parts: &[(&str, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(vec![]));
    for (name, text) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a part");
        writer.write_all(text.as_bytes()).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

/// A workbook with one sheet.
pub fn workbook(rows: &[Vec<Cell<'_>>]) -> Vec<u8> {
    let line = |(n, row): (usize, &Vec<Cell<'_>>)| {
        let cells: String = row.iter().enumerate().map(|(column, of)| cell(column, n, of)).collect();
        format!("<row r=\"{}\">{cells}</row>", n + 1)
    };
    let data: String = rows.iter().enumerate().map(line).collect();
    archive(&[
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{RELATION}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATION}\"><sheets><sheet name=\"考核指标\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{RELATION}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{RELATION}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"10\" applyNumberFormat=\"1\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{data}</sheetData></worksheet>"),
        ),
    ])
}
