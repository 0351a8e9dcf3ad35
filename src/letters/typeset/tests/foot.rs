//! Copies and the code at the foot of the last page: never over text, whatever the page holds.

use super::*;

const LINK: &str = "https://yixun.example.cn/check/0192f0c1-7d5a-7c3e-9a54-2f1f6a0e9b11";
/// Millimetres of a character of 4号, and of what it reaches over its baseline.
const SIZE_4: f64 = 14.0 * 25.4 / 72.0;
const ASCENT: f64 = 0.88 * SIZE_4;
/// The lower edge of the type area.
const FLOOR: f64 = 262.0;

/// A letter of so many lines of text, and as many rows as wanted.
fn letter_of(lines: usize, rows: usize) -> Letter {
    let mut letter = compose(&facts(rows, 0)).unwrap();
    if rows == 0 {
        (letter.issues, letter.indicators) = (None, None);
    }
    let ending = letter.body.split_off(letter.body.len() - 2);
    letter.body = vec![letter.body[0].clone(); lines];
    for paragraph in &mut letter.body {
        (paragraph.level, paragraph.text) = (Level::Plain, "请按要求整改。".into());
    }
    letter.body.extend(ending);
    letter
}

/// The foot stands on the last page, in the type area, under everything else.
fn is_under_everything(letter: &Letter, first: &str, above_first: f64) -> usize {
    let runs = TYPESETTER.layout(letter, &HashMap::new()).unwrap();
    let place =
        runs.iter().position(|run| run.text.starts_with(first)).unwrap_or_else(|| panic!("no {first}"));
    let top = runs[place].y - above_first;
    let foot = |run: &TextRun| run.page == runs[place].page && run.y >= top && run.y < FLOOR;
    let last = runs.iter().map(|run| run.page).max().unwrap();
    assert_eq!(runs[place].page, last, "not on the last page");
    let said = format!("扫码核验本函真伪 抄送：{}。", letter.cc.join("，"));
    let lowest = runs.iter().filter(|run| foot(run)).map(|run| run.y).fold(0.0, f64::max);
    assert!((lowest + 0.12 * SIZE_4 - FLOOR).abs() < 0.4, "its lower edge is at {lowest}");
    for run in runs.iter().filter(|run| run.page == last && run.text != "演示样张") {
        let of_foot = said.contains(run.text.replace('\u{200b}', "").trim());
        let number = run.y > FLOOR;
        // The largest characters reach 0.12 of 22 pt under their baseline.
        assert!(of_foot || number || run.y + 0.94 < top, "{run:?} reaches into what begins at {top}");
        assert!((37.0..=FLOOR).contains(&run.y) || number, "{run:?} is outside the type area");
    }
    runs[place].page
}

#[test]
fn copies_are_under_the_text_however_full_the_page() {
    for rows in [0, 3] {
        let (mut fresh, mut before) = (0, 0);
        for lines in 0..40 {
            let mut letter = letter_of(lines, rows);
            let plain = pages(&letter);
            letter.cc = ["区政府办公室", "区消防救援大队", "区市场监督管理局"].map(String::from).to_vec();
            let page = is_under_everything(&letter, "抄送", ASCENT);
            assert!(page == plain || page == plain + 1, "{lines} lines");
            fresh += usize::from(page > plain);
            before += usize::from(page == plain);
        }
        assert!(before > 20, "{before}");
        assert!(rows > 0 || fresh > 0, "no page of the sweep was full");
    }
}

fn pages(letter: &Letter) -> usize {
    TYPESETTER.layout(letter, &HashMap::new()).unwrap().iter().map(|run| run.page).max().unwrap()
}

#[test]
fn long_copies_go_on_under_the_first_name() {
    let mut letter = letter_of(3, 0);
    letter.cc = (0..12).map(|n| format!("示例第{n}街道办事处")).collect();
    is_under_everything(&letter, "抄送", ASCENT);
    let runs = TYPESETTER.layout(&letter, &HashMap::new()).unwrap();
    let begin = runs.iter().find(|run| run.text.starts_with("抄送")).unwrap();
    let foot: Vec<_> =
        runs.iter().filter(|run| run.page == begin.page && (begin.y..FLOOR).contains(&run.y)).collect();
    let lefts = foot.iter().filter(|run| run.x < begin.x + 4.0 * SIZE_4);
    assert!(lefts.clone().count() >= 4, "{foot:?}");
    assert!(lefts.skip(1).all(|run| (run.x - begin.x - 3.0 * SIZE_4).abs() < 0.1), "{foot:?}");
    let said: String = foot.iter().map(|run| run.text.as_str()).collect();
    assert!(said.trim_end().contains("示例第11街道办事处。"), "{said}");
}

#[test]
fn the_longest_copies_and_the_code_are_a_page_of_their_own_at_the_most() {
    for lines in [0, 20] {
        let mut letter = letter_of(lines, 0);
        let plain = pages(&letter);
        letter.check_link = Some(LINK.into());
        letter.cc = vec!["区".repeat(crate::settings::LONGEST_CC.1); crate::settings::LONGEST_CC.0];
        let above = 0.88 * 9.0 * 25.4 / 72.0 + 20.0 + 8.0 * 20.0 / 37.0;
        let page = is_under_everything(&letter, "扫码核验本函真伪", above);
        assert!(page <= plain + 1);
    }
}

#[test]
fn the_code_is_under_the_last_row_however_full_the_page() {
    // Over the line of the code: 20 mm, and twice four modules of a code of 33 to 37.
    let above = 0.88 * 9.0 * 25.4 / 72.0 + 20.0 + 8.0 * 20.0 / 37.0;
    for rows in 1..24 {
        let mut letter = letter_of(2, rows);
        letter.indicators = None;
        letter.check_link = Some(LINK.into());
        is_under_everything(&letter, "扫码核验本函真伪", above);
        letter.cc = vec!["区政府办公室".into()];
        is_under_everything(&letter, "扫码核验本函真伪", above);
    }
}

#[test]
fn without_either_nothing_is_moved() {
    for rows in [0, 3] {
        let mut letter = letter_of(12, rows);
        let plain = TYPESETTER.layout(&letter, &HashMap::new()).unwrap();
        letter.check_link = Some(LINK.into());
        letter.cc = vec!["区政府办公室".into()];
        let with = TYPESETTER.layout(&letter, &HashMap::new()).unwrap();
        let kept: Vec<&TextRun> = with.iter().filter(|run| plain.contains(run)).collect();
        assert_eq!(kept.len(), plain.len(), "the foot has moved something");
    }
}
