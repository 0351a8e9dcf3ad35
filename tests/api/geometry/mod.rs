//! The distances of GB/T 9704-2012 on the document itself: a letter is written as a PDF, drawn by another program (`ink`),
//! and what the standard gives in millimetres is measured from outside (`standard`), each within half a millimetre. That a
//! letter which is set otherwise would be told is shown by pages that are moved and enlarged.

mod ink;
mod standard;

use super::golden;
use super::suite::{Suite, once};
use super::template::FONTS;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use yixun::letters::compose::compose;
use yixun::letters::letter::{Letter, Level, Paragraph};
use yixun::letters::typeset::Typesetter;

pub fn register(suite: &mut Suite) {
    once!(suite: every_distance_is_the_standards, another_distance_is_told);
}

/// Millimetres by which a distance may differ.
const TOLERANCE: f64 = 0.5;

/// So many of a character whose ink is one closed frame.
fn frames(count: usize) -> String {
    "国".repeat(count)
}

/// A letter in frames: a full second page, the signature on the third, three annexes of a page each, copies and a code.
fn probe() -> Letter {
    let day = NaiveDate::from_ymd_opt(2026, 10, 8).expect("a day");
    let plain = |count| Paragraph { level: Level::Plain, lead: String::new(), text: frames(count) };
    let mut letter = compose(&golden::facts()).expect("a letter").issued("国函〔2026〕1号", day);
    letter.authority = frames(6);
    letter.title = vec![frames(16), frames(14)];
    letter.recipient = frames(5);
    letter.body = vec![plain(28 * 40 - 2), plain(2), plain(2)];
    letter.contact = String::new();
    letter.watermark = None;
    letter.cc = vec![frames(9); 4];
    letter.check_link = Some("https://yixun.example.cn/check/0192f0c1-7d5a-7c3e-9a54-2f1f6a0e9b11".into());
    for annex in letter.issues.iter_mut().chain(&mut letter.carried_over) {
        (annex.label, annex.heading) = (frames(2), vec![frames(12)]);
    }
    letter
}

fn document() -> Vec<u8> {
    let typesetter = Typesetter::new(Path::new(FONTS), None).expect("the fonts of the repository");
    typesetter.pdf(&probe(), &HashMap::new()).expect("a document")
}

/// A distance of the standard.
struct Distance {
    name: &'static str,
    /// Clause of GB/T 9704-2012.
    clause: &'static str,
    /// What it says, mostly in millimetres.
    expected: f64,
    measured: f64,
}

impl Distance {
    /// Also false where nothing could be measured.
    fn is_kept(&self) -> bool {
        (self.measured - self.expected).abs() <= TOLERANCE
    }
}

fn table(distances: &[Distance]) -> String {
    distances.iter().fold(String::new(), |mut told, d| {
        let mark = if d.is_kept() { ' ' } else { '!' };
        writeln!(told, "{mark} {:8.2} {:8.2}  {} {}", d.expected, d.measured, d.clause, d.name)
            .expect("a text");
        told
    })
}

fn every_distance_is_the_standards() {
    let distances = standard::distances(&ink::sheets(document(), 1.0));
    assert!(distances.len() >= 30, "{}", distances.len());
    assert!(distances.iter().all(Distance::is_kept), "expected, measured:\n{}", table(&distances));
}

/// Every distance is told by one of four letters that are set otherwise: all on the page a little further right, further
/// down, a fifth smaller, or on the page before.
fn another_distance_is_told() {
    let document = document();
    let sheets = ink::sheets(document.clone(), 1.0);
    let moved = |right, down| sheets.iter().map(|sheet| sheet.moved(right, down)).collect::<Vec<_>>();
    let mut before = sheets.clone();
    before.rotate_left(1);
    let others = [moved(1.0, 0.0), moved(0.0, 1.0), ink::sheets(document, 0.8), before];
    let others = others.map(|sheets| standard::distances(&sheets));
    for (place, distance) in standard::distances(&sheets).iter().enumerate() {
        let told = others.iter().any(|other| !other[place].is_kept());
        assert!(told, "nothing tells {} {}", distance.clause, distance.name);
    }
}
