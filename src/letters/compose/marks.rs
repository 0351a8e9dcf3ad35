//! Texts as official documents print them: one line, and full-width punctuation in Chinese. People type “(三)” and “,”
//! on their phones; the letter prints “（三）” and “，”. Figures and Latin words keep theirs.

/// One line without control characters, its Chinese punctuation full-width.
pub(super) fn clean(text: &str) -> String {
    let kept: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| *c != '\u{feff}').collect();
    let mut line = String::with_capacity(kept.len());
    for word in kept.split_whitespace() {
        let joins_latin = line.chars().next_back().is_some_and(|c| c.is_ascii())
            || word.chars().next().is_some_and(|c| c.is_ascii());
        if !line.is_empty() && joins_latin {
            line.push(' ');
        }
        line.push_str(word);
    }
    full_width(&line)
}

fn full_width(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    // Whether each bracket that is open was widened: its partner follows it.
    let mut widened = vec![];
    for (n, c) in chars.iter().enumerate() {
        let after_chinese = out.chars().next_back().is_some_and(is_chinese);
        let before_chinese = chars.get(n + 1).is_some_and(|next| is_chinese(*next));
        out.push(match c {
            '(' => {
                widened.push(after_chinese || before_chinese);
                if after_chinese || before_chinese { '（' } else { '(' }
            }
            ')' => {
                if widened.pop().unwrap_or(after_chinese) {
                    '）'
                } else {
                    ')'
                }
            }
            ',' if after_chinese => '，',
            ';' if after_chinese => '；',
            ':' if after_chinese => '：',
            '?' if after_chinese => '？',
            '!' if after_chinese => '！',
            other => *other,
        });
    }
    out
}

/// A Chinese character or a full-width mark.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}' | '“' | '”')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn full_width_in_chinese_only() {
        for (typed, printed) in [
            ("《消防法》第六十条第一款第(三)(五)项", "《消防法》第六十条第一款第（三）（五）项"),
            ("站牌完好,名称与台账一致;(限高层)", "站牌完好，名称与台账一致；（限高层）"),
            ("GB 25201-2010 5.2(每班≤8h,每班≥2人)", "GB 25201-2010 5.2（每班≤8h,每班≥2人）"),
            ("意见(2026-02)(每半年1次)", "意见（2026-02）（每半年1次）"),
            ("开放时间8:30 (A,B)", "开放时间8:30 (A,B)"),
            ("  疏散通道\r\n堆放 杂物\u{7}。", "疏散通道堆放杂物。"),
        ] {
            assert_eq!(clean(typed), printed);
        }
    }
}
