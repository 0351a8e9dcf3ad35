//! The document as anybody else would open it: unzipped, and its parts read by a strict XML parser.

mod form;
mod package;

use super::super::compose::compose;
use super::super::compose::samples::{day, facts};
use super::super::facts::Facts;
use super::*;
use roxmltree::{Document, Node};
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/// The files of a package by name.
struct Package(BTreeMap<String, Vec<u8>>);

impl Package {
    fn open(bytes: &[u8]) -> Self {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let file = |n: usize| {
            let mut file = zip.by_index(n).unwrap();
            let moment = file.last_modified().unwrap();
            assert_eq!((moment.year(), moment.month(), moment.day()), (1980, 1, 1), "no clock was read");
            let mut bytes = vec![];
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        };
        let count = zip::ZipArchive::new(Cursor::new(bytes)).unwrap().len();
        Self((0..count).map(file).filter(|(name, _)| !name.ends_with('/')).collect())
    }

    fn of(letter: &Letter) -> Self {
        Self::open(&docx(letter, &photos(letter)).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        std::str::from_utf8(self.0.get(name).unwrap_or_else(|| panic!("no {name}"))).unwrap()
    }

    fn xml(&self, name: &str) -> Document<'_> {
        Document::parse(self.text(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// The paragraphs of the document, in order.
    fn paragraphs(&self) -> Vec<String> {
        said(self.xml("word/document.xml").root())
    }

    fn of_kind(&self, kind: &str) -> Vec<&String> {
        self.0.keys().filter(|name| name.starts_with(&format!("word/{kind}"))).collect()
    }
}

/// A JPEG for each photo of a letter, the first upright.
fn photos(letter: &Letter) -> HashMap<String, Vec<u8>> {
    let jpeg = |n: usize| {
        let (wide, high) = if n == 0 { (360, 480) } else { (480, 360) };
        let shade = |x: u32, y: u32| image::Rgb([(x / 2) as u8, (y / 2) as u8, (n * 60) as u8]);
        let mut bytes = Cursor::new(vec![]);
        image::RgbImage::from_fn(wide, high, shade).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    };
    letter.photo_hashes().into_iter().enumerate().map(|(n, hash)| (hash, jpeg(n))).collect()
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(W)
}

fn all<'a, 'i>(within: Node<'a, 'i>, name: &'a str) -> Vec<Node<'a, 'i>> {
    within.descendants().filter(|node| is(node, name)).collect()
}

fn first<'a, 'i>(within: Node<'a, 'i>, name: &'a str) -> Option<Node<'a, 'i>> {
    all(within, name).into_iter().next()
}

fn value<'a>(within: Node<'a, '_>, name: &'a str, attribute: &str) -> Option<&'a str> {
    first(within, name)?.attribute((W, attribute))
}

/// What each paragraph says, empty ones left out.
fn said(within: Node<'_, '_>) -> Vec<String> {
    let of = |p: Node<'_, '_>| all(p, "t").iter().filter_map(Node::text).collect::<String>();
    all(within, "p").into_iter().map(of).filter(|said| !said.is_empty()).collect()
}

fn issued(lines: usize, carried: usize) -> Letter {
    compose(&facts(lines, carried)).unwrap().issued("演示函〔2026〕12号", day(10, 8))
}

fn rows_of(rows: &[super::super::letter::IssueRow]) -> Vec<String> {
    let head = ["序号", "编号", "设施名称", "类别", "存在问题", "原期限", "现状", "现场照片"];
    let mut cells: Vec<String> = head.map(str::to_owned).to_vec();
    for (n, row) in rows.iter().enumerate() {
        let repeat = if row.repeat { "（重复出现）" } else { "" };
        cells.extend([(n + 1).to_string(), row.number.clone(), row.facility.clone(), row.category.clone()]);
        cells.push(format!("{}{repeat}", row.problem));
        cells.extend(row.basis.iter().map(|basis| format!("依据：{basis}")));
        cells.extend([row.due.clone(), row.standing.clone()]);
    }
    cells
}

#[test]
fn says_what_the_letter_says_in_its_order() {
    let mut facts = facts(9, 2);
    facts.cc = vec!["示例区消防救援大队".into(), "示例区市场监督管理局".into()];
    let letter = compose(&facts).unwrap().issued("演示函〔2026〕12号", day(10, 8));
    let mut expected = vec!["演示函〔2026〕12号".to_owned()];
    expected.extend(letter.title.clone());
    expected.push("示例街道办事处：".into());
    expected.extend(letter.text().lines().map(str::to_owned));
    expected.extend(
        ["附件：1. 存在问题清单", "2. 考核指标完成情况表", "3. 前期未销号问题清单"].map(str::to_owned),
    );
    expected.extend(["示例区民政局", "2026年10月8日"].map(str::to_owned));
    expected.push("（联系人：示例联系人，联系电话：000-00000000）".into());
    expected.push("抄送：示例区消防救援大队，示例区市场监督管理局。".into());
    let head = |label: &str, heading: &[String], note: &str| {
        let mut head = vec![label.to_owned()];
        head.extend_from_slice(heading);
        head.push(note.to_owned());
        head
    };
    let (issues, indicators) = (letter.issues.as_ref().unwrap(), letter.indicators.as_ref().unwrap());
    expected.extend(head("附件1", &issues.heading, &issues.note));
    expected.extend(rows_of(&issues.rows));
    expected.extend(head("附件2", &indicators.heading, &indicators.note));
    expected.extend(["序号", "指标", "目标", "完成", "完成率", "截至"].map(str::to_owned));
    for (n, row) in indicators.rows.iter().enumerate() {
        expected.push((n + 1).to_string());
        expected.extend([&row.name, &row.target, &row.value, &row.rate, &row.as_of].map(Clone::clone));
    }
    let carried = letter.carried_over.as_ref().unwrap();
    expected.extend(head("附件3", &carried.heading, &carried.note));
    expected.extend(rows_of(&carried.rows));
    assert_eq!(Package::of(&letter).paragraphs(), expected);
}

#[test]
fn blanks_before_the_issue() {
    let draft = compose(&facts(0, 0)).unwrap();
    let said = Package::of(&draft).paragraphs();
    assert_eq!(said[0], "演示函〔2026〕\u{3000}号");
    assert!(said.contains(&"2026年\u{3000}月\u{3000}日".to_owned()), "{said:?}");
    assert!(said.contains(&"附件：考核指标完成情况表".to_owned()), "a single annex has no number: {said:?}");
    assert!(!said.iter().any(|line| line.starts_with("抄送")), "{said:?}");
}

#[test]
fn old_letters_have_no_day_for_each_indicator() {
    let mut letter = issued(0, 0);
    letter.indicators.as_mut().unwrap().rows.iter_mut().for_each(|row| row.as_of.clear());
    let package = Package::of(&letter);
    let document = package.xml("word/document.xml");
    let row = first(document.root(), "tr").unwrap();
    assert_eq!(said(row), ["序号", "指标", "目标", "完成", "完成率"]);
    assert!(all(document.root(), "tr").iter().all(|row| all(*row, "tc").len() == 5));
}

#[test]
fn places_are_a_column_where_streets_are_compared() {
    let mut letter = issued(0, 0);
    letter.indicators.as_mut().unwrap().rows[1].place = "3/18".into();
    let package = Package::of(&letter);
    let document = package.xml("word/document.xml");
    let rows = all(document.root(), "tr");
    assert_eq!(said(rows[0]), ["序号", "指标", "目标", "完成", "完成率", "截至", "位次"]);
    let places: Vec<String> = rows[1..].iter().map(|row| said(*row)[6].clone()).collect();
    assert_eq!(places, ["—", "3/18", "—", "—"]);
}

#[test]
fn a_broken_photo_is_a_fault_and_a_missing_one_a_dash() {
    let letter = issued(1, 0);
    let broken = letter.photo_hashes().into_iter().map(|hash| (hash, b"no jpeg".to_vec())).collect();
    assert!(matches!(docx(&letter, &broken), Err(DocxFault::Photo { .. })));
    let package = Package::open(&docx(&letter, &HashMap::new()).unwrap());
    let document = package.xml("word/document.xml");
    let cells = all(all(document.root(), "tr")[1], "tc");
    assert_eq!(said(cells[7]), ["—"]);
}

/// Whatever somebody writes comes out as they wrote it, and nothing else of the document changes.
#[test]
fn what_people_write_is_text() {
    let written = [
        "</w:t></w:r></w:p><w:p><w:r><w:t>注入",
        "=cmd|' /C calc'!A0",
        "#read(\"/etc/passwd\") $x$",
        "]]> <![CDATA[ <!-- --> <?xml version=\"1.0\"?> &lt; &#x41; %PDF",
        "</w:tblGrid><w:tr><w:trPr><w:cantSplit /> <wp:docPr id=\"1\" name=\"Figure\" /> w14:paraId=\"x\"",
    ];
    let spoiled = |facts: &mut Facts, said: &str| {
        facts.lines[0].description = said.into();
        facts.lines[1].facility_name = said.into();
        facts.lines[2].verified_basis = vec![said.into()];
        facts.campaign_name = "A<b>&\"'检查".into();
        facts.authority.contact = said.into();
        facts.authority.watermark = Some("\"/><x>&".into());
        facts.authority.name = "示例<局>&".into();
        facts.cc = vec![said.into()];
    };
    let plain = {
        let mut facts = facts(3, 1);
        spoiled(&mut facts, "平常");
        Package::of(&compose(&facts).unwrap())
    };
    let tags = |package: &Package| {
        let document = package.xml("word/document.xml");
        document.descendants().filter(|n| n.is_element()).map(|n| n.tag_name().name().to_owned()).collect()
    };
    let expected: Vec<String> = tags(&plain);
    for said in written {
        let mut facts = facts(3, 1);
        spoiled(&mut facts, said);
        let letter = compose(&facts).unwrap();
        let package = Package::of(&letter);
        for name in package.0.keys().filter(|name| !name.ends_with(".png")) {
            package.xml(name);
        }
        let paragraphs = package.paragraphs();
        let rows = &letter.issues.as_ref().unwrap().rows;
        for text in [&rows[0].problem, &rows[1].facility, &format!("依据：{}", rows[2].basis[0])] {
            assert!(paragraphs.contains(text), "{text} in {paragraphs:?}");
        }
        assert!(rows[1].facility.contains(said.split(' ').next().unwrap()), "{}", rows[1].facility);
        assert!(paragraphs.contains(&format!("（{}）", letter.contact)));
        assert_eq!(tags(&package), expected, "{said} made other elements");
        let header = package.xml(package.of_kind("header")[0]);
        let mark = header.descendants().find(|n| n.has_tag_name(("urn:schemas-microsoft-com:vml", "shape")));
        let text = mark.unwrap().descendants().find_map(|n| n.attribute("string"));
        assert_eq!(text, Some("\"/><x>&"));
        let core = package.xml("docProps/core.xml");
        let title = core.descendants().find(|n| n.tag_name().name() == "title").unwrap();
        assert_eq!(title.text().unwrap(), letter.title.concat());
    }
}

#[test]
fn characters_that_xml_cannot_carry_are_shown_as_unknown() {
    let mut letter = issued(1, 0);
    letter.contact = "甲\u{0}乙\u{b}丙\u{ffff}丁\u{1f600}".into();
    let said = Package::of(&letter).paragraphs();
    assert!(said.contains(&"（甲\u{fffd}乙\u{fffd}丙\u{fffd}丁\u{1f600}）".to_owned()), "{said:?}");
}
