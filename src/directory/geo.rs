//! Positions. China's maps shift coordinates: GCJ-02 is WGS-84 with an offset of several hundred metres, BD-09 is GCJ-02
//! shifted again. A position is kept as given with its datum; conversion serves distances only. PURE.

use crate::db::types::{Coded, coded_json};
use std::f64::consts::PI;

/// A geodetic datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datum {
    /// What GPS gives.
    Wgs84,
    /// What Chinese phones and most maps give (国测局坐标).
    Gcj02,
    /// Baidu's.
    Bd09,
}

impl Coded for Datum {
    const ALL: &'static [Self] = &[Self::Wgs84, Self::Gcj02, Self::Bd09];
    fn code(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        }
    }
}
coded_json!(Datum);

/// A position in degrees, in its datum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lng: f64,
    /// Datum.
    pub datum: Datum,
}

/// Krasovsky 1940, as the GCJ-02 formulas use it: semi-major axis in metres, eccentricity squared.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
const BAIDU: f64 = PI * 3000.0 / 180.0;
/// Mean radius of the earth in metres.
const EARTH: f64 = 6_371_008.8;

impl Position {
    /// A position, if it can be one: finite, within range, and not 0/0 (what a phone without a fix says).
    pub fn new(lat: f64, lng: f64, datum: Datum) -> Option<Self> {
        let within = lat.is_finite() && lng.is_finite() && lat.abs() <= 90.0 && lng.abs() <= 180.0;
        let null_island = lat.abs() < 1e-9 && lng.abs() < 1e-9;
        (within && !null_island).then_some(Self { lat, lng, datum })
    }

    /// The same place in another datum.
    pub fn to(self, datum: Datum) -> Self {
        if self.datum == datum {
            return self;
        }
        let gcj = match self.datum {
            Datum::Gcj02 => (self.lat, self.lng),
            Datum::Wgs84 => wgs_to_gcj(self.lat, self.lng),
            Datum::Bd09 => bd_to_gcj(self.lat, self.lng),
        };
        let (lat, lng) = match datum {
            Datum::Gcj02 => gcj,
            Datum::Wgs84 => gcj_to_wgs(gcj.0, gcj.1),
            Datum::Bd09 => gcj_to_bd(gcj.0, gcj.1),
        };
        Self { lat, lng, datum }
    }

