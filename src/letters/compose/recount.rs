//! The recount: every figure in the text of a letter, counted again from the rows of its annexes by somebody who has never
//! seen `tally`. Each sentence that may hold a figure is told here with the figure counted anew; a digit of the text that
//! stands in none of them is a fault. So a wrong number is one, and so is a new sentence that nobody has taught.

mod counts;
mod drawn;
mod reading;
mod sections;
mod whole;

use super::super::facts::{Facts, Line};
use super::super::letter::{Letter, Level};
use super::compose;
use super::samples::{facts, line};
use crate::findings::rules::State;
use drawn::{OTHERS, any_facts, of_kind};
use proptest::prelude::*;
use reading::readings;

/// Counts everything again.
///
/// # Errors
/// What the letter says and its annexes do not.
fn recount(letter: &Letter, facts: &Facts) -> Result<(), String> {
    let mut readings = readings(letter);
    for reading in &mut readings {
        match reading.section.as_str() {
            "" | "检查情况" => sections::covered(reading, letter, facts)?,
            "存在的主要问题" => sections::problems(reading, letter, facts)?,
            "前期未销号问题" => sections::carried_over(reading, letter)?,
            "考核指标完成情况" => sections::indicators(reading, letter)?,
            "工作要求" => sections::requirements(reading, letter, facts)?,
            "未完成整改的问题" => sections::still_open(reading, letter, facts)?,
            "约谈时间" | "约谈地点" | "约谈对象" | "约谈内容" | "有关要求" => {
                sections::called_in(reading, facts)?
            }
            other => return Err(format!("an unknown section {other}")),
        }
        if let Some(digit) = reading.unexplained() {
            return Err(format!("in “{}”, unexplained: {digit}", reading.section));
        }
    }
    whole::ordinals(letter)?;
    whole::notes(letter, facts)?;
    whole::claims_in_words(letter, facts)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]
    #[test]
    fn every_figure_is_counted_again(facts in any_facts()) {
        let letter = compose(&facts).unwrap();
        if let Err(why) = recount(&letter, &facts) {
            prop_assert!(false, "{why}\n{}", letter.text());
        }
    }

    /// Letters of the other kinds, of what is open.
    #[test]
    fn every_figure_of_the_other_kinds_too(facts in any_facts(), kind in prop::sample::select(OTHERS.to_vec())) {
        let mut facts = of_kind(facts, kind);
        let open = facts.lines.iter().chain(&facts.carried_over).any(|l| l.state.is_unsettled());
        if !open {
            facts.carried_over.push(Line { state: State::Served, ..line(700) });
        }
        let letter = compose(&facts).unwrap();
        if let Err(why) = recount(&letter, &facts) {
            prop_assert!(false, "{kind:?}: {why}\n{}", letter.text());
        }
    }

    /// The recount itself: no digit can be changed without its saying so.
    #[test]
    fn a_changed_digit_is_told(facts in any_facts(), pick in any::<prop::sample::Index>()) {
        let letter = compose(&facts).unwrap();
        let mut digits = vec![];
        for (n, paragraph) in letter.body.iter().enumerate() {
            for (in_lead, text) in [(true, &paragraph.lead), (false, &paragraph.text)] {
                let places = text.match_indices(|c: char| c.is_ascii_digit());
                digits.extend(places.map(|(at, _)| (n, in_lead, at)));
            }
        }
        let (n, in_lead, at) = digits[pick.index(digits.len())];
        let mut changed = letter.clone();
        let paragraph = &mut changed.body[n];
        let text = if in_lead { &mut paragraph.lead } else { &mut paragraph.text };
        let digit = text[at..=at].parse::<u8>().unwrap();
        text.replace_range(at..=at, &((digit + 1) % 10).to_string());
        prop_assert!(recount(&changed, &facts).is_err(), "unnoticed in: {}", changed.body[n].text);
    }
}

#[test]
fn a_new_sentence_has_to_be_taught() {
    let facts = facts(5, 1);
    let letter = compose(&facts).unwrap();
    recount(&letter, &facts).unwrap();
    let said = (0..letter.body.len()).filter(|n| letter.body[*n].level != Level::Heading);
    for section in said {
        let mut longer = letter.clone();
        longer.body[section].text += "另有8个设施。";
        let told = recount(&longer, &facts).unwrap_err();
        assert!(told.contains(">>8个设施"), "{told}");
    }
    let mut row = letter.clone();
    row.issues.as_mut().unwrap().rows.pop();
    assert!(recount(&row, &facts).is_err(), "a row is missing");
}
