//! What it looks like: the fonts, the tables, the photos, the page and where the date stands (GB/T 9704-2012).

use super::*;

#[test]
fn official_fonts_by_name() {
    let letter = issued(9, 2);
    let package = Package::of(&letter);
    let document = package.xml("word/document.xml");
    let font = |text: &str, size: &str| {
        let runs = all(document.root(), "r");
        let run = runs.iter().find(|run| all(**run, "t").iter().any(|t| t.text() == Some(text)));
        let run = *run.unwrap_or_else(|| panic!("no run {text}"));
        assert_eq!(value(run, "sz", "val"), Some(size), "{text}");
        assert_eq!(value(run, "rFonts", "ascii"), Some("Times New Roman"), "{text}");
        value(run, "rFonts", "eastAsia").unwrap()
    };
    assert_eq!(font("演示函〔2026〕12号", "32"), "仿宋_GB2312");
    assert_eq!(font(&letter.title[0], "44"), "方正小标宋简体");
    assert_eq!(font("一、检查情况", "32"), "黑体");
    assert_eq!(font("（二）书面反馈。", "32"), "楷体_GB2312");
    assert_eq!(font("专此函达，请予函复。", "32"), "仿宋_GB2312");
    assert_eq!(font("附件1", "32"), "黑体");
    assert_eq!(font("存在问题", "21"), "黑体");
    assert_eq!(font("440100001-2026-0001", "16"), "仿宋_GB2312");
    for footer in package.of_kind("footer").into_iter().filter(|name| package.text(name).contains("PAGE")) {
        let part = package.xml(footer);
        for run in all(part.root(), "r") {
            assert_eq!(
                (value(run, "rFonts", "eastAsia"), value(run, "sz", "val")),
                (Some("宋体"), Some("28"))
            );
        }
    }
    for run in all(document.root(), "r").into_iter().filter(|run| value(*run, "sz", "val") == Some("32")) {
        assert_eq!(value(run, "spacing", "val"), Some("-4"), "28 characters fill a line of 156 mm");
    }
}

#[test]
fn tables_repeat_their_head_and_break_no_row() {
    let letter = issued(60, 3);
    let package = Package::of(&letter);
    let document = package.xml("word/document.xml");
    let tables = all(document.root(), "tbl");
    let rows = [60, letter.indicators.as_ref().unwrap().rows.len(), 3];
    assert_eq!(tables.iter().map(|table| all(*table, "tr").len() - 1).collect::<Vec<_>>(), rows);
    for table in &tables {
        let grid: Vec<i32> =
            all(*table, "gridCol").iter().map(|c| c.attribute((W, "w")).unwrap().parse().unwrap()).collect();
        assert!((grid.iter().sum::<i32>() - WIDTH).abs() <= 4, "as wide as the type area: {grid:?}");
        for (n, row) in all(*table, "tr").into_iter().enumerate() {
            assert_eq!(all(row, "cantSplit").len(), 1);
            assert_eq!(all(row, "tblHeader").len(), usize::from(n == 0));
            assert_eq!(all(row, "tc").len(), grid.len());
        }
    }
    // Each annex begins a page.
    let begun = |p: &Node<'_, '_>| first(*p, "pageBreakBefore").is_some();
    let labels: Vec<String> = all(document.root(), "p").into_iter().filter(begun).flat_map(said).collect();
    assert_eq!(labels, ["附件1", "附件2", "附件3"]);
}

