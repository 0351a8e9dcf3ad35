//! A page as a picture, for looking at a letter before it is a document.

use super::{TypesetFault, failed};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use std::ops::RangeInclusive;
use typst::utils::Scalar;
use typst_layout::PagedDocument;
use typst_render::{RenderOptions, render};

/// Pixels to the inch that a page may be asked for with: A4 is 794 × 1123 to 1654 × 2339 pixels.
pub const DPI: RangeInclusive<u32> = 96..=200;

/// A page as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// PNG, without transparency.
    pub png: Vec<u8>,
    /// How many pages the letter has.
    pub pages: usize,
}

/// The page of this number, from 1; the resolution is brought into [`DPI`].
pub(super) fn picture(document: &PagedDocument, number: usize, dpi: u32) -> Result<Picture, TypesetFault> {
    let pages = document.pages();
    let page = number.checked_sub(1).and_then(|place| pages.get(place));
    let page = page.ok_or(TypesetFault::NoSuchPage { pages: pages.len() })?;
    let dpi = dpi.clamp(*DPI.start(), *DPI.end());
    let options = RenderOptions { pixel_per_pt: Scalar::new(f64::from(dpi) / 72.0), render_bleed: false };
    let drawn = render(page, &options);
    // The page is white and covers everything, so what is left out here says nothing.
    let colours: Vec<u8> =
        drawn.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut png = vec![];
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(&colours, drawn.width(), drawn.height(), ExtendedColorType::Rgb8)
        .map_err(failed)?;
    Ok(Picture { png, pages: pages.len() })
}
