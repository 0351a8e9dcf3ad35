//! Ink on the pages of a PDF, as somebody sees it who has the document only. Pages are drawn by another program than the
//! one that wrote them; what is measured are boxes of ink in millimetres from the upper left corner of the page.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{RenderCache, RenderSettings, render};

/// Pixels to the millimetre: an edge is known within a twelfth.
const FINE: f64 = 12.0;

/// The colours that a letter is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    None,
    Red,
    Black,
}

/// A box in millimetres; NaN where nothing was found, so that whatever is reckoned from it is in no tolerance.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub const NOWHERE: Self = Self { left: f64::NAN, top: f64::NAN, right: f64::NAN, bottom: f64::NAN };

    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn centre(&self) -> f64 {
        f64::midpoint(self.left, self.right)
    }

    /// The rows between two heights, over the whole width.
    pub fn rows(top: f64, bottom: f64) -> Self {
        Self { left: 0.0, top, right: f64::INFINITY, bottom }
    }
}

/// A drawn page.
#[derive(Clone)]
pub struct Sheet {
    width: usize,
    ink: Vec<Ink>,
}

/// Draws every page, so many times as large as it is.
pub fn sheets(pdf: Vec<u8>, enlarged: f64) -> Vec<Sheet> {
    let pdf = Pdf::new(pdf).expect("a PDF");
    let cache = RenderCache::new();
    let scale = (FINE * enlarged * 25.4 / 72.0) as f32;
    let settings =
        RenderSettings { x_scale: scale, y_scale: scale, bg_color: WHITE, ..RenderSettings::default() };
    let draw = |page| {
        let drawn = render(page, &cache, &InterpreterSettings::default(), &settings);
        let ink = drawn.data().iter().map(|pixel| ink_of([pixel.r, pixel.g, pixel.b])).collect();
        Sheet { width: usize::from(drawn.width()), ink }
    };
    pdf.pages().iter().map(draw).collect()
}

fn ink_of([red, green, blue]: [u8; 3]) -> Ink {
    match (red > 127, green > 127 || blue > 127) {
        (_, true) => Ink::None,
        (true, false) => Ink::Red,
        (false, false) => Ink::Black,
    }
}

impl Sheet {
    /// The size of the page.
    pub fn size(&self) -> (f64, f64) {
        (self.width as f64 / FINE, self.height() as f64 / FINE)
    }

    fn height(&self) -> usize {
        self.ink.len() / self.width
    }

    /// The page with everything on it moved to the right and down.
    pub fn moved(&self, right: f64, down: f64) -> Self {
        let back = |place: usize, by: f64| place.checked_sub((by * FINE) as usize);
        let at = |(x, y): (usize, usize)| {
            let from = back(x, right).zip(back(y, down));
            from.map_or(Ink::None, |(x, y)| self.ink[y * self.width + x])
        };
        let places = (0..self.ink.len()).map(|n| (n % self.width, n / self.width));
        Self { width: self.width, ink: places.map(at).collect() }
    }

    /// The pixels of an area: columns and rows.
    fn pixels(&self, area: Area) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let clamp = |mm: f64, most: usize| ((mm * FINE).max(0.0) as usize).min(most);
        let across = clamp(area.left, self.width)..clamp(area.right, self.width);
        (across, clamp(area.top, self.height())..clamp(area.bottom, self.height()))
    }

    /// The box of all ink of a colour in an area.
    pub fn boxed(&self, ink: Ink, area: Area) -> Area {
        let (lines, columns) = (self.lines(ink, area), self.columns(ink, area));
        match (lines.first(), lines.last(), columns.first(), columns.last()) {
            (Some(top), Some(bottom), Some(left), Some(right)) => {
                Area { left: left.0, top: top.0, right: right.1, bottom: bottom.1 }
            }
            _ => Area::NOWHERE,
        }
    }

    /// Where ink begins and ends from above, piece by piece: lines of text.
    pub fn lines(&self, ink: Ink, area: Area) -> Vec<(f64, f64)> {
        let (across, down) = self.pixels(area);
        runs(down, |y| self.ink[y * self.width..][across.clone()].contains(&ink))
    }

    /// Where ink begins and ends from the left, piece by piece: characters that hang together.
    pub fn columns(&self, ink: Ink, area: Area) -> Vec<(f64, f64)> {
        let (across, down) = self.pixels(area);
        runs(across, |x| down.clone().any(|y| self.ink[y * self.width + x] == ink))
    }

    /// The boxes of what hangs together in a line of text, from the left.
    pub fn pieces(&self, (top, bottom): (f64, f64)) -> Vec<Area> {
        let columns = self.columns(Ink::Black, Area::rows(top, bottom));
        let boxed = |(left, right)| self.boxed(Ink::Black, Area { left, top, right, bottom });
        columns.into_iter().map(boxed).collect()
    }
}

/// The stretches of places that have something, in millimetres.
fn runs(places: std::ops::Range<usize>, has: impl Fn(usize) -> bool) -> Vec<(f64, f64)> {
    let mut runs: Vec<(usize, usize)> = vec![];
    for place in places.filter(|place| has(*place)) {
        match runs.last_mut() {
            Some((_, end)) if *end == place => *end = place + 1,
            _ => runs.push((place, place + 1)),
        }
    }
    runs.into_iter().map(|(from, to)| (from as f64 / FINE, to as f64 / FINE)).collect()
}
