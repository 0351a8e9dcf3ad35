//! Pages, glyphs and bytes of real letters, with the project's fonts.

mod annexes;
mod foot;
mod pages;

use super::super::compose::compose;
use super::super::compose::samples::{day, facts};
use super::*;
use std::fmt::Write as _;
use std::sync::LazyLock;

const FONTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");

static TYPESETTER: LazyLock<Typesetter> = LazyLock::new(|| Typesetter::new(Path::new(FONTS), None).unwrap());

/// A JPEG for each photo of a letter.
fn photos(letter: &Letter) -> HashMap<String, Vec<u8>> {
    let jpeg = |n: usize| {
        let shade =
            |x: u32, y: u32| image::Rgb([(x / 2) as u8, (y / 2 + n as u32 * 40) as u8, (n * 60) as u8]);
        let mut bytes = std::io::Cursor::new(vec![]);
        image::RgbImage::from_fn(240, 180, shade).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    };
    letter.photo_hashes().into_iter().enumerate().map(|(n, hash)| (hash, jpeg(n))).collect()
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn an_archival_document_and_the_same_bytes_every_time() {
    let letter = compose(&facts(4, 0)).unwrap().issued("演示函〔2026〕12号", day(10, 8));
    let photos = photos(&letter);
    let bytes = TYPESETTER.pdf(&letter, &photos).unwrap();
    assert!(contains(&bytes, "<pdfaid:part>2</pdfaid:part>"));
    assert!(contains(&bytes, "<pdfaid:conformance>B</pdfaid:conformance>"));
    assert!(contains(&bytes, "2026-10-08"));
    typst::comemo::evict(0);
    assert!(bytes == TYPESETTER.pdf(&letter, &photos).unwrap(), "the same letter gave other bytes");
}

#[test]
fn rare_characters_print_and_unknown_ones_are_named() {
    let mut facts = facts(2, 0);
    facts.lines[0].facility_name = "沥滘喆堃翀頔社区颐康服务站".into();
    facts.street_office_name = "沥滘街道办事处".into();
    facts.campaign_name = "2026年沥滘喆堃检查".into();
    assert!(TYPESETTER.pdf(&compose(&facts).unwrap(), &HashMap::new()).is_ok());
    for unknown in ['😀', '\u{1f6d7}', '\u{e123}', '\u{fffe}', '\u{2a6d6}'] {
        facts.lines[1].description = format!("电梯{unknown}未检");
        let refused = TYPESETTER.pdf(&compose(&facts).unwrap(), &HashMap::new()).unwrap_err();
        assert_eq!(refused, TypesetFault::MissingGlyph { character: unknown });
        let mut named = String::new();
        write!(named, "U+{:04X}", u32::from(unknown)).unwrap();
        assert!(refused.to_string().contains(&named), "{refused}");
    }
}

#[test]
fn what_people_write_is_never_evaluated() {
    let written = "#read(\"/etc/passwd\") $x$ *b* #while true {} @ref <l> // c \\u{41} =cmd|' /C calc'!A0 </w:t><script>";
    let mut facts = facts(1, 0);
    facts.lines[0].description = written.into();
    let runs = TYPESETTER.layout(&compose(&facts).unwrap(), &HashMap::new()).unwrap();
    let all: String = runs.iter().map(|run| run.text.replace('\u{200b}', "")).collect();
    let bare = |text: &str| text.replace(char::is_whitespace, "");
    assert!(
        bare(&all).contains(
            "#read(\"/etc/passwd\")$x$*b*#whiletrue{}@ref<l>//c\\u{41}=cmd|'/Ccalc'!A0</w:t><script>"
        ),
        "{all}"
    );
}

#[test]
fn stands_where_the_standard_wants() {
    let letter = compose(&facts(4, 1)).unwrap().issued("演示函〔2026〕12号", day(10, 8));
    let runs = TYPESETTER.layout(&letter, &photos(&letter)).unwrap();
    let at = |text: &str| {
        let run = runs.iter().find(|run| run.text.starts_with(text)).unwrap_or_else(|| panic!("no {text}"));
        (run.page, run.x, run.y)
    };
    let recipient = at("示例街道办事处");
    assert_eq!((recipient.0, recipient.1), (1, 28.0), "flush left in the type area");
    let heading = at("一、检查情况");
    assert!((heading.1 - (28.0 + 2.0 * 156.0 / 28.0)).abs() < 0.05, "two characters in: {heading:?}");
    let first_text = at("根据2026年").2;
    assert!((first_text - recipient.2 - 10.43).abs() < 0.05, "22 lines in 225 mm");
    assert!(runs.iter().all(|run| run.text != "演示样张" || run.x < 120.0));
    let pages = runs.iter().map(|run| run.page).max().unwrap();
    for page in 1..=pages {
        assert!(
            runs.iter().any(|run| run.page == page && run.text == "演示样张"),
            "page {page} is no sample"
        );
    }
    let annex = at("附件2");
    assert_eq!(annex.1, if annex.0 % 2 == 1 { 28.0 } else { 26.0 });
}

/// All text but the watermark lies within the type area (and the page number below it).
fn fits(letter: &Letter) {
    let photos = photos(letter);
    for run in TYPESETTER.layout(letter, &photos).unwrap() {
        let inside = run.x >= 25.9 && run.x <= 184.1 && run.y >= 30.0 && run.y <= 272.0;
        assert!(inside || run.text == "演示样张", "{run:?}");
    }
    TYPESETTER.pdf(letter, &photos).unwrap();
}

#[test]
fn short_and_long_letters_fit_their_pages() {
    fits(&compose(&facts(0, 0)).unwrap());
    fits(&compose(&facts(45, 4)).unwrap());
    let mut long = facts(3, 0);
    long.lines[0].description = "防火门闭门器损坏；".repeat(220);
    long.lines[1].description = "x".repeat(2_000);
    long.lines[2].facility_name = "示例区示例街道沥滘喆堃社区居家养老服务综合体颐康服务站（演示）".repeat(4);
    fits(&compose(&long).unwrap());
}

#[test]
fn no_signature_stands_alone() {
    for lines in 0..12 {
        let runs = TYPESETTER.layout(&compose(&facts(lines, 0)).unwrap(), &HashMap::new()).unwrap();
        let page = |text: &str| runs.iter().rev().find(|run| run.text.starts_with(text)).unwrap().page;
        assert_eq!(page("专此函达"), page("（联系人"), "{lines} findings");
    }
}

#[test]
fn too_many_pages_are_refused() {
    let mut facts = facts(150, 0);
    for line in &mut facts.lines {
        line.description = "防火门闭门器损坏；".repeat(220);
    }
    let refused = TYPESETTER.pdf(&compose(&facts).unwrap(), &HashMap::new()).unwrap_err();
    assert!(matches!(refused, TypesetFault::TooManyPages { .. }), "{refused}");
}

#[test]
fn a_broken_photo_is_a_fault_and_a_missing_one_a_dash() {
    let letter = compose(&facts(1, 0)).unwrap();
    let broken: HashMap<String, Vec<u8>> =
        letter.photo_hashes().into_iter().map(|h| (h, b"no jpeg".to_vec())).collect();
    assert!(matches!(TYPESETTER.pdf(&letter, &broken), Err(TypesetFault::Failed(_))));
    let runs = TYPESETTER.layout(&letter, &HashMap::new()).unwrap();
    assert!(runs.iter().any(|run| run.text == "—"));
}

#[test]
fn folders_are_named_when_they_cannot_serve() {
    let empty = tempfile::tempdir().unwrap();
    let refused = Typesetter::new(empty.path(), None).unwrap_err();
    assert!(
        refused.contains(&empty.path().display().to_string()) && refused.contains("Noto Serif SC"),
        "{refused}"
    );
    let gone = empty.path().join("gone");
    let refused = Typesetter::new(&gone, None).unwrap_err();
    assert!(
        refused.contains("YIXUN_FONTS_DIR") && refused.contains(&gone.display().to_string()),
        "{refused}"
    );
}
