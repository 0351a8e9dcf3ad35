//! The text of a drafted step: PURE.

use std::collections::BTreeSet;

/// A finding that stands in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub number: String,
    /// The facility's name.
    pub facility: String,
}

/// Numbers that a text tells one by one; the list with all of them goes with it.
const NUMBERS: usize = 30;

/// Fills a template; `lines` come by number.
pub fn text(template: &str, addressee: &str, campaign: Option<&str>, lines: &[Line]) -> String {
    let facilities: BTreeSet<&str> = lines.iter().map(|l| l.facility.as_str()).collect();
    let numbers: Vec<&str> = lines.iter().take(NUMBERS).map(|l| l.number.as_str()).collect();
    let more = if lines.len() > NUMBERS { "等" } else { "" };
    let facts = [
        ("{campaign}", campaign.unwrap_or("日常检查").to_string()),
        ("{count}", lines.len().to_string()),
        ("{facilities}", facilities.len().to_string()),
        ("{numbers}", format!("{}{more}", numbers.join("、"))),
        ("{addressee}", addressee.to_string()),
    ];
    facts.iter().fold(template.to_string(), |text, (name, fact)| text.replace(name, fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Clock;

    fn line(n: usize) -> Line {
        Line { number: format!("440105007-2026-{n:04}"), facility: format!("试验站{}", n % 2) }
    }

    #[test]
    fn every_count_is_that_of_the_list() {
        let lines: Vec<Line> = (1..=3).map(line).collect();
        let told =
            text("{addressee}：{campaign}{facilities}家{count}项（{numbers}）", "甲", Some("乙"), &lines);
        let numbers = "440105007-2026-0001、440105007-2026-0002、440105007-2026-0003";
        assert_eq!(told, format!("甲：乙2家3项（{numbers}）"));
        let many: Vec<Line> = (1..=31).map(line).collect();
        let told = text("{numbers}", "甲", None, &many);
        assert!(told.contains("0030等") && !told.contains("0031"), "{told}");
    }

    #[test]
    fn the_default_texts_leave_nothing_open() {
        for step in Clock::default().steps {
            let told = text(&step.text, "某街道办事处", None, &[line(1)]);
            assert!(!told.contains(['{', '}']) && told.contains("某街道办事处"), "{told}");
        }
    }
}
