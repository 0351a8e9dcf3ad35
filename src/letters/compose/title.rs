//! Titles broken into lines: balanced, and with whole words (GB/T 9704-2012, 7.3.1: 词意完整、排列对称、间距恰当). Where the
//! words end is known from a short list of the field's own; anything else breaks where it must.

/// Lines of a title at the most.
pub(super) const MAX_LINES: usize = 4;

/// The width of a line in half characters: 156 mm hold 20 characters of 22 pt, one is kept free.
const WIDTH: usize = 38;

/// Words of titles, which do not break.
const WORDS: &str = "居家 社区养老 社区 养老 服务 设施 机构 街道 民政局 长者饭堂 颐康服务站 颐康中心 消防安全 质量 检查 督导 \
    督查 专项 排查 整治 关于 情况的 提醒函 存在问题清单 未销号问题清单 前期 考核指标 完成情况表 上半年 下半年 年度";

/// The lines of a title, or nothing when it needs too many.
pub(super) fn balanced(title: &str) -> Option<Vec<String>> {
    with_names(title, &[])
}

/// As [`balanced`], with names in it that stay whole where they can: an operator's, a letter's number.
pub(super) fn with_names(title: &str, names: &[&str]) -> Option<Vec<String>> {
    let chars: Vec<char> = title.chars().collect();
    let total = width(&chars);
    let fewest = total.div_ceil(WIDTH).max(1);
    (fewest..=MAX_LINES).find_map(|lines| split(&chars, names, lines, total / lines))
}

/// The best way to break into so many lines: widths near `ideal`, words whole.
fn split(chars: &[char], names: &[&str], lines: usize, ideal: usize) -> Option<Vec<String>> {
    let prices = prices(chars, names);
    // best[n]: the cost of the first n characters in the lines so far, and where the last of them begins.
    let mut best: Vec<Option<(usize, Vec<usize>)>> = vec![None; chars.len() + 1];
    best[0] = Some((0, vec![]));
    for _ in 0..lines {
        let mut next: Vec<Option<(usize, Vec<usize>)>> = vec![None; chars.len() + 1];
        for (from, reached) in best.iter().enumerate() {
            let Some((cost, breaks)) = reached else { continue };
            for to in from + 1..=chars.len() {
                let wide = width(&chars[from..to]);
                if wide > WIDTH {
                    break;
                }
                let cost = cost + wide.abs_diff(ideal).pow(2) + prices[to];
                if next[to].as_ref().is_none_or(|(known, _)| cost < *known) {
                    let mut breaks = breaks.clone();
                    breaks.push(to);
                    next[to] = Some((cost, breaks));
                }
            }
        }
        best = next;
    }
    let (_, ends) = best.pop().flatten()?;
    let mut from = 0;
    Some(ends.into_iter().map(|to| chars[std::mem::replace(&mut from, to)..to].iter().collect()).collect())
}

/// What a break before each character costs; the end of the title costs nothing.
fn prices(chars: &[char], names: &[&str]) -> Vec<usize> {
    const BETWEEN_UNKNOWN: usize = 60;
    const IN_A_WORD: usize = 400;
    const NEVER: usize = 100_000;
    let mut prices = vec![BETWEEN_UNKNOWN; chars.len() + 1];
    let mut at = 0;
    while at < chars.len() {
        let length = word_length(&chars[at..], names);
        if length > 1 {
            prices[at + 1..at + length].fill(IN_A_WORD);
            prices[at] = prices[at].min(10);
            prices[at + length] = 0;
        }
        at += length.max(1);
    }
    for n in 1..chars.len() {
        let (before, after) = (chars[n - 1], chars[n]);
        let figures = before.is_ascii_alphanumeric() && (after.is_ascii_alphanumeric() || after == '年');
        if figures || "的年、，）》”".contains(after) || "第（《“".contains(before) {
            prices[n] = NEVER;
        }
    }
    prices[chars.len()] = 0;
    prices
}

/// The length of the word at the beginning; 0 where none is known.
fn word_length(chars: &[char], names: &[&str]) -> usize {
    let starts = |word: &&str| {
        let mut rest = chars.iter();
        word.chars().all(|c| rest.next() == Some(&c))
    };
    if chars.first() == Some(&'第')
        && let Some(end) = chars.iter().take(6).position(|c| *c == '度')
    {
        return end + 1;
    }
    WORDS
        .split(' ')
        .chain(names.iter().copied())
        .filter(starts)
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0)
}

/// Width in half characters.
fn width(chars: &[char]) -> usize {
    chars.iter().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_whole() {
        for (title, lines) in [
            (
                "示例区民政局关于2026年第三季度居家社区养老服务设施质量检查情况的提醒函",
                "示例区民政局关于2026年第三季度居家/社区养老服务设施质量检查情况的提醒函",
            ),
            (
                "关于2026年养老机构消防安全督导检查情况的提醒函",
                "关于2026年养老机构消防安全/督导检查情况的提醒函",
            ),
            ("关于消防检查情况的提醒函", "关于消防检查情况的提醒函"),
            (
                "示例街道2026年第三季度居家社区养老服务设施质量检查存在问题清单",
                "示例街道2026年第三季度居家社区养老/服务设施质量检查存在问题清单",
            ),
        ] {
            assert_eq!(balanced(title).unwrap().join("/"), lines);
        }
    }

    #[test]
    fn names_stay_whole() {
        let title = "示例区民政局关于更正演示函〔2026〕1号有关内容的函";
        let lines = with_names(title, &["演示函〔2026〕1号"]).unwrap();
        assert_eq!(lines.concat(), title);
        assert!(lines.iter().any(|line| line.contains("演示函〔2026〕1号")), "{lines:?}");
    }

    #[test]
    fn too_long_is_refused() {
        assert_eq!(balanced(&"检查".repeat(60)), None);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_line_fits(title in "[0-9年第三季度居家社区检查甲乙丙（）]{1,70}") {
            if let Some(lines) = balanced(&title) {
                prop_assert_eq!(lines.concat(), title);
                for line in lines {
                    prop_assert!(width(&line.chars().collect::<Vec<_>>()) <= WIDTH);
                }
            }
        }
    }
}
