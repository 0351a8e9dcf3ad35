//! Pages: their numbers, and their pictures.

use super::*;
use image::GenericImageView as _;

#[test]
fn numbers_from_the_second_page_on_at_the_outer_edge() {
    let letter = compose(&facts(40, 4)).unwrap();
    let runs = TYPESETTER.layout(&letter, &HashMap::new()).unwrap();
    let last = runs.iter().map(|run| run.page).max().unwrap();
    assert!(last > 6);
    for page in 1..=last {
        let foot: Vec<_> = runs.iter().filter(|run| run.page == page && run.y > 262.0).collect();
        let said: String = foot.iter().map(|run| run.text.as_str()).collect();
        if page == 1 {
            assert_eq!(said, "", "none on the first");
        } else {
            assert_eq!(said.replace(' ', ""), format!("—{page}—"));
            assert!(foot.iter().all(|run| (run.x > 105.0) == (page % 2 == 1)), "page {page}: {foot:?}");
        }
    }
}

#[test]
fn a_page_as_a_picture() {
    let letter = compose(&facts(3, 0)).unwrap();
    let photos = photos(&letter);
    let pages = pages(&letter);
    for (dpi, size) in
        [(120, (992, 1403)), (96, (794, 1123)), (200, (1654, 2339)), (5, (794, 1123)), (900, (1654, 2339))]
    {
        let drawn = TYPESETTER.page(&letter, &photos, 1, dpi).unwrap();
        let picture = image::load_from_memory_with_format(&drawn.png, image::ImageFormat::Png).unwrap();
        assert_eq!((picture.dimensions(), drawn.pages), (size, pages), "{dpi}");
        assert!(!picture.color().has_alpha());
        let red = picture.to_rgb8().pixels().filter(|pixel| pixel[0] > 200 && pixel[1] < 60).count();
        assert!(red > 1_000, "mark and lines are red: {red}");
    }
    let one = TYPESETTER.page(&letter, &photos, 2, 96).unwrap();
    assert_eq!(one, TYPESETTER.page(&letter, &photos, 2, 96).unwrap());
    assert_ne!(one, TYPESETTER.page(&letter, &photos, 3, 96).unwrap());
    for number in [0, pages + 1, usize::MAX] {
        let refused = TYPESETTER.page(&letter, &photos, number, 96);
        assert_eq!(refused, Err(TypesetFault::NoSuchPage { pages }));
    }
}

fn pages(letter: &Letter) -> usize {
    TYPESETTER.layout(letter, &HashMap::new()).unwrap().iter().map(|run| run.page).max().unwrap()
}

#[test]
fn a_look_into_the_fonts_says_what_laying_out_says() {
    let mut letter = compose(&facts(1, 0)).unwrap();
    let row = |letter: &mut Letter, text: String| letter.issues.as_mut().unwrap().rows[0].problem = text;
    for character in [
        '滘',
        '喆',
        '堃',
        '翀',
        '頔',
        '〇',
        '☑',
        'é',
        '〔',
        '龘',
        '😀',
        '\u{2a6d6}',
        '\u{e123}',
        '\u{fffe}',
        'ก',
    ] {
        row(&mut letter, format!("门口{character}杂物"));
        let laid_out = TYPESETTER.layout(&letter, &HashMap::new()).map(|_| ());
        let expected = laid_out.map_or_else(Some, |()| None);
        let looked =
            TYPESETTER.unprintable(&letter).map(|character| TypesetFault::MissingGlyph { character });
        assert_eq!(looked, expected, "{character} U+{:04X}", u32::from(character));
    }
    row(&mut letter, "“引号”\"\\\n门\u{200b}口".into());
    assert_eq!(TYPESETTER.unprintable(&letter), None);
}

#[test]
fn it_is_told_what_letters_are_made_with() {
    let made = TYPESETTER.made_with();
    let roles: Vec<_> = made.fonts.iter().map(|role| (role.role.as_str(), role.official)).collect();
    assert_eq!(roles, ["fangsong", "kai", "hei", "song", "biaosong"].map(|role| (role, false)));
    assert!(made.typesetter.starts_with("Typst 0."));
    let template = include_str!("../../letter.typ");
    assert_eq!(made.template_sha256, crate::files::sha256_of(template.as_bytes()));
    let of = |role: usize| -> Vec<&str> {
        made.fonts[role].faces.iter().map(|face| face.family.as_str()).collect()
    };
    assert_eq!(of(0), ["FandolFang R", "Noto Serif SC"]);
    let file = |name: &str| crate::files::sha256_of(&std::fs::read(format!("{FONTS}/{name}")).unwrap());
    assert_eq!(made.fonts[0].faces[0].sha256, file("FandolFang-Regular-sub.otf"));
    assert_eq!(made.fonts[4].faces[0].sha256, file("NotoSerifSC-SemiBold-sub.ttf"), "the weight of titles");
    assert!(made.fonts.iter().flat_map(|role| &role.faces).all(|face| !face.version.is_empty()), "{made:?}");
}
