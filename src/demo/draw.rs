//! Photos that no camera took: a room of plain shapes, drawn from a seed, as a JPEG with the time and place that a
//! phone would write into it. The same seed gives the same room, with boxes in front of the door as long as there is a
//! problem. Nobody and nothing real is on them.

use chrono::{DateTime, FixedOffset};
use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, rgb_to_ycbcr};

/// What is photographed, when and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// Which room.
    pub seed: u64,
    /// Something is wrong in it.
    pub problem: bool,
    /// Local time.
    pub taken_at: DateTime<FixedOffset>,
    /// Latitude in degrees, WGS-84.
    pub lat: f64,
    /// Longitude in degrees, WGS-84.
    pub lng: f64,
}

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
const QUALITY: u8 = 70;

/// Draws a photo. No two shots give the same bytes: each bears a number of its own (ImageUniqueID).
pub fn draw(shot: &Shot) -> Vec<u8> {
    let mut canvas = Canvas { planes: std::array::from_fn(|_| vec![0; WIDTH * HEIGHT]), light: light(shot) };
    room(&mut canvas, shot);
    match encoded(&canvas, &exif::block(shot)) {
        Ok(bytes) => bytes,
        Err(why) => panic!("a picture of a fixed size, written to memory: {why}"),
    }
}

fn encoded(canvas: &Canvas, exif: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::with_capacity(32 * 1024);
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.add_exif_metadata(exif)?;
    encoder.encode_image(canvas)?;
    Ok(bytes)
}

type Colour = [u8; 3];

/// Later in the day it is brighter, so that two photos of a room differ to the eye, too.
fn light(shot: &Shot) -> u32 {
    use chrono::Timelike as _;
    230 + (shot.taken_at.hour() * 60 + shot.taken_at.minute()) / 20 % 50
}

/// A picture as a JPEG wants it, in planes of luminance and two of colour: nothing is left to convert.
struct Canvas {
    planes: [Vec<u8>; 3],
    /// 256 leaves colours as they are.
    light: u32,
}

impl ImageBuffer for &Canvas {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        WIDTH as u16
    }

    fn height(&self) -> u16 {
        HEIGHT as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let line = usize::from(y) * WIDTH;
        for (plane, buffer) in self.planes.iter().zip(buffers) {
            buffer.extend_from_slice(&plane[line..line + WIDTH]);
        }
    }
}

impl Canvas {
    fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: Colour) {
        let (left, right) = (x.min(WIDTH), (x + width).min(WIDTH));
        let [r, g, b] = colour.map(|c| u8::try_from(u32::from(c) * self.light / 256).unwrap_or(u8::MAX));
        for (plane, part) in self.planes.iter_mut().zip(<[u8; 3]>::from(rgb_to_ycbcr(r, g, b))) {
            for row in y.min(HEIGHT)..(y + height).min(HEIGHT) {
                plane[row * WIDTH + left..row * WIDTH + right].fill(part);
            }
        }
    }

    /// A filled frame around a filled inside.
    fn framed(
        &mut self,
        (x, y): (usize, usize),
        (width, height): (usize, usize),
        frame: Colour,
        inside: Colour,
    ) {
        self.fill((x, y), (width, height), frame);
        self.fill((x + 6, y + 6), (width.saturating_sub(12), height.saturating_sub(12)), inside);
    }
}