#[test]
fn photos_are_as_wide_as_their_column() {
    let package = Package::of(&issued(9, 2));
    let document = package.xml("word/document.xml");
    let extents: Vec<(u32, u32)> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "extent")
        .map(|node| ["cx", "cy"].map(|a| node.attribute(a).unwrap().parse().unwrap()).into())
        .collect();
    assert_eq!(extents.len(), 11);
    assert_eq!(extents[0].0, 23 * 36_000);
    assert_eq!(extents[0].1, 23 * 36_000 * 4 / 3, "upright as it was taken");
    assert!(extents[1..].iter().all(|e| *e == (23 * 36_000, 23 * 36_000 * 3 / 4)), "{extents:?}");
    let ids: Vec<&str> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "docPr")
        .map(|node| node.attribute("id").unwrap())
        .collect();
    assert_eq!(ids, (1..=11).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_page_is_the_standards() {
    let package = Package::of(&issued(2, 0));
    let document = package.xml("word/document.xml");
    let section = first(document.root(), "sectPr").unwrap();
    assert!(first(section, "titlePg").is_some());
    let of = |name: &str, attribute: &str| value(section, name, attribute).unwrap().parse::<i32>().unwrap();
    assert_eq!((of("pgSz", "w"), of("pgSz", "h")), (twips(210.0), twips(297.0)));
    for (side, mm) in [("top", 37.0), ("bottom", 35.0), ("left", 28.0), ("right", 26.0), ("header", 30.0)] {
        assert_eq!(of("pgMar", side), twips(mm), "{side}");
    }
    assert_eq!(value(section, "docGrid", "type"), Some("lines"));
    assert!((of("docGrid", "linePitch") * 22 - twips(225.0)).abs() <= 22, "22 lines in 225 mm");
    assert!(first(package.xml("word/settings.xml").root(), "evenAndOddHeaders").is_some());
    // The red lines are on the first page alone, the numbers on the others: odd right, even left.
    let reference = |kind: &str, page: &str| {
        let references = all(section, kind);
        let found = references.iter().find(|node| node.attribute((W, "type")) == Some(page));
        let id = found?.attributes().find(|a| a.name() == "id")?.value().to_owned();
        let relations = package.xml("word/_rels/document.xml.rels");
        let relation = relations.descendants().find(|node| node.attribute("Id") == Some(&id))?;
        Some(format!("word/{}", relation.attribute("Target")?))
    };
    let part = |kind: &str, page: &str| package.text(&reference(kind, page).unwrap()).to_owned();
    let first_header = part("headerReference", "first");
    let below = |border: &str| format!("<w:pBdr><w:bottom w:val=\"{border}\"");
    assert!(first_header.contains(&below("thickThinSmallGap")) && first_header.contains("示例区民政局"));
    assert!(part("footerReference", "first").contains(&below("thinThickSmallGap")), "thin over thick");
    assert!(!part("footerReference", "first").contains("PAGE"));
    for (page, side) in [("default", "right"), ("even", "left")] {
        let footer = part("footerReference", page);
        assert!(footer.contains("PAGE") && footer.contains(&format!("w:jc w:val=\"{side}\"")), "{footer}");
        assert!(!footer.contains("ThinSmallGap") && !footer.contains("ThickSmallGap"));
        assert!(!part("headerReference", page).contains("SmallGap"));
    }
    for red in [first_header, part("footerReference", "first")] {
        assert!(red.contains("w:left=\"-454\" w:right=\"-340\""), "170 mm: {red}");
    }
}

#[test]
fn the_date_is_four_characters_from_the_right() {
    let package = Package::of(&issued(2, 0));
    let document = package.xml("word/document.xml");
    let place = |text: &str| {
        let paragraphs = all(document.root(), "p");
        let p = *paragraphs.iter().rfind(|p| said(**p) == [text]).unwrap();
        assert_eq!(value(p, "jc", "val"), Some("center"));
        let left: i32 = value(p, "ind", "left").unwrap().parse().unwrap();
        // Both are centred on the same axis.
        let axis = (left + WIDTH) / 2;
        WIDTH - (axis + width_of(text) / 2)
    };
    let from_right = place("2026年10月8日");
    assert!((from_right - 4 * CHARACTER).abs() <= 2, "{from_right}");
    let (name, date) = (place("示例区民政局"), place("2026年10月8日"));
    assert!((name + width_of("示例区民政局") / 2 - date - width_of("2026年10月8日") / 2).abs() <= 2);
}

#[test]
fn a_sample_is_marked_on_every_page_and_a_letter_on_none() {
    let package = Package::of(&issued(2, 0));
    let headers = package.of_kind("header");
    assert_eq!(headers.len(), 3, "first, odd and even");
    assert!(headers.iter().all(|name| package.text(name).contains("string=\"演示样张\"")));
    let mut real = issued(2, 0);
    real.watermark = None;
    let package = Package::of(&real);
    assert_eq!(package.of_kind("header").len(), 1, "the mark alone");
    assert!(package.0.keys().filter(|n| n.ends_with(".xml")).all(|n| !package.text(n).contains("textpath")));
}
