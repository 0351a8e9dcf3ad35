//! Amounts in hundredths, so that nothing is kept or compared as a binary fraction: PURE. People's spellings are read
//! (full-width digits, thousands set apart, a percent sign) and nothing is guessed: what has more than two places, or is
//! not a number all through, is refused.

/// The largest amount, in hundredths: ten thousand million.
pub const MAX: i64 = 1_000_000_000_000;

/// Full-width digits and signs as the half-width ones, without spaces around.
pub fn half_width(text: &str) -> String {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
        '．' => '.',
        '，' => ',',
        '％' => '%',
        '－' | '−' => '-',
        '＋' => '+',
        other => other,
    };
    text.trim().chars().map(narrow).collect()
}

/// Hundredths of a written number, at most two places: `1,234.5` is 123450. Commas only where they set thousands apart.
pub fn parse(text: &str) -> Option<i64> {
    let text = half_width(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let grouped = whole.contains(',');
    let well_grouped = |(n, group): (usize, &str)| match n {
        0 => (1..=3).contains(&group.len()),
        _ => group.len() == 3,
    };
    if grouped && !whole.split(',').enumerate().all(well_grouped) {
        return None;
    }
    let whole = whole.replace(',', "");
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let shape = !whole.is_empty() && whole.len() <= 11 && all_digits(&whole) && all_digits(part);
    if !shape || digits.ends_with('.') || part.trim_end_matches('0').len() > 2 {
        return None;
    }
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let amount = whole.parse::<i64>().ok()? * 100 + part.parse::<i64>().ok()?;
    (amount <= MAX).then_some(if negative { -amount } else { amount })
}

/// As written: `12345` hundredths are `123.45`, `12300` are `123`.
pub fn shown(hundredths: i64) -> String {
    let (sign, amount) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
    match (amount / 100, amount % 100) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, part) if part % 10 == 0 => format!("{sign}{whole}.{}", part / 10),
        (whole, part) => format!("{sign}{whole}.{part:02}"),
    }
}

/// `numerator × scale ÷ denominator` rounded half away from zero; none where nothing is divided by.
pub fn divided(numerator: i64, scale: i64, denominator: i64) -> Option<i64> {
    if denominator <= 0 {
        return None;
    }
    let (n, d) = (i128::from(numerator) * i128::from(scale), i128::from(denominator));
    let away = if n < 0 { -d } else { d };
    i64::try_from((2 * n + away) / (2 * d)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_s_spellings_are_read_and_nothing_is_guessed() {
        for (text, hundredths) in [
            ("0", 0),
            ("12", 1200),
            (" 12.5 ", 1250),
            ("12.05", 1205),
            ("12.0500", 1205),
            ("１，２３４．５", 123_450),
            ("1,234,567", 123_456_700),
            ("－3.2", -320),
            ("+7", 700),
            ("10000000000", MAX),
        ] {
            assert_eq!(parse(text), Some(hundredths), "{text}");
        }
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1.234",
            "1,23",
            "12,34,567",
            "1 2",
            "一百",
            "1e3",
            "=1",
            "0x1",
            "12%",
            "10000000000.01",
            "99999999999999999999",
            ",123",
            "1,234,",
            "--1",
            "1.2.3",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for hundredths in [0, 1, 10, 99, 100, 105, 110, 12_345, -1, -150, MAX] {
            assert_eq!(parse(&shown(hundredths)), Some(hundredths), "{}", shown(hundredths));
        }
        assert_eq!((shown(9850), shown(10_000), shown(-5)), ("98.5".into(), "100".into(), "-0.05".into()));
    }

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        assert_eq!(divided(1, 10_000, 3), Some(3333));
        assert_eq!(divided(2, 10_000, 3), Some(6667));
        assert_eq!(divided(1, 100, 200), Some(1), "0.5 goes up");
        assert_eq!(divided(-1, 100, 200), Some(-1), "and down below zero");
        assert_eq!((divided(0, 10_000, 5), divided(5, 10_000, 5)), (Some(0), Some(10_000)));
        assert_eq!((divided(0, 10_000, 0), divided(3, 10_000, 0)), (None, None));
        assert_eq!(divided(MAX, 10_000, 1), Some(MAX * 10_000));
    }
}
