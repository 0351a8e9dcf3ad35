//! Small pictures of an original: turned upright, never enlarged, written anew as JPEG without any metadata, so that
//! neither place nor time nor the phone's name leave with them. PURE: bytes in, bytes out.

use super::sniff::{Kind, SniffFault, sniff};
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use std::io::Cursor;
use std::panic::catch_unwind;

/// The longest sides that clients may ask for, in pixels.
pub const SIZES: [u32; 2] = [320, 1600];

/// Quality of the JPEG written, of 100.
const QUALITY: u8 = 80;
/// Bytes of a decoded picture at the most: 120 megapixels in colour, or 50 with 16 bits and transparency.
const MAX_DECODED: u64 = 400_000_000;

/// Why there is no rendition.
#[derive(Debug, thiserror::Error)]
pub enum RenditionFault {
    /// A document, or a photo that this build cannot decode.
    #[error("{0:?} has no rendition")]
    Unsupported(Kind),
    /// What [`sniff`] says of the header.
    #[error(transparent)]
    Header(#[from] SniffFault),
    /// The picture is damaged.
    #[error("the picture cannot be decoded: {0}")]
    Unreadable(String),
}

impl From<ImageError> for RenditionFault {
    fn from(error: ImageError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// The original as a JPEG whose longer side is at most `longest` pixels.
///
/// # Errors
/// The original is of a kind without renditions, too large, or damaged.
pub fn rendition(original: &[u8], longest: u32) -> Result<Vec<u8>, RenditionFault> {
    let header = sniff(original)?;
    let size = header.size.ok_or(RenditionFault::Unsupported(header.kind))?;
    // Foreign bytes in a foreign decoder: its panic is one photo's trouble.
    catch_unwind(|| {
        let (picture, orientation) = match header.kind {
            Kind::Jpeg => decode(JpegDecoder::new(Cursor::new(original))?, size)?,
            Kind::Png => decode(PngDecoder::with_limits(Cursor::new(original), limits())?, size)?,
            kind => return Err(RenditionFault::Unsupported(kind)),
        };
        let mut small = shrink(picture, longest);
        small.apply_orientation(orientation);
        encode(&flatten(small))
    })
    .unwrap_or_else(|_| Err(RenditionFault::Unreadable("the decoder failed".into())))
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED);
    limits
}

/// Decodes, if the decoder has read the same size from the header as we have.
fn decode(
    mut decoder: impl ImageDecoder,
    size: (u32, u32),
) -> Result<(DynamicImage, image::metadata::Orientation), RenditionFault> {
    if decoder.dimensions() != size || decoder.total_bytes() > MAX_DECODED {
        return Err(RenditionFault::Unreadable("its size is in doubt".into()));
    }
    // A photo with broken EXIF is still a photo.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// To half or less, each pixel is the mean of those that it stands for: a fraction of the cost of a filter, and as good at
/// that ratio.
fn shrink(picture: DynamicImage, longest: u32) -> DynamicImage {
    match picture.width().max(picture.height()) {
        n if n <= longest => picture,
        n if n >= longest.saturating_mul(2) => picture.thumbnail(longest, longest),
        _ => picture.resize(longest, longest, FilterType::Triangle),
    }
}

/// Transparency on white paper.
fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, alpha] = picture.get_pixel(x, y).0;
        let on_white = |c: u8| {
            let (c, alpha) = (u16::from(c), u16::from(alpha));
            // At most 255 · 255 / 255.
            u8::try_from((c * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([r, g, b].map(on_white))
    })
}

fn encode(picture: &RgbImage) -> Result<Vec<u8>, RenditionFault> {
    let side = |n: u32| u16::try_from(n).map_err(|e| RenditionFault::Unreadable(e.to_string()));
    let mut bytes = vec![];
    Encoder::new(&mut bytes, QUALITY)
        .encode(picture.as_raw(), side(picture.width())?, side(picture.height())?, ColorType::Rgb)
        .map_err(|e| RenditionFault::Unreadable(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, Rgba, RgbaImage};

    const RED: [u8; 3] = [220, 30, 30];
    const BLUE: [u8; 3] = [30, 30, 220];

    /// Left half red, right half blue.
    fn halves(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { RED } else { BLUE }))
    }

    fn jpeg(picture: &RgbImage, prepare: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = vec![];
        let mut encoder = Encoder::new(&mut bytes, 90);
        prepare(&mut encoder);
        let (width, height) = (picture.width().try_into().unwrap(), picture.height().try_into().unwrap());
        encoder.encode(picture.as_raw(), width, height, ColorType::Rgb).unwrap();
        bytes
    }

