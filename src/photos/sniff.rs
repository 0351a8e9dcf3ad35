//! What some bytes are, from their own first bytes and never from what a client says: PURE. A header is read to the
//! point where its width and height are known, before anything is allocated for a decoder: a file of a few hundred bytes
//! can claim four billion pixels. What begins with text (SVG, HTML, and files that are both) is nothing we keep.

/// Pixels of a JPEG at the most. A 108 megapixel phone fits.
const MAX_PIXELS: u64 = 120_000_000;
/// Pixels of a progressive JPEG or a PNG at the most: to decode one takes 3 to 8 bytes a pixel more.
const MAX_PIXELS_COSTLY: u64 = 50_000_000;
/// Scans of a progressive JPEG at the most; cameras write about ten, and a decoder walks the whole picture for each.
const MAX_SCANS: usize = 100;

/// What is kept as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Photos.
    Jpeg,
    /// Pictures of screens.
    Png,
    /// Photos of iPhones: kept, but this build cannot decode them.
    Heic,
    /// Documents.
    Pdf,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Heic, Self::Pdf];

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }

    /// The ending of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
        }
    }

    /// The kind of a media type that we gave.
    pub fn of(content_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.content_type() == content_type)
    }
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// Width and height as stored, before any rotation; none for HEIC and PDF.
    pub size: Option<(u32, u32)>,
}

/// Why some bytes are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SniffFault {
    /// Of no kind that we keep.
    #[error("not a JPEG, PNG, HEIC or PDF")]
    Unsupported,
    /// Cut off or damaged before the picture begins.
    #[error("the header is cut off or damaged")]
    Unreadable,
    /// Larger than we decode.
    #[error("{width}x{height} are too many pixels")]
    TooManyPixels {
        /// As claimed.
        width: u32,
        /// As claimed.
        height: u32,
    },
}

const PNG_MAGIC: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Reads the header.
///
/// # Errors
/// Of no known kind; damaged; too large to be decoded.
pub fn sniff(bytes: &[u8]) -> Result<Header, SniffFault> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return jpeg(bytes).map(|size| Header { kind: Kind::Jpeg, size: Some(size) });
    }
    if bytes.starts_with(&PNG_MAGIC) {
        return png(bytes).map(|size| Header { kind: Kind::Png, size: Some(size) });
    }
    if bytes.starts_with(b"%PDF-1.") || bytes.starts_with(b"%PDF-2.") {
        return pdf(bytes).map(|()| Header { kind: Kind::Pdf, size: None });
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return heic(bytes).map(|()| Header { kind: Kind::Heic, size: None });
    }
    Err(SniffFault::Unsupported)
}

fn within(width: u32, height: u32, pixels: u64) -> Result<(u32, u32), SniffFault> {
    match u64::from(width) * u64::from(height) {
        0 => Err(SniffFault::Unreadable),
        n if n > pixels => Err(SniffFault::TooManyPixels { width, height }),
        _ => Ok((width, height)),
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// A marker of a JPEG, its payload, and where the next one may begin.
struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
    next: usize,
}

const SOS: u8 = 0xDA;
const EOI: u8 = 0xD9;

/// The first marker at or after `at`. Stray bytes before it are passed over, as every decoder does, and so are the
/// stuffed zeros and restart markers of a scan's data.
fn segment(bytes: &[u8], mut at: usize) -> Option<Segment<'_>> {
    loop {
        at += bytes.get(at..)?.iter().position(|b| *b == 0xFF)?;
        at += bytes.get(at..)?.iter().position(|b| *b != 0xFF)?;
        let marker = *bytes.get(at)?;
        at += 1;
        match marker {
            0x00 | 0x01 | 0xD0..=0xD8 => {}
            EOI => return Some(Segment { marker, payload: &[], next: at }),
            _ => {
                let next = at + usize::from(be16(bytes, at)?);
                return Some(Segment { marker, payload: bytes.get(at + 2..next)?, next });
            }
        }
    }
}

