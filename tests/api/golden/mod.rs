//! One letter from fixed facts, laid out with the repository's fonts: every run of text and where it stands, in tenths of
//! a millimetre, as `letter.txt` says. The bytes of the document are another matter (`letters`).
//!
//! `texts` has letters of every length, as texts. A change that is meant is taken over with `YIXUN_UPDATE_GOLDEN=1`, and then
//! read in the difference of the file.

mod texts;

use super::suite::{Suite, once};
use super::template::FONTS;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use uuid::Uuid;
use yixun::directory::FacilityKind::{self, Canteen, Center, Station};
use yixun::findings::rules::State;
use yixun::letters::compose::compose;
use yixun::letters::facts::{Authority, Facts, Indicator, KindCount, Line, PhotoRef};
use yixun::letters::kind::LetterKind;
use yixun::letters::typeset::Typesetter;

pub fn register(suite: &mut Suite) {
    use texts::letters_of_every_length;
    once!(suite: the_golden_letter, a_moved_run_is_told, letters_of_every_length);
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/golden/letter.txt");

static TYPESETTER: LazyLock<Typesetter> =
    LazyLock::new(|| Typesetter::new(Path::new(FONTS), None).expect("the fonts of the repository"));

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a day")
}

/// The photo that two lines show.
const PHOTO: &str = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

fn line(n: u16, place: (&str, FacilityKind), category: &str, description: &str, state: State) -> Line {
    Line {
        finding_id: Uuid::from_u128(n.into()),
        finding_number: format!("440199001-2026-{n:04}"),
        facility_name: place.0.into(),
        facility_kind: place.1,
        category: category.into(),
        description: description.into(),
        verified_basis: vec![],
        original_due: (state != State::Confirmed).then(|| day(9, 10 + u32::from(n))),
        due_provisional: false,
        due_moved: None,
        state,
        overdue: false,
        repeat: false,
        photo: None,
    }
}

/// A street with findings in several states, one that came back, one with a basis and a photo, and one from before.
pub fn facts() -> Facts {
    let (first, second) = (("示例一社区颐康服务站", Station), ("示例二社区长者饭堂", Canteen));
    let photo = || Some(PhotoRef { sha256: PHOTO.into() });
    let basis = "《中华人民共和国消防法》第十六条第一款第(二)项".to_string();
    let lines = vec![
        Line {
            photo: photo(),
            ..line(1, first, "环境秩序", "服务场地堆放与为老服务无关的杂物", State::Closed)
        },
        Line {
            verified_basis: vec![basis],
            overdue: true,
            photo: photo(),
            ..line(2, first, "消防安全", "2具灭火器压力不足,未见每月检查记录", State::Served)
        },
        Line {
            repeat: true, ..line(3, second, "消防安全", "疏散通道堆放纸箱", State::Rectified)
        },
        line(4, second, "食品安全", "留样柜未上锁,当日晚餐留样缺1个品种", State::Confirmed),
    ];
    let count = |kind, count| KindCount { kind, count };
    let share = |name: &str, of: u32, value: u32, rate: &str| Indicator {
        name: name.into(),
        target: format!("{of}个"),
        value: format!("{value}个"),
        rate: rate.into(),
        as_of: None,
        place: None,
    };
    Facts {
        kind: LetterKind::CampaignReminder,
        about: None,
        terms: None,
        operator: None,
        blocks: vec![],
        left_out: vec![],
        authority: Authority {
            name: "示例区民政局".into(),
            doc_word: "演示函".into(),
            contact: "联系人：示例联系人，联系电话：000-00000000".into(),
            watermark: Some("演示样张".into()),
        },
        street_office_name: "示例街道办事处".into(),
        street_name: "示例街道".into(),
        campaign_name: "2026年第三季度居家社区养老服务设施质量检查".into(),
        inspected_from: Some(day(7, 6)),
        inspected_to: Some(day(9, 18)),
        planned: vec![count(Station, 5), count(Center, 1), count(Canteen, 2)],
        inspected: vec![count(Station, 4), count(Center, 1), count(Canteen, 2)],
        sheets_served: 2,
        indicators: vec![
            share("颐康服务站检查覆盖率", 5, 4, "80%"),
            share("颐康中心检查覆盖率", 1, 1, "100%"),
            share("长者饭堂检查覆盖率", 2, 2, "100%"),
            share("本次检查问题销号率", 4, 1, "25%"),
        ],
        lines,
        carried_over: vec![line(9, first, "信息公示", "未公示收费标准和投诉电话", State::Checked)],
        cc: vec![],
        relapse_months: 12,
        as_of: day(9, 30),
        reply_due: day(10, 16),
        late_reply: false,
        date: day(9, 30),
    }
}

fn photos() -> HashMap<String, Vec<u8>> {
    let picture = image::RgbImage::from_fn(160, 120, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = std::io::Cursor::new(vec![]);
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a JPEG");
    HashMap::from([(PHOTO.to_string(), bytes.into_inner())])
}

/// A run a line: page, millimetres from the left and from above, text.
fn laid_out(facts: &Facts) -> String {
    let letter = compose(facts).expect("a letter").issued("演示函〔2026〕12号", day(10, 8));
    let mut told = String::new();
    for run in TYPESETTER.layout(&letter, &photos()).expect("a layout") {
        let text = run.text.replace('\u{200b}', "");
        writeln!(told, "{} {:5.1} {:5.1} {}", run.page, run.x, run.y, text.trim_end()).expect("a text");
    }
    told
}

/// The first line in which two texts differ, with what stands before it.
fn first_difference(golden: &str, now: &str) -> Option<String> {
    let (golden, now): (Vec<&str>, Vec<&str>) = (golden.lines().collect(), now.lines().collect());
    let at = (0..golden.len().max(now.len())).find(|n| golden.get(*n) != now.get(*n))?;
    let mut told = format!("line {} of {}, now {}:\n", at + 1, golden.len(), now.len());
    for line in &golden[at.saturating_sub(3).min(golden.len())..at.min(golden.len())] {
        told += &format!("  {line}\n");
    }
    told += &format!("- {}\n", golden.get(at).unwrap_or(&"(nothing)"));
    told += &format!("+ {}\n", now.get(at).unwrap_or(&"(nothing)"));
    Some(told)
}

fn the_golden_letter() {
    let now = laid_out(&facts());
    if std::env::var_os("YIXUN_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(GOLDEN, &now).expect("the golden letter can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("the golden letter");
    if let Some(told) = first_difference(&golden, &now) {
        panic!(
            "the letter is laid out differently from {GOLDEN} (YIXUN_UPDATE_GOLDEN=1 takes it over), first in {told}"
        );
    }
}

fn a_moved_run_is_told() {
    let golden = laid_out(&facts());
    assert_eq!(first_difference(&golden, &golden.clone()), None);
    let mut longer = facts();
    longer.lines[3].description += "且未记录";
    let told = first_difference(&golden, &laid_out(&longer)).expect("a difference");
    assert!(told.contains("\n- ") && told.contains("且未记录"), "{told}");
    let shorter = golden.lines().take(5).fold(String::new(), |all, line| all + line + "\n");
    let told = first_difference(&golden, &shorter).expect("a difference");
    assert!(told.contains("+ (nothing)"), "{told}");
}
