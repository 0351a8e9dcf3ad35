use super::*;
use std::io::Write as _;
use zip::write::SimpleFileOptions;

/// A workbook of parts.
fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(vec![]));
    for (name, text) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="170" formatCode="yyyy\-mm\-dd"/></numFmts><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="10" applyNumberFormat="1"/><xf numFmtId="170" applyNumberFormat="1"/></cellXfs></styleSheet>"#;

/// A workbook with one sheet for each text of rows.
fn book(sheets: &[&str]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let (mut names, mut links) = (String::new(), String::new());
    for n in 1..=sheets.len() {
        names += &format!("<sheet name=\"表{n}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>");
        links += &format!(
            "<Relationship Id=\"rId{n}\" Type=\"{relation}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
        );
    }
    let workbook =
        format!("<workbook xmlns=\"{main}\" xmlns:r=\"{relation}\"><sheets>{names}</sheets></workbook>");
    let links = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{links}\
         <Relationship Id=\"rIdS\" Type=\"{relation}/styles\" Target=\"styles.xml\"/></Relationships>"
    );
    let pages: Vec<(String, String)> = (1..)
        .zip(sheets)
        .map(|(n, rows)| {
            let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
            (format!("xl/worksheets/sheet{n}.xml"), sheet)
        })
        .collect();
    let mut parts = vec![
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", workbook.as_str()),
        ("xl/_rels/workbook.xml.rels", links.as_str()),
        ("xl/styles.xml", STYLES),
    ];
    parts.extend(pages.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    archive(&parts)
}

fn text(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn codes(bytes: &[u8]) -> Vec<(u64, String, &'static str)> {
    let faults = csv_of(bytes).expect_err("it is refused");
    faults.into_iter().map(|f| (f.line, f.column, f.code)).collect()
}

fn code(bytes: &[u8]) -> &'static str {
    codes(bytes)[0].2
}

#[test]
fn a_sheet_becomes_lines_of_the_same_numbers() {
    let rows = format!(
        "<row r=\"1\">{}{}{}</row><row r=\"4\">{}<c r=\"B4\" s=\"1\"><v>0.985</v></c><c r=\"C4\" s=\"2\"><v>46295</v></c></row>\
         <row r=\"5\"><c r=\"B5\"><v>1234.5</v></c></row>",
        text("A1", "甲"),
        text("B1", "数\n值"),
        text("C1", "日期"),
        text("A4", "“引\"号”"),
    );
    let wanted =
        "\"甲\",\"数 值\",\"日期\"\n\n\n\"“引\"\"号”\",\"98.5%\",\"2026-09-30\"\n\"\",\"1234.5\",\"\"\n";
    assert_eq!(csv_of(&book(&[&rows])).unwrap(), wanted);
    assert_eq!(csv_of(&book(&[&rows, ""])).unwrap(), wanted, "an empty second sheet says nothing");
    let second = format!("<row r=\"1\">{}</row>", text("A1", "别的"));
    assert_eq!(code(&book(&[&rows, &second])), "several_sheets");
}

#[test]
fn a_formula_is_refused_where_it_stands() {
    let rows = format!(
        "<row r=\"1\">{}{}</row><row r=\"2\">{}<c r=\"B2\"><f>1+1</f><v>2</v></c></row>",
        text("A1", "甲"),
        text("B1", "分子"),
        text("A2", "x")
    );
    assert_eq!(codes(&book(&[&rows])), [(2, "分子".into(), "formula")]);
}

#[test]
fn a_workbook_costs_no_more_than_its_limits() {
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    assert_eq!(code(&book(&[far])), "too_many_rows");
    for wild in [
        "<row r=\"4294967295\"><c><v>1</v></c></row><row><c><v>1</v></c></row>",
        "<row r=\"0\"><c r=\"A0\"/></row>",
    ] {
        assert!(["too_many_rows", "unreadable_workbook"].contains(&code(&book(&[wild]))), "{wild}");
    }
    let zeros = "0".repeat((MAX_UNPACKED + 1) as usize);
    let bomb = archive(&[("xl/workbook.xml", &zeros)]);
    assert!(bomb.len() < MAX_BYTES / 10, "{}", bomb.len());
    assert_eq!(code(&bomb), "too_large_unpacked");
    let names: Vec<String> = (0..=MAX_PARTS).map(|n| format!("{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(code(&archive(&many)), "too_large_unpacked");
}

#[test]
fn broken_files_are_told_apart() {
    let whole = book(&["<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>"]);
    for cut in [5, 30, whole.len() / 2, whole.len() - 1] {
        assert_eq!(code(&whole[..cut]), "unreadable_workbook", "{cut}");
    }
    assert_eq!(code(&archive(&[("a.txt", "b")])), "unreadable_workbook");
    assert_eq!(code(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "old_workbook");
    assert_eq!(code(b"a,\x00b\n"), "unreadable_text");
    assert_eq!(code(b"\xff\xfea\n"), "unreadable_text");
    assert_eq!(code(&vec![b'a'; MAX_BYTES + 1]), "too_large");
    assert_eq!(code("a\n".repeat(MAX_ROWS + 1).as_bytes()), "too_many_rows");
}

#[test]
fn gbk_is_read_as_what_it_says() {
    let (gbk, _, _) = encoding_rs::GBK.encode("街道,指标\n赤岗街道,助餐\n");
    assert!(std::str::from_utf8(&gbk).is_err());
    assert_eq!(csv_of(&gbk).unwrap(), "街道,指标\n赤岗街道,助餐\n");
    assert_eq!(csv_of("街道\n".as_bytes()).unwrap(), "街道\n");
}

#[test]
fn a_hundred_times_by_digits() {
    for (text, wanted) in [
        ("0.985", "98.5"),
        ("0.07", "7"),
        ("1", "100"),
        ("0", "0"),
        ("-0.1", "-10"),
        ("0.98765", "98.765"),
        ("12.3", "1230"),
    ] {
        assert_eq!(shifted(text), wanted, "{text}");
    }
}