fn jpeg(bytes: &[u8]) -> Result<(u32, u32), SniffFault> {
    let mut at = 2;
    let mut frame = None;
    loop {
        let segment = segment(bytes, at).ok_or(SniffFault::Unreadable)?;
        at = segment.next;
        match segment.marker {
            // Two frame headers: which one a decoder believes is its own affair.
            0xC0..=0xC2 if frame.is_some() => return Err(SniffFault::Unreadable),
            0xC0..=0xC2 => frame = Some((segment.marker == 0xC2, jpeg_frame(segment.payload)?)),
            // DHT, JPG and DAC share the range; the others are lossless, hierarchical or arithmetic frames.
            0xC4 | 0xC8 | 0xCC => {}
            0xC3..=0xCF => return Err(SniffFault::Unsupported),
            SOS => break,
            EOI => return Err(SniffFault::Unreadable),
            _ => {}
        }
    }
    let (progressive, (width, height)) = frame.ok_or(SniffFault::Unreadable)?;
    if progressive && scans_after(bytes, at) >= MAX_SCANS {
        return Err(SniffFault::Unreadable);
    }
    within(width, height, if progressive { MAX_PIXELS_COSTLY } else { MAX_PIXELS })
}

/// Precision, height, width, number of components, three bytes each.
fn jpeg_frame(payload: &[u8]) -> Result<(u32, u32), SniffFault> {
    let read = || Some((*payload.first()?, be16(payload, 1)?, be16(payload, 3)?, *payload.get(5)?));
    let (precision, height, width, components) = read().ok_or(SniffFault::Unreadable)?;
    if payload.len() != 6 + 3 * usize::from(components) {
        return Err(SniffFault::Unreadable);
    }
    match (precision, components) {
        (8, 1 | 3 | 4) => Ok((width.into(), height.into())),
        _ => Err(SniffFault::Unsupported),
    }
}

fn scans_after(bytes: &[u8], mut at: usize) -> usize {
    let mut scans = 0;
    while let Some(segment) = segment(bytes, at)
        && segment.marker != EOI
    {
        scans += usize::from(segment.marker == SOS);
        at = segment.next;
    }
    scans
}

/// The first chunk is IHDR, 13 bytes: width, height, bit depth, colour type, and three more; then its checksum.
fn png(bytes: &[u8]) -> Result<(u32, u32), SniffFault> {
    let chunk = bytes.get(8..33).ok_or(SniffFault::Unreadable)?;
    if chunk[..8] != *b"\0\0\0\x0dIHDR" {
        return Err(SniffFault::Unreadable);
    }
    let (depth, colour) = (chunk[16], chunk[17]);
    let possible = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        _ => false,
    };
    let (Some(width), Some(height), true) = (be32(chunk, 8), be32(chunk, 12), possible) else {
        return Err(SniffFault::Unreadable);
    };
    within(width, height, MAX_PIXELS_COSTLY)
}

/// A PDF ends in `%%EOF`, perhaps followed by what a scanner added: a few line ends and comments (ISO 32000-1, Annex H, 18).
fn pdf(bytes: &[u8]) -> Result<(), SniffFault> {
    let tail = &bytes[bytes.len().saturating_sub(1024)..];
    if tail.windows(5).any(|w| w == b"%%EOF") { Ok(()) } else { Err(SniffFault::Unreadable) }
}

/// Brands of HEIF that hold HEVC pictures.
const HEIC_BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"];

