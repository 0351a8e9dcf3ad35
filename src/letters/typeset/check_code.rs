//! The QR code that leads to the page where a copy of the letter is checked. The template draws it as one path.

use super::TypesetFault;
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

/// Characters of a link at the most: at 20 mm more could not be read from paper.
const MAX_LINK: usize = 200;

/// Which modules are dark.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct CheckCode {
    /// Modules of a side, without the quiet zone.
    pub width: usize,
    /// Dark modules that stand side by side: the column of the first, the row, how many.
    pub bars: Vec<(usize, usize, usize)>,
}

impl CheckCode {
    /// The code of a link; a fold or a stain over 15 % of it does no harm (level M).
    ///
    /// # Errors
    /// The link is too long.
    pub fn of(link: &str) -> Result<Self, TypesetFault> {
        if link.len() > MAX_LINK {
            return Err(TypesetFault::Failed(format!("the check link is longer than {MAX_LINK}")));
        }
        let code = QrCode::with_error_correction_level(link, EcLevel::M).map_err(super::failed)?;
        let width = code.width();
        let mut bars: Vec<(usize, usize, usize)> = vec![];
        for (place, color) in code.to_colors().into_iter().enumerate() {
            let (x, y) = (place % width, place / width);
            match bars.last_mut() {
                _ if color == Color::Light => {}
                Some((from, row, count)) if *row == y && *from + *count == x => *count += 1,
                _ => bars.push((x, y, 1)),
            }
        }
        Ok(Self { width, bars })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_are_the_dark_modules() {
        let link = "https://yixun.example.cn/check/0192f0c1-7d5a-7c3e-9a54-2f1f6a0e9b11";
        let code = CheckCode::of(link).unwrap();
        let whole = QrCode::with_error_correction_level(link, EcLevel::M).unwrap();
        let mut drawn = vec![Color::Light; code.width * code.width];
        for (x, y, count) in code.bars {
            for module in &mut drawn[y * code.width + x..][..count] {
                assert_eq!(std::mem::replace(module, Color::Dark), Color::Light, "no module twice");
            }
        }
        assert_eq!(drawn, whole.to_colors());
        assert!(code.width >= 29, "room for the link");
    }

    #[test]
    fn a_link_that_could_not_be_read_is_refused() {
        assert!(CheckCode::of(&"a".repeat(MAX_LINK)).is_ok());
        assert!(matches!(CheckCode::of(&"a".repeat(MAX_LINK + 1)), Err(TypesetFault::Failed(_))));
    }
}