fn room(canvas: &mut Canvas, shot: &Shot) {
    let mut rng = fastrand::Rng::with_seed(shot.seed);
    let mut tone = |low: u8, high: u8| [rng.u8(low..high), rng.u8(low..high), rng.u8(low..high)];
    let (wall, floor, wood, cloth) = (tone(180, 240), tone(90, 150), tone(70, 140), tone(120, 220));
    let horizon = rng.usize(330..370);
    for band in 0..12 {
        // The wall is lighter above.
        let shade = wall.map(|c| c.saturating_sub(u8::try_from(band * 2).unwrap_or(0)));
        canvas.fill((0, band * horizon / 12), (WIDTH, horizon / 12 + 1), shade);
    }
    canvas.fill((0, horizon), (WIDTH, HEIGHT - horizon), floor);
    canvas.fill((0, horizon), (WIDTH, 8), wood);
    let tile = rng.usize(50..90);
    for x in (rng.usize(0..tile)..WIDTH).step_by(tile) {
        canvas.fill((x, horizon + 8), (2, HEIGHT), floor.map(|c| c - 30));
    }
    let door = rng.usize(60..420);
    furnish(canvas, &mut rng, door, horizon, [wood, cloth]);
    if shot.problem {
        boxes(canvas, &mut rng, door, horizon);
    }
}

/// Door, sign above it, window, fire extinguisher.
fn furnish(
    canvas: &mut Canvas,
    rng: &mut fastrand::Rng,
    door: usize,
    horizon: usize,
    [wood, cloth]: [Colour; 2],
) {
    const GREEN: Colour = [30, 140, 80];
    const WHITE: Colour = [235, 235, 230];
    let top = horizon - rng.usize(215..245);
    canvas.framed((door, top), (126, horizon - top), wood.map(|c| c - 40), wood);
    canvas.fill((door + 100, (top + horizon) / 2), (12, 12), [200, 190, 120]);
    let width = rng.usize(90..150);
    canvas.framed((door, top.saturating_sub(52)), (width, 42), WHITE, GREEN);
    for bar in 0..rng.usize(2..5) {
        canvas.fill((door + 14 + bar * 24, top.saturating_sub(38)), (16, 14), WHITE);
    }
    // Window and extinguisher stand on the side of the door where there is room.
    let (window, red) = if door > 240 { (rng.usize(20..60), door - 40) } else { (door + 210, door + 150) };
    let sill = rng.usize(200..240);
    canvas.framed((window, sill - 120), (rng.usize(110..170), 120), WHITE, [150, 190, 215]);
    canvas.fill((window + 6, sill - 114), (rng.usize(16..36), 108), cloth);
    canvas.fill((red, horizon - 70), (24, 64), [190, 30, 30]);
    canvas.fill((red + 7, horizon - 84), (10, 14), [40, 40, 40]);
    canvas.fill((red + 4, horizon - 46), (16, 14), WHITE);
}

/// Boxes in front of the door.
fn boxes(canvas: &mut Canvas, rng: &mut fastrand::Rng, door: usize, horizon: usize) {
    const CARDBOARD: Colour = [176, 132, 84];
    let mut floor = horizon + 40;
    for _ in 0..rng.usize(3..6) {
        let (width, height) = (rng.usize(70..120), rng.usize(40..64));
        floor = floor.saturating_sub(height);
        canvas.framed(
            (door + rng.usize(0..40), floor),
            (width, height),
            CARDBOARD.map(|c| c - 50),
            CARDBOARD,
        );
        canvas.fill((door + 40, floor + height / 2), (30, 6), [220, 205, 170]);
    }
}

/// The EXIF block: a TIFF structure, little-endian (JEITA CP-3451, EXIF 2.31 for the offset of the time).
mod exif {
    use super::Shot;

    const BYTE: u16 = 1;
    const ASCII: u16 = 2;
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    const UNDEFINED: u16 = 7;

    /// Where the first directory begins: after the header.
    const FIRST: usize = 8;

    /// A field of a directory.
    struct Field {
        tag: u16,
        kind: u16,
        count: usize,
        value: Vec<u8>,
    }

    fn ascii(tag: u16, text: &str) -> Field {
        let value = [text.as_bytes(), &[0]].concat();
        Field { tag, kind: ASCII, count: value.len(), value }
    }

    fn bytes(tag: u16, kind: u16, value: &[u8]) -> Field {
        Field { tag, kind, count: value.len(), value: value.to_vec() }
    }

    fn long(tag: u16, value: usize) -> Field {
        Field { tag, kind: LONG, count: 1, value: u32_of(value).to_vec() }
    }

