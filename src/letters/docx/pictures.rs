//! The photos of an annex: 23 mm wide at 300 dots an inch. PNG, because the package names every picture so.

use super::super::letter::Letter;
use super::DocxFault;
use docx_rs::Pic;
use image::{DynamicImage, GenericImageView as _, ImageFormat};
use std::collections::HashMap;
use std::io::Cursor;

/// Photos by the SHA-256 of their originals.
pub(super) type Pictures = HashMap<String, Pic>;

/// English Metric Units in a millimetre.
const MILLIMETRE: u32 = 36_000;
/// As wide as the column, in millimetres.
const WIDE: u32 = 23;
/// No higher than a photo held upright, in millimetres; what is higher becomes narrower.
const HIGH: u32 = 31;
/// Dots of 23 mm.
const DOTS: u32 = 272;

/// Those photos of a letter that there are.
pub(super) fn of(letter: &Letter, photos: &HashMap<String, Vec<u8>>) -> Result<Pictures, DocxFault> {
    let there = letter.photo_hashes().into_iter().filter_map(|hash| Some((photos.get(&hash)?, hash)));
    (1..)
        .zip(there)
        .map(|(n, (jpeg, hash)): (usize, _)| match picture(jpeg, n) {
            Ok(picture) => Ok((hash, picture)),
            Err(why) => Err(DocxFault::Photo { sha256: hash, why: why.to_string() }),
        })
        .collect()
}

fn picture(jpeg: &[u8], n: usize) -> image::ImageResult<Pic> {
    let photo = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)?;
    let (wide, high) = size(&photo);
    let small = if photo.width() > DOTS { photo.thumbnail(DOTS, photo.height()) } else { photo };
    let mut bytes = Cursor::new(vec![]);
    small.write_to(&mut bytes, ImageFormat::Png)?;
    // The name is ours: the library would count through all documents of the process.
    Ok(Pic::new_with_dimensions(bytes.into_inner(), small.width(), small.height())
        .id(format!("photo{n}"))
        .size(wide, high))
}

/// Width and height on paper, in EMU.
fn size(photo: &DynamicImage) -> (u32, u32) {
    let (wide, high) = photo.dimensions();
    let (wide, high) = (u64::from(wide.max(1)), u64::from(high.max(1)));
    let (most_wide, most_high) = (u64::from(WIDE * MILLIMETRE), u64::from(HIGH * MILLIMETRE));
    let fitted = match most_wide * high / wide {
        fits if fits <= most_high => (most_wide, fits),
        _ => (most_high * wide / high, most_high),
    };
    (u32::try_from(fitted.0).unwrap_or(1), u32::try_from(fitted.1).unwrap_or(1))
}