    /// EXIF with one entry, Orientation, and a text that must not leave.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        tiff.extend(b"SECRET PHONE");
        tiff
    }

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(vec![]);
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn seen(bytes: &[u8]) -> RgbImage {
        image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).unwrap().into_rgb8()
    }

    fn near(pixel: &Rgb<u8>, wanted: [u8; 3]) -> bool {
        pixel.0.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 25)
    }

    #[test]
    fn it_is_made_smaller_and_never_larger() {
        let original = jpeg(&halves(1000, 500), |_| {});
        assert_eq!(seen(&rendition(&original, 320).unwrap()).dimensions(), (320, 160));
        assert_eq!(seen(&rendition(&original, 600).unwrap()).dimensions(), (600, 300));
        let same = seen(&rendition(&original, 1600).unwrap());
        assert_eq!(same.dimensions(), (1000, 500));
        assert!(near(same.get_pixel(100, 250), RED) && near(same.get_pixel(900, 250), BLUE));
        assert_eq!(seen(&rendition(&jpeg(&halves(4000, 2), |_| {}), 320).unwrap()).dimensions(), (320, 1));
        let progressive = jpeg(&halves(1000, 500), |e| e.set_progressive(true));
        assert_eq!(seen(&rendition(&progressive, 320).unwrap()).dimensions(), (320, 160));
    }

    #[test]
    fn it_stands_upright_and_tells_nothing() {
        let turned = |orientation| {
            let original = jpeg(&halves(800, 400), |e| e.add_exif_metadata(&exif(orientation)).unwrap());
            let written = exif::Reader::new().read_from_container(&mut Cursor::new(&original)).unwrap();
            let field = written.get_field(exif::Tag::Orientation, exif::In::PRIMARY).unwrap();
            assert_eq!(field.value.get_uint(0), Some(u32::from(orientation)));
            let small = rendition(&original, 320).unwrap();
            assert!(exif::Reader::new().read_from_container(&mut Cursor::new(&small)).is_err());
            assert!(!small.windows(2).any(|w| w == [0xFF, 0xE1]));
            assert!(!small.windows(6).any(|w| w == b"SECRET"));
            seen(&small)
        };
        let upright = turned(1);
        assert_eq!(upright.dimensions(), (320, 160));
        assert!(near(upright.get_pixel(40, 80), RED));
        let half = turned(3);
        assert!(near(half.get_pixel(40, 80), BLUE) && near(half.get_pixel(280, 80), RED));
        let clockwise = turned(6);
        assert_eq!(clockwise.dimensions(), (160, 320));
        assert!(near(clockwise.get_pixel(80, 40), RED) && near(clockwise.get_pixel(80, 280), BLUE));
        let counter = turned(8);
        assert!(near(counter.get_pixel(80, 40), BLUE) && near(counter.get_pixel(80, 280), RED));
    }

    #[test]
    fn transparency_shows_paper() {
        let clear = RgbaImage::from_pixel(400, 400, Rgba([0, 0, 0, 0]));
        let small = seen(&rendition(&png(&clear.into()), 320).unwrap());
        assert!(near(small.get_pixel(160, 160), [255, 255, 255]));
        let deep = DynamicImage::from(halves(400, 400)).into_rgb16();
        let small = seen(&rendition(&png(&deep.into()), 320).unwrap());
        assert!(near(small.get_pixel(40, 160), RED));
    }

    #[test]
    fn documents_and_foreign_photos_have_none() {
        let found = rendition(b"%PDF-1.7\n%%EOF", 320);
        assert!(matches!(found, Err(RenditionFault::Unsupported(Kind::Pdf))));
        let heic = b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x0cmeta\0\0\0\0";
        assert!(matches!(rendition(heic, 320), Err(RenditionFault::Unsupported(Kind::Heic))));
        assert!(matches!(rendition(b"<svg/>", 320), Err(RenditionFault::Header(SniffFault::Unsupported))));
    }

    #[test]
    fn a_bomb_is_not_decoded() {
        let mut bomb = jpeg(&halves(16, 16), |_| {});
        let frame = bomb.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        bomb[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
        let found = rendition(&bomb, 320);
        let size = SniffFault::TooManyPixels { width: 65_500, height: 65_500 };
        assert!(matches!(found, Err(RenditionFault::Header(fault)) if fault == size));
    }

    #[test]
    fn damaged_pictures_are_refused_or_shown_in_part() {
        for original in [jpeg(&halves(64, 64), |_| {}), png(&halves(64, 64).into())] {
            for length in 0..original.len() {
                let _any = rendition(&original[..length], 32);
            }
            for place in (0..original.len()).step_by(3) {
                let mut damaged = original.clone();
                damaged[place] ^= 0x55;
                let _any = rendition(&damaged, 32);
            }
        }
        let cut = png(&halves(64, 64).into());
        assert!(matches!(rendition(&cut[..cut.len() / 2], 32), Err(RenditionFault::Unreadable(_))));
    }
}