    /// Degrees, minutes and seconds to a ten-thousandth.
    fn degrees(tag: u16, value: f64) -> Field {
        const PARTS: u32 = 10_000;
        let parts = (value.abs() * 3600.0 * f64::from(PARTS)).round() as u32;
        let seconds = parts / PARTS;
        let rationals =
            [seconds / 3600, 1, seconds / 60 % 60, 1, seconds % 60 * PARTS + parts % PARTS, PARTS];
        Field {
            tag,
            kind: RATIONAL,
            count: 3,
            value: rationals.iter().flat_map(|r| r.to_le_bytes()).collect(),
        }
    }

    fn u32_of(value: usize) -> [u8; 4] {
        u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
    }

    fn u16_of(value: usize) -> [u8; 2] {
        u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
    }

    /// Bytes of a directory with the values that do not fit into its fields.
    fn size(fields: &[Field]) -> usize {
        let beside = |f: &Field| if f.value.len() > 4 { f.value.len().next_multiple_of(2) } else { 0 };
        2 + fields.len() * 12 + 4 + fields.iter().map(beside).sum::<usize>()
    }

    /// A directory that begins at `start`; its fields come by tag.
    fn directory(fields: &[Field], start: usize) -> Vec<u8> {
        let mut head = u16_of(fields.len()).to_vec();
        let mut beside: Vec<u8> = vec![];
        let data = start + 2 + fields.len() * 12 + 4;
        for Field { tag, kind, count, value } in fields {
            head.extend(tag.to_le_bytes());
            head.extend(kind.to_le_bytes());
            head.extend(u32_of(*count));
            if value.len() > 4 {
                head.extend(u32_of(data + beside.len()));
                beside.extend(value);
                beside.resize(beside.len().next_multiple_of(2), 0);
            } else {
                head.extend(value.iter().copied().chain([0; 4]).take(4));
            }
        }
        // No directory follows.
        head.extend([0; 4]);
        head.extend(beside);
        head
    }

    fn main_fields(shot: &Shot, camera: usize, place: usize) -> [Field; 7] {
        [
            ascii(0x010E, "Drawn by the yixun demo; not a photograph"),
            ascii(0x010F, "yixun"),
            bytes(0x0112, SHORT, &[1, 0]).single(),
            ascii(0x0131, "yixun demo"),
            ascii(0x0132, &time(shot)),
            long(0x8769, camera),
            long(0x8825, place),
        ]
    }

    impl Field {
        /// The same value counted as one.
        fn single(self) -> Self {
            Self { count: 1, ..self }
        }
    }

    fn time(shot: &Shot) -> String {
        shot.taken_at.format("%Y:%m:%d %H:%M:%S").to_string()
    }

    fn camera_fields(shot: &Shot) -> [Field; 4] {
        let number = u128::from(shot.seed) << 64
            | u128::from(shot.problem) << 63
            | u128::from(shot.taken_at.timestamp().unsigned_abs());
        [
            bytes(0x9000, UNDEFINED, b"0231"),
            ascii(0x9003, &time(shot)),
            ascii(0x9011, &shot.taken_at.format("%:z").to_string()),
            ascii(0xA420, &format!("{number:032x}")),
        ]
    }

    fn place_fields(shot: &Shot) -> [Field; 6] {
        [
            bytes(0x0000, BYTE, &[2, 3, 0, 0]),
            ascii(0x0001, if shot.lat < 0.0 { "S" } else { "N" }),
            degrees(0x0002, shot.lat),
            ascii(0x0003, if shot.lng < 0.0 { "W" } else { "E" }),
            degrees(0x0004, shot.lng),
            ascii(0x0012, "WGS-84"),
        ]
    }