    /// Metres between two places, whatever their datums (haversine on WGS-84).
    pub fn distance_m(self, other: Self) -> f64 {
        let (a, b) = (self.to(Datum::Wgs84), other.to(Datum::Wgs84));
        let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
        let (dlat, dlng) = ((b.lat - a.lat).to_radians(), (b.lng - a.lng).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (dlng / 2.0).sin().powi(2);
        2.0 * EARTH * h.sqrt().min(1.0).asin()
    }
}

/// The shift applies within these bounds only.
fn in_china(lat: f64, lng: f64) -> bool {
    (0.8293..=55.8271).contains(&lat) && (72.004..=137.8347).contains(&lng)
}

fn wave(x: f64, a: f64, b: f64, c: f64) -> f64 {
    (a * (x * PI).sin() + b * (x / 3.0 * PI).sin() + c * (x / 12.0 * PI).sin()) * 2.0 / 3.0
}

fn shift(lat: f64, lng: f64) -> (f64, f64) {
    let (x, y) = (lng - 105.0, lat - 35.0);
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let root = x.abs().sqrt();
    let dlat = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + common
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let dlng = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + common
        + wave(x, 20.0, 40.0, 150.0)
        + 300.0 * (x / 30.0 * PI).sin() * 2.0 / 3.0;
    let radians = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY * radians.sin().powi(2);
    let root = magic.sqrt();
    let dlat = dlat * 180.0 / ((AXIS * (1.0 - ECCENTRICITY)) / (magic * root) * PI);
    let dlng = dlng * 180.0 / (AXIS / root * radians.cos() * PI);
    (dlat, dlng)
}

fn wgs_to_gcj(lat: f64, lng: f64) -> (f64, f64) {
    if !in_china(lat, lng) {
        return (lat, lng);
    }
    let (dlat, dlng) = shift(lat, lng);
    (lat + dlat, lng + dlng)
}

/// The inverse has no closed form: fixed-point iteration, below 1e-9 degrees after a few rounds.
fn gcj_to_wgs(lat: f64, lng: f64) -> (f64, f64) {
    let (mut a, mut b) = (lat, lng);
    for _ in 0..12 {
        let (x, y) = wgs_to_gcj(a, b);
        (a, b) = (a + lat - x, b + lng - y);
    }
    (a, b)
}

fn gcj_to_bd(lat: f64, lng: f64) -> (f64, f64) {
    let z = lng.hypot(lat) + 0.00002 * (lat * BAIDU).sin();
    let theta = lat.atan2(lng) + 0.000_003 * (lng * BAIDU).cos();
    (z * theta.sin() + 0.006, z * theta.cos() + 0.0065)
}

fn bd_to_gcj(lat: f64, lng: f64) -> (f64, f64) {
    let (mut a, mut b) = (lat - 0.006, lng - 0.0065);
    for _ in 0..12 {
        let (x, y) = gcj_to_bd(a, b);
        (a, b) = (a + lat - x, b + lng - y);
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lng: f64, datum: Datum) -> Position {
        Position::new(lat, lng, datum).unwrap()
    }

    /// The published pairs of eviltransform's tests: Shanghai, Shenzhen, Beijing.
    #[test]
    fn known_pairs() {
        for (wgs, gcj) in [
            ((31.177_427_6, 121.527_210_6), (31.175_303_983_645_97, 121.531_541_859_215)),
            ((22.543_847, 113.912_316), (22.540_796_131_694_766, 113.917_176_480_836_3)),
            ((39.911_954, 116.377_817), (39.913_345_455_360_69, 116.384_047_224_556_57)),
        ] {
            let shifted = at(wgs.0, wgs.1, Datum::Wgs84).to(Datum::Gcj02);
            assert!((shifted.lat - gcj.0).abs() < 1e-9 && (shifted.lng - gcj.1).abs() < 1e-9, "{shifted:?}");
        }
    }

    #[test]
    fn datums_differ_by_hundreds_of_metres_in_guangzhou() {
        let wgs = at(23.1, 113.3, Datum::Wgs84);
        let unconverted = Position { datum: Datum::Wgs84, ..wgs.to(Datum::Gcj02) };
        assert!((300.0..800.0).contains(&wgs.distance_m(unconverted)));
        assert!(wgs.distance_m(wgs.to(Datum::Gcj02)) < 0.01);
        assert!(wgs.distance_m(wgs.to(Datum::Bd09)) < 0.01);
    }

    #[test]
    fn nonsense_is_no_position() {
        for (lat, lng) in [(0.0, 0.0), (91.0, 0.0), (0.0, 181.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            assert_eq!(Position::new(lat, lng, Datum::Wgs84), None);
        }
    }

    #[test]
    fn abroad_nothing_is_shifted() {
        let paris = at(48.8566, 2.3522, Datum::Wgs84);
        let there = paris.to(Datum::Gcj02);
        assert_eq!((there.lat, there.lng), (paris.lat, paris.lng));
    }

    proptest! {
        #[test]
        fn there_and_back(lat in 18.0..53.0_f64, lng in 74.0..134.0_f64) {
            let wgs = at(lat, lng, Datum::Wgs84);
            for datum in [Datum::Gcj02, Datum::Bd09] {
                let back = wgs.to(datum).to(Datum::Wgs84);
                prop_assert!((back.lat - lat).abs() < 1e-6 && (back.lng - lng).abs() < 1e-6);
            }
        }
    }
}