/// Boxes: size, type, payload. The first names its brands; a `meta` box among the others describes the picture.
fn heic(bytes: &[u8]) -> Result<(), SniffFault> {
    let length = be32(bytes, 0).map_or(0, |n| n as usize);
    let brands = bytes.get(8..length).ok_or(SniffFault::Unreadable)?;
    // Major brand, version, compatible brands.
    let named = brands.chunks_exact(4).enumerate().filter(|(place, _)| *place != 1);
    if !named.into_iter().any(|(_, brand)| HEIC_BRANDS.contains(&brand)) {
        return Err(SniffFault::Unsupported);
    }
    let mut at = length;
    while let (Some(length), Some(name)) = (be32(bytes, at), bytes.get(at + 4..at + 8)) {
        let end = at.checked_add(length as usize).ok_or(SniffFault::Unreadable)?;
        let whole = length >= 8 && end <= bytes.len();
        match (name == b"meta", whole) {
            (true, true) => return Ok(()),
            // Sizes of 64 bits and "to the end" belong to boxes of pictures, which come after `meta`.
            (_, false) => return Err(SniffFault::Unreadable),
            (false, true) => at = end,
        }
    }
    Err(SniffFault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG without a picture: frame header, then the start of a scan.
    fn jpeg_of(sof: u8, width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, sof, 0, 17, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
        bytes.extend([0xFF, SOS, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
        bytes
    }

    fn png_of(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
        let mut bytes = [&PNG_MAGIC[..], b"\0\0\0\x0dIHDR"].concat();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([depth, colour, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    fn heic_of(major: &[u8; 4], compatible: &[u8; 4]) -> Vec<u8> {
        [&b"\0\0\0\x14ftyp"[..], major, b"\0\0\0\0", compatible, b"\0\0\0\x0cmeta", b"\0\0\0\0"].concat()
    }

    #[test]
    fn kind_and_size_come_from_the_header() {
        let found = |bytes: &[u8]| sniff(bytes).map(|h| (h.kind, h.size));
        assert_eq!(found(&jpeg_of(0xC0, 640, 480)), Ok((Kind::Jpeg, Some((640, 480)))));
        assert_eq!(found(&jpeg_of(0xC2, 640, 480)), Ok((Kind::Jpeg, Some((640, 480)))));
        assert_eq!(found(&png_of(3, 4, 8, 6)), Ok((Kind::Png, Some((3, 4)))));
        assert_eq!(found(b"%PDF-1.7\n...\n%%EOF\n"), Ok((Kind::Pdf, None)));
        assert_eq!(found(&heic_of(b"heic", b"mif1")), Ok((Kind::Heic, None)));
        assert_eq!(found(&heic_of(b"mif1", b"heic")), Ok((Kind::Heic, None)));
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.content_type()), Some(kind));
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let too_many = |bytes: &[u8]| matches!(sniff(bytes), Err(SniffFault::TooManyPixels { .. }));
        assert!(too_many(&jpeg_of(0xC0, 65_500, 65_500)));
        assert!(too_many(&jpeg_of(0xC2, 10_000, 5_001)) && !too_many(&jpeg_of(0xC0, 10_000, 5_001)));
        assert!(!too_many(&jpeg_of(0xC0, 12_000, 10_000)) && too_many(&jpeg_of(0xC0, 12_000, 10_001)));
        assert!(too_many(&png_of(50_000, 50_000, 8, 2)) && too_many(&png_of(u32::MAX, u32::MAX, 8, 2)));
    }

    #[test]
    fn endless_scans_are_refused() {
        let mut bytes = jpeg_of(0xC2, 8, 8);
        let scan = [0xFF, SOS, 0, 8, 1, 1, 0, 0, 0, 0, 0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0];
        bytes.extend(scan.repeat(MAX_SCANS - 1));
        assert!(sniff(&bytes).is_ok());
        bytes.extend(scan);
        assert_eq!(sniff(&bytes), Err(SniffFault::Unreadable));
    }

    #[test]
    fn what_begins_with_text_or_is_unknown_is_not_kept() {
        let refused: [&[u8]; 10] = [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<!DOCTYPE html><script>alert(1)</script>",
            b"<script>/*\xFF\xD8\xFF\xE0*/</script>",
            b" %PDF-1.7\n%%EOF",
            b"GIF89a",
            b"RIFF\0\0\0\0WEBPVP8 ",
            b"PK\x03\x04",
            &heic_of(b"avif", b"mif1"),
            &jpeg_of(0xC9, 8, 8),
        ];
        for bytes in refused {
            assert_eq!(sniff(bytes), Err(SniffFault::Unsupported), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn every_truncated_or_damaged_header_is_noticed() {
        let whole = [
            jpeg_of(0xC0, 640, 480),
            png_of(3, 4, 8, 6),
            heic_of(b"heic", b"mif1"),
            b"%PDF-1.7\n%%EOF".to_vec(),
        ];
        for bytes in whole {
            assert!(sniff(&bytes).is_ok());
            for length in 8..bytes.len() {
                assert_eq!(sniff(&bytes[..length]), Err(SniffFault::Unreadable), "{length} of {bytes:?}");
            }
        }
        for bytes in [
            jpeg_of(0xC0, 0, 480),
            jpeg_of(0xC0, 640, 0),
            png_of(0, 4, 8, 6),
            png_of(3, 4, 3, 6),
            png_of(3, 4, 8, 7),
            [&jpeg_of(0xC0, 9, 9)[..27], &jpeg_of(0xC0, 9, 9)[8..]].concat(),
            vec![0xFF, 0xD8, 0xFF, EOI],
            vec![0xFF; 4096],
        ] {
            let found = sniff(&bytes);
            assert!(found.is_err(), "{found:?} {bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(start in 0_usize..4, rest: Vec<u8>) {
            let start: &[u8] = [&[0xFF, 0xD8, 0xFF][..], &PNG_MAGIC, b"\0\0\0\x14ftypheic", b"%PDF-1."][start];
            let _any = sniff(&[start, &rest].concat());
        }
    }
}