    /// The whole block.
    pub fn block(shot: &Shot) -> Vec<u8> {
        let (camera, place) = (camera_fields(shot), place_fields(shot));
        let camera_at = FIRST + size(&main_fields(shot, 0, 0));
        let place_at = camera_at + size(&camera);
        let mut block = b"II*\0".to_vec();
        block.extend(u32_of(FIRST));
        block.extend(directory(&main_fields(shot, camera_at, place_at), FIRST));
        block.extend(directory(&camera, camera_at));
        block.extend(directory(&place, place_at));
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SHANGHAI;
    use ::exif::{In, Reader, Tag, Value};
    use std::collections::BTreeSet;

    fn shot(seed: u64, problem: bool, time: &str) -> Shot {
        let taken_at: DateTime<FixedOffset> = time.parse().unwrap();
        Shot { seed, problem, taken_at: taken_at.with_timezone(&SHANGHAI), lat: 23.094_31, lng: 113.328_77 }
    }

    #[test]
    fn time_and_place_are_read_back() {
        let bytes = draw(&shot(1, true, "2026-07-08T01:05:09Z"));
        let exif = Reader::new().read_from_container(&mut std::io::Cursor::new(&bytes)).unwrap();
        let text = |tag| match &exif.get_field(tag, In::PRIMARY).unwrap().value {
            Value::Ascii(parts) => String::from_utf8(parts[0].clone()).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(Tag::DateTimeOriginal), "2026:07:08 09:05:09");
        assert_eq!(text(Tag::OffsetTimeOriginal), "+08:00");
        assert_eq!((text(Tag::GPSLatitudeRef), text(Tag::GPSLongitudeRef)), ("N".into(), "E".into()));
        let angle = |tag| match &exif.get_field(tag, In::PRIMARY).unwrap().value {
            Value::Rational(r) => r[0].to_f64() + r[1].to_f64() / 60.0 + r[2].to_f64() / 3600.0,
            other => panic!("{other:?}"),
        };
        assert!((angle(Tag::GPSLatitude) - 23.094_31).abs() < 1e-7);
        assert!((angle(Tag::GPSLongitude) - 113.328_77).abs() < 1e-7);
        assert_eq!(exif.get_field(Tag::Orientation, In::PRIMARY).unwrap().value.get_uint(0), Some(1));
        assert_eq!(exif.fields().count(), 7 - 2 + 4 + 6, "two of the first directory are pointers");
    }

    #[test]
    fn it_is_a_picture_and_rooms_differ() {
        let decode = |shot: Shot| image::load_from_memory(&draw(&shot)).unwrap().into_rgb8();
        let (a, again) =
            (decode(shot(1, true, "2026-07-08T09:00:00Z")), decode(shot(1, false, "2026-07-20T09:00:00Z")));
        assert_eq!(a.dimensions(), (640, 480));
        let other = decode(shot(2, true, "2026-07-08T09:00:00Z"));
        let apart = |x: &image::RgbImage, y: &image::RgbImage| {
            x.pixels()
                .zip(y.pixels())
                .filter(|(p, q)| p.0.iter().zip(q.0).any(|(a, b)| a.abs_diff(b) > 12))
                .count()
        };
        let all = 640 * 480;
        assert!(apart(&a, &other) > all / 4, "another room");
        assert!(
            (all / 50..all / 2).contains(&apart(&a, &again)),
            "the same room, cleared: {}",
            apart(&a, &again)
        );
    }

    #[test]
    fn no_two_shots_are_the_same_file() {
        let mut seen = BTreeSet::new();
        for seed in 0..60 {
            for problem in [false, true] {
                for time in ["2026-07-08T01:00:00Z", "2026-07-08T01:00:01Z"] {
                    assert!(seen.insert(draw(&shot(seed, problem, time))), "{seed} {problem} {time}");
                }
            }
        }
    }

    #[test]
    fn any_seed_can_be_drawn() {
        for seed in 1_000..1_300 {
            let bytes = draw(&shot(seed, seed % 2 == 0, "2026-09-30T03:00:00Z"));
            assert!((4_000..120_000).contains(&bytes.len()), "{}", bytes.len());
        }
    }
}
