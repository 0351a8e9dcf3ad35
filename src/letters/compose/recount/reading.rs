//! How a letter is read: paragraph by paragraph, under its headings, remembering which of its bytes have been accounted for.

use crate::letters::letter::{Letter, Level};
use chrono::{Datelike as _, NaiveDate};

/// A paragraph, and which of its bytes have been accounted for.
pub(super) struct Reading {
    /// The heading that it stands under.
    pub(super) section: String,
    pub(super) text: String,
    told: Vec<bool>,
}

impl Reading {
    /// Accounts for each place where the paragraph says exactly this; gives how many.
    pub(super) fn says(&mut self, phrase: &str) -> usize {
        let places: Vec<usize> = self.text.match_indices(phrase).map(|(at, _)| at).collect();
        for at in &places {
            self.told[*at..at + phrase.len()].fill(true);
        }
        places.len()
    }

    /// The digits that nothing has accounted for, with what stands around them.
    pub(super) fn unexplained(&self) -> Option<String> {
        let digit = |(at, c): &(usize, char)| c.is_numeric() && !is_ordinal(*c) && !self.told[*at];
        let (at, _) = self.text.char_indices().find(digit)?;
        let before: String =
            self.text[..at].chars().rev().take(16).collect::<Vec<_>>().into_iter().rev().collect();
        let after: String = self.text[at..].chars().take(16).collect();
        Some(format!("{before}>>{after}"))
    }
}

/// 一、二、… number headings and stand in words; they are looked at by themselves.
fn is_ordinal(c: char) -> bool {
    "一二三四五六七八九十".contains(c)
}

/// The paragraphs under their headings; before the first there is none.
pub(super) fn readings(letter: &Letter) -> Vec<Reading> {
    let mut section = String::new();
    let mut readings = vec![];
    for paragraph in &letter.body {
        if paragraph.level == Level::Heading {
            section = paragraph.lead.split('、').nth(1).unwrap_or_default().to_owned();
        }
        let text = format!("{}{}", paragraph.lead, paragraph.text);
        readings.push(Reading { section: section.clone(), told: vec![false; text.len()], text });
    }
    readings
}

/// What is said must have its ground, and what has its ground must be said.
pub(super) fn must(said: usize, wanted: bool, what: &str) -> Result<(), String> {
    match (said > 0, wanted) {
        (true, false) => Err(format!("says without ground: {what}")),
        (false, true) => Err(format!("does not say: {what}")),
        _ => Ok(()),
    }
}

/// A day as it is printed.
pub(super) fn on(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}
