//! The annexes: many rows on many pages.

use super::*;
use std::collections::BTreeSet;

/// The page of the one run that holds a word.
fn page_of(runs: &[TextRun], word: &str) -> usize {
    let pages: BTreeSet<usize> =
        runs.iter().filter(|run| run.text.contains(word)).map(|run| run.page).collect();
    assert_eq!(pages.len(), 1, "{word} stands on {pages:?}");
    pages.into_iter().next().unwrap()
}

#[test]
fn one_to_two_hundred_rows_with_photos() {
    for count in [1, 50, 200] {
        let mut facts = facts(count, 0);
        for (n, line) in facts.lines.iter_mut().enumerate() {
            // As long as a row may be without being broken, and marked at both ends.
            line.description = format!("a{n:03}{}z{n:03}", "现场检查不符合要求；".repeat(n % 9 + 1));
        }
        let letter = compose(&facts).unwrap();
        let photos = photos(&letter);
        let runs = TYPESETTER.layout(&letter, &photos).unwrap();
        let in_annex = |run: &&TextRun| run.text.starts_with("440100001-");
        assert_eq!(runs.iter().filter(in_annex).count(), count, "every finding is one row");
        for n in 0..count {
            let (begin, end) =
                (page_of(&annex(&runs), &format!("a{n:03}")), page_of(&annex(&runs), &format!("z{n:03}")));
            assert_eq!(begin, end, "row {n} of {count} is broken");
        }
        let pages: BTreeSet<usize> = runs.iter().filter(in_annex).map(|run| run.page).collect();
        for page in pages {
            for head in ["序号", "编号", "设施名称", "存在问题", "现场照片"] {
                let heads = runs.iter().filter(|run| run.page == page && run.text == head).count();
                assert_eq!(heads, 1, "{head} on page {page} of {count} rows");
            }
        }
        fits(&letter);
    }
}

/// What stands in the table of the first annex, whose characters are the smaller ones.
fn annex(runs: &[TextRun]) -> Vec<TextRun> {
    let first = runs.iter().filter(|run| run.text == "附件1").map(|run| run.page).max().unwrap();
    let next = runs.iter().filter(|run| run.text == "附件2" && run.page > first).map(|run| run.page).max();
    runs.iter().filter(|run| run.page >= first && next.is_none_or(|next| run.page < next)).cloned().collect()
}

#[test]
fn the_day_of_a_figure_is_a_column_where_there_is_one() {
    let letter = compose(&facts(2, 0)).unwrap();
    let heads = |letter: &Letter| {
        let runs = TYPESETTER.layout(letter, &HashMap::new()).unwrap();
        runs.iter().filter(|run| ["指标", "完成率", "截至", "位次"].contains(&run.text.as_str())).count()
    };
    assert_eq!(heads(&letter), 3);
    let mut before = letter.clone();
    for row in &mut before.indicators.as_mut().unwrap().rows {
        row.as_of.clear();
    }
    assert_eq!(heads(&before), 2, "a letter of before has no such column");
    let mut one = before;
    one.indicators.as_mut().unwrap().rows[1].as_of = "2026年9月1日".into();
    assert_eq!(heads(&one), 3);
}

#[test]
fn places_are_a_column_where_streets_are_compared() {
    let mut compared = facts(2, 0);
    compared.indicators[1].place = Some("3/18".into());
    let letter = compose(&compared).unwrap();
    let annex = letter.indicators.as_ref().unwrap();
    assert!(annex.note.contains("数值相同的名次相同"), "{}", annex.note);
    let runs = TYPESETTER.layout(&letter, &HashMap::new()).unwrap();
    let one = |text: &str| {
        let found: Vec<&TextRun> = runs.iter().filter(|run| run.text == text).collect();
        assert_eq!(found.len(), 1, "{text}");
        found[0].clone()
    };
    let (head, place, day) = (one("位次"), one("3/18"), one("截至"));
    assert!(
        head.page == place.page && (head.x - place.x).abs() < 8.0 && day.x < head.x,
        "{head:?} {place:?}"
    );
    let plain = compose(&facts(2, 0)).unwrap();
    let runs = TYPESETTER.layout(&plain, &HashMap::new()).unwrap();
    assert!(runs.iter().all(|run| !run.text.contains("位次")));
}
