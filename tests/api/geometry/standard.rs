//! What the standard gives, and where it is on the pages of the probe (`super::probe`).
//!
//! Ink stands inside the em box of its character, and the standard speaks of characters. Where a distance ends at a
//! character, its ink is widened to the em box by what the font itself leaves free around that glyph.

use super::Distance;
use super::ink::{Area, Ink, Sheet};
use crate::template::FONTS;
use typst::foundations::Bytes;
use typst::layout::Abs;
use typst::text::{Font, FontVariant, FontVariations};

const POINT: f64 = 25.4 / 72.0;
/// 2号, 3号 and 4号.
const SIZE_2: f64 = 22.0 * POINT;
const SIZE_3: f64 = 16.0 * POINT;
const SIZE_4: f64 = 14.0 * POINT;
/// Of the mark, which is the authority's to choose.
const MARK: f64 = 44.0 * POINT;
/// 28 characters fill the type area (5.2.3), so one is a little narrower than 3号.
const CHARACTER: f64 = 156.0 / 28.0;
/// 22 lines fill it.
const LINE: f64 = (225.0 - CHARACTER) / 21.0;

/// What a font leaves free around a glyph, in em.
struct Free {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Free {
    fn of(file: &str, character: char) -> Self {
        let bytes = std::fs::read(format!("{FONTS}/{file}")).expect("a font of the repository");
        let font = Font::iter(Bytes::new(bytes)).next().expect("a font");
        let font = font.instantiate(FontVariant::default(), Abs::pt(16.0), &FontVariations::default());
        let face = font.ttf();
        let em = f64::from(face.units_per_em());
        let glyph = face.glyph_index(character).expect("a glyph");
        let ink = face.glyph_bounding_box(glyph).expect("ink");
        let advance = f64::from(face.glyph_hor_advance(glyph).expect("an advance"));
        // The em box of an ideograph reaches from 0.12 em under the baseline to 0.88 em over it.
        Self {
            left: f64::from(ink.x_min) / em,
            top: 0.88 - f64::from(ink.y_max) / em,
            right: (advance - f64::from(ink.x_max)) / em,
            bottom: f64::from(ink.y_min) / em + 0.12,
        }
    }

