//! Fonts and measures of the standard in Word's units: twips (1/20 pt) and half points.

use docx_rs::{AlignmentType, LineSpacing, LineSpacingType, Paragraph, Run, RunFonts, SpecialIndentType};

/// Of the text.
pub(super) const FANGSONG: &str = "仿宋_GB2312";
/// Of the points （一）.
pub(super) const KAITI: &str = "楷体_GB2312";
/// Of the headings 一、 and of heads of tables.
pub(super) const HEITI: &str = "黑体";
/// Of mark and titles.
pub(super) const BIAOSONG: &str = "方正小标宋简体";
/// Of page numbers.
pub(super) const SONG: &str = "宋体";
/// Of figures and Latin words.
const TIMES: &str = "Times New Roman";

/// 2号, in half points.
pub(super) const SIZE_2: usize = 44;
/// 3号, in half points.
pub(super) const SIZE_3: usize = 32;
/// 4号, in half points.
pub(super) const SIZE_4: usize = 28;

/// What each character of 3号 is set closer, in twips: 28 of 16 pt are 448 pt, the line of 156 mm has 442.
const CLOSER: i32 = 4;
/// The width of a character of 3号 in the text, in twips.
pub(super) const CHARACTER: i32 = 320 - CLOSER;
/// From line to line, in twips: 22 lines in 225 mm.
pub(super) const LINE: i32 = 580;
/// The width of the type area 版心, in twips: 156 mm.
pub(super) const WIDTH: i32 = 8_844;

/// A length in twips.
pub(super) fn twips(millimetres: f64) -> i32 {
    (millimetres * 1440.0 / 25.4).round() as i32
}

/// A Chinese font, with Times New Roman for figures; marks that both have, as “ ” and ……, are Chinese.
pub(super) fn face(family: &str) -> RunFonts {
    RunFonts::new().east_asia(family).ascii(TIMES).hi_ansi(TIMES).cs(TIMES).hint("eastAsia")
}

/// A Chinese font for figures too.
pub(super) fn latin(family: &str) -> RunFonts {
    RunFonts::new().east_asia(family).ascii(family).hi_ansi(family).cs(family)
}

/// What somebody said, in a font and a size in half points.
pub(super) fn run(said: &str, family: &str, half_points: usize) -> Run {
    let run = Run::new().add_text(printable(said)).size(half_points).fonts(face(family));
    if half_points == SIZE_3 { run.character_spacing(-CLOSER) } else { run }
}

/// Without the characters that XML 1.0 cannot carry, escaped or not (2.2, Char); the sign for an unknown character stands
/// in their place.
pub(super) fn printable(said: &str) -> String {
    let carried = |c: char| !matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    said.chars().map(|c| if carried(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

fn exactly(line: i32) -> LineSpacing {
    LineSpacing::new().line_rule(LineSpacingType::Exact).line(line)
}

/// A paragraph of the letter without indent.
pub(super) fn flush(align: AlignmentType) -> Paragraph {
    Paragraph::new().align(align).line_spacing(exactly(LINE)).widow_control(false)
}

/// A paragraph of the text: two characters in.
pub(super) fn text() -> Paragraph {
    let two = SpecialIndentType::FirstLine(2 * CHARACTER);
    flush(AlignmentType::Both).indent(None, Some(two), None, None)
}

/// An empty line.
pub(super) fn blank() -> Paragraph {
    flush(AlignmentType::Left)
}

/// The lines of a title, each on its own.
pub(super) fn title(lines: &[String]) -> impl Iterator<Item = Paragraph> {
    let line = |line: &String| {
        let set = Paragraph::new().align(AlignmentType::Center).line_spacing(exactly(720));
        set.add_run(run(line, BIAOSONG, SIZE_2))
    };
    lines.iter().map(line)
}

/// How wide a text of 3号 is, in twips: figures and Latin letters are half as wide.
pub(super) fn width_of(said: &str) -> i32 {
    said.chars().map(|c| if c.is_ascii() { CHARACTER / 2 } else { CHARACTER }).sum()
}
