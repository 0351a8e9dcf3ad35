//! Looking at what has been laid out: where text stands, and whether a font had every character.

use serde::Serialize;
use typst::layout::{Abs, Frame, FrameItem, Point, Transform};
use typst::text::TextItem;
use typst_layout::PagedDocument;

/// A run of text of one font on one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextRun {
    /// The page, from 1.
    pub page: usize,
    /// Millimetres from the left edge of the page to its beginning.
    pub x: f64,
    /// Millimetres from the upper edge of the page to its baseline.
    pub y: f64,
    /// What it says.
    pub text: String,
}

/// Every run of text, in the order of drawing.
pub(super) fn runs(document: &PagedDocument) -> Vec<TextRun> {
    let mut runs = vec![];
    each_text(document, &mut |page, at, item| {
        runs.push(TextRun { page, x: millimetres(at.x), y: millimetres(at.y), text: item.text.to_string() });
    });
    runs
}

/// The first character that no font has, or that a PDF/A may not hold (private use, non-characters).
pub(super) fn missing(document: &PagedDocument) -> Option<char> {
    let mut found = None;
    each_text(document, &mut |_, _, item| {
        let blank = item.glyphs.iter().find(|glyph| glyph.id == 0);
        let blank = blank.and_then(|glyph| item.text.get(glyph.range())?.chars().next());
        found = found.or(blank).or_else(|| item.text.chars().find(|c| is_barred(*c)));
    });
    found
}

/// Private use and non-characters.
pub(super) fn is_barred(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fffe}' | '\u{ffff}')
}

/// Hundredths of a millimetre: below that a figure says nothing about a printed page.
fn millimetres(length: Abs) -> f64 {
    (length.to_mm() * 100.0).round() / 100.0
}

fn each_text(document: &PagedDocument, see: &mut impl FnMut(usize, Point, &TextItem)) {
    for (number, page) in (1..).zip(document.pages()) {
        walk(&page.frame, Transform::identity(), &mut |at, item| see(number, at, item));
    }
}

fn walk(frame: &Frame, placed: Transform, see: &mut dyn FnMut(Point, &TextItem)) {
    for (at, item) in frame.items() {
        match item {
            FrameItem::Text(text) => see(at.transform(placed), text),
            FrameItem::Group(group) => {
                let here = placed.pre_concat(Transform::translate(at.x, at.y)).pre_concat(group.transform);
                walk(&group.frame, here, see);
            }
            _ => {}
        }
    }
}