    /// The em box around ink, in a size.
    fn widen(&self, ink: Area, size: f64) -> Area {
        Area {
            left: ink.left - self.left * size,
            top: ink.top - self.top * size,
            right: ink.right + self.right * size,
            bottom: ink.bottom + self.bottom * size,
        }
    }
}

/// The fonts of the probe.
struct Frames {
    text: Free,
    title: Free,
    label: Free,
}

/// The n-th of a list from the front, or the n-th from the back where it is negative.
fn at<T: Copy>(list: &[T], place: isize) -> Option<T> {
    let place = if place < 0 { list.len().checked_add_signed(place)? } else { place.unsigned_abs() };
    list.get(place).copied()
}

/// The box of a character: of a line, of a piece in it.
fn piece(sheet: &Sheet, line: isize, place: isize) -> Area {
    let lines = sheet.lines(Ink::Black, Area::rows(0.0, f64::INFINITY));
    at(&lines, line).and_then(|line| at(&sheet.pieces(line), place)).unwrap_or(Area::NOWHERE)
}

fn count(sheet: &Sheet, line: isize) -> f64 {
    let lines = sheet.lines(Ink::Black, Area::rows(0.0, f64::INFINITY));
    at(&lines, line).map_or(f64::NAN, |line| sheet.pieces(line).len() as f64)
}

/// Everything that the standard gives in figures.
pub fn distances(sheets: &[Sheet]) -> Vec<Distance> {
    let frames = Frames {
        text: Free::of("FandolFang-Regular-sub.otf", '国'),
        title: Free::of("NotoSerifSC-SemiBold-sub.ttf", '国'),
        label: Free::of("NotoSansSC-Medium-sub.ttf", '国'),
    };
    let [first, full, ending, annex, _, last] = sheets else { panic!("{} pages", sheets.len()) };
    let parts = [
        head(first, &frames),
        opening(first, &frames),
        type_area(full, &frames),
        page_numbers(first, full, ending),
        signature(ending),
        annexes(annex, &frames),
        foot(last, &frames),
    ];
    parts.into_iter().flatten().collect()
}

fn distance(name: &'static str, clause: &'static str, expected: f64, measured: f64) -> Distance {
    Distance { name, clause, expected, measured }
}

/// Mark and double lines 10.1.
fn head(page: &Sheet, frames: &Frames) -> Vec<Distance> {
    let reds = page.lines(Ink::Red, Area::rows(0.0, f64::INFINITY));
    let red = |place: usize| {
        // Mark, thick, thin; at the foot thin, thick.
        let rows = reds.get(place).filter(|_| reds.len() == 5);
        rows.map_or(Area::NOWHERE, |(top, bottom)| page.boxed(Ink::Red, Area::rows(*top, *bottom)))
    };
    let [mark, thick, thin, foot_thin, foot_thick] = [0, 1, 2, 3, 4].map(red);
    // Wanted of both is only that one is thicker; the figure is 1 where it is.
    let thicker = |a: Area, b: Area| if a.height() > 2.0 * b.height() { 1.0 } else { f64::NAN };
    let bottom = page.size().1 - foot_thick.bottom;
    let centre = frames.title.widen(mark, MARK).centre();
    vec![
        distance("纸张宽", "5.1", 210.0, page.size().0),
        distance("纸张高", "5.1", 297.0, page.size().1),
        distance("发文机关标志上边缘至上页边", "10.1", 30.0, mark.top),
        distance("发文机关标志以版心为准居中", "10.1", 106.0, centre),
        distance("第一条红色双线在标志下", "10.1", 4.0, thick.top - mark.bottom),
        distance("第一条红色双线长（粗线）", "10.1", 170.0, thick.width()),
        distance("第一条红色双线长（细线）", "10.1", 170.0, thin.width()),
        distance("第一条红色双线以版心为准居中", "10.1", 106.0, thick.centre()),
        distance("第一条红色双线上粗下细", "10.1", 1.0, thicker(thick, thin)),
        distance("第二条红色双线距下页边", "10.1", 20.0, bottom),
        distance("第二条红色双线长（粗线）", "10.1", 170.0, foot_thick.width()),
        distance("第二条红色双线长（细线）", "10.1", 170.0, foot_thin.width()),
        distance("第二条红色双线以版心为准居中", "10.1", 106.0, foot_thick.centre()),
        distance("第二条红色双线上细下粗", "10.1", 1.0, thicker(foot_thick, foot_thin)),
    ]
}

/// Number, title, addressee and the first paragraph.
fn opening(page: &Sheet, frames: &Frames) -> Vec<Distance> {
    let reds = page.lines(Ink::Red, Area::rows(0.0, f64::INFINITY));
    let double_line = reds.get(2).map_or(f64::NAN, |(_, bottom)| *bottom);
    let text = |line, place| frames.text.widen(piece(page, line, place), CHARACTER);
    let title = |line, place| frames.title.widen(piece(page, line, place), SIZE_2);
    let seal = Free::of("FandolFang-Regular-sub.otf", '号').widen(piece(page, 0, -1), CHARACTER);
    let (number, above, under) = (text(0, 0), title(1, 0), title(2, 0));
    let pitch = (piece(page, 1, 15).left - piece(page, 1, 0).left) / 15.0;
    let (recipient, body) = (text(3, 0), text(4, 0));
    let middle = |line| f64::midpoint(title(line, 0).left, title(line, -1).right);
    vec![
        distance("发文字号顶格居版心右边缘", "10.1", 184.0, seal.right),
        distance("发文字号与红色双线为3号字高的7/8", "10.1", SIZE_3 * 7.0 / 8.0, number.top - double_line),
        // Two empty lines: what follows begins three lines further down.
        distance("标题与其上要素相距二行", "10.1", 3.0 * LINE, above.top - number.top),
        distance("标题2号字宽", "7.3.1", SIZE_2, pitch),
        distance("标题首行居中", "7.3.1", 106.0, middle(1)),
        distance("标题次行居中", "7.3.1", 106.0, middle(2)),
        distance("标题首行字数", "7.3.1", 16.0, count(page, 1)),
        // One empty line, after the space that parts any two lines.
        distance("主送机关在标题下空一行", "7.3.2", 2.0 * LINE - CHARACTER, recipient.top - under.bottom),
        distance("主送机关居左顶格", "7.3.2", 28.0, recipient.left),
        distance("正文首行空二字", "7.3.3", 28.0 + 2.0 * CHARACTER, body.left),
        distance("正文在主送机关下一行", "7.3.3", LINE, body.top - recipient.top),
    ]
}

/// Margins, lines and characters on a page that is full; it is an even one, whose inner margin is on the right.
fn type_area(page: &Sheet, frames: &Frames) -> Vec<Distance> {
    let area = |line, place| frames.text.widen(piece(page, line, place), CHARACTER);
    // The last line is the page number's.
    let (begin, end) = (area(0, 0), area(-2, -1));
    let rows = page.lines(Ink::Black, Area::rows(0.0, f64::INFINITY));
    let characters: usize =
        rows[..rows.len().saturating_sub(1)].iter().map(|row| page.pieces(*row).len()).sum();
    let (width, height) = page.size();
    vec![
        distance("天头", "5.2.1", 37.0, begin.top),
        distance("双面印刷双数页订口", "5.2.1", 28.0, width - end.right),
        distance("版心左边缘（双数页）", "5.2.1", 26.0, begin.left),
        distance("版心宽", "5.2.1", 156.0, end.right - begin.left),
        distance("版心高", "5.2.1", 225.0, end.bottom - begin.top),
        distance("版心下边缘至下页边", "5.2.1", 35.0, height - end.bottom),
        distance("每面行数", "5.2.3", 22.0, rows.len() as f64 - 1.0),
        distance("每面字数", "5.2.3", 22.0 * 28.0, characters as f64),
        distance("末行字数", "5.2.3", 28.0, count(page, -2)),
    ]
}

/// From the second page on, 7 mm under the type area, a character from the outer edge.
fn page_numbers(first: &Sheet, even: &Sheet, odd: &Sheet) -> Vec<Distance> {
    let (left_dash, right_dash) = (piece(even, -1, 0), piece(odd, -1, -1));
    let dash = Free::of("NotoSerifSC-Regular-full.ttf", '—');
    // Black ink under the type area of the first page: there is none.
    let below = first.lines(Ink::Black, Area::rows(263.0, 297.0)).len();
    vec![
        distance("首页不显示页码", "10.1", 0.0, below as f64),
        distance("双数页一字线距版心下边缘", "7.5", 7.0, left_dash.top - 262.0),
        distance("单数页一字线距版心下边缘", "7.5", 7.0, right_dash.top - 262.0),
        distance("双数页页码居左空一字", "7.5", 26.0 + SIZE_4, dash.widen(left_dash, SIZE_4).left),
        distance("单数页页码居右空一字", "7.5", 184.0 - SIZE_4, dash.widen(right_dash, SIZE_4).right),
    ]
}

/// The authority centred on the date, the date four characters from the right.
fn signature(page: &Sheet) -> Vec<Distance> {
    let day = Free::of("FandolFang-Regular-sub.otf", '日');
    let lines = page.lines(Ink::Black, Area::rows(0.0, f64::INFINITY));
    let boxed = |place| {
        let rows = at(&lines, place).map(|(top, bottom)| Area::rows(top, bottom));
        rows.map_or(Area::NOWHERE, |rows| page.boxed(Ink::Black, rows))
    };
    let (authority, date) = (boxed(-3), boxed(-2));
    let (date_right, measured) = (184.0 - 4.0 * CHARACTER, day.widen(piece(page, -2, -1), CHARACTER).right);
    // A figure leaves next to nothing free before it.
    let date_width = measured - date.left;
    vec![
        distance("成文日期右空四字", "7.3.5", date_right, measured),
        distance("署名以成文日期为准居中", "7.3.5", date_right - date_width / 2.0, authority.centre()),
        distance("成文日期在署名下一行", "7.3.5", LINE, date.bottom - authority.bottom),
    ]
}

/// On a page of its own: the label at the upper left, the title on the third line.
fn annexes(page: &Sheet, frames: &Frames) -> Vec<Distance> {
    let label = frames.label.widen(piece(page, 0, 0), CHARACTER);
    let (from, to) = (piece(page, 1, 0), piece(page, 1, -1));
    let (from, to) = (frames.title.widen(from, SIZE_2), frames.title.widen(to, SIZE_2));
    vec![
        distance("“附件”顶格（双数页）", "7.3.7", 26.0, label.left),
        distance("“附件”在版心第一行", "7.3.7", 37.0, label.top),
        distance("附件标题居中", "7.3.7", 104.0, f64::midpoint(from.left, to.right)),
        distance("附件标题在版心第三行", "7.3.7", 37.0 + 2.0 * LINE, from.top),
    ]
}

/// Copies at the very bottom of the last page, one character in; above them the code.
fn foot(page: &Sheet, frames: &Frames) -> Vec<Distance> {
    let lines = page.lines(Ink::Black, Area::rows(0.0, f64::INFINITY));
    let copies = Free::of("FandolFang-Regular-sub.otf", '抄').widen(piece(page, -3, 0), SIZE_4);
    let again = frames.text.widen(piece(page, -2, 0), SIZE_4);
    // Label, title, note and table; then the code, its line, two lines of copies and the page number.
    let rows = at(&lines, 3).zip(at(&lines, -4)).map(|(table, line)| Area::rows(table.1 + 1.0, line.0 - 0.5));
    let code = rows.map_or(Area::NOWHERE, |rows| page.boxed(Ink::Black, rows));
    vec![
        distance("抄送左空一字", "7.4.2", 26.0 + SIZE_4, copies.left),
        distance("抄送回行与冒号后的首字对齐", "7.4.2", 26.0 + 4.0 * SIZE_4, again.left),
        distance("版记在版心内最下方", "10.1", 262.0, again.bottom),
        distance("核验二维码宽", "（本系统）", 20.0, code.width()),
        distance("核验二维码高", "（本系统）", 20.0, code.height()),
    ]
}
