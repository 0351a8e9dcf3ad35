//! The fonts of a letter, by the role that the standard gives them. Official ones are commercial and cannot be shipped: a
//! bureau that has them puts them into a folder of its own, where each wins over its free stand-in. Which were used is
//! told at the start, and goes with every letter that is issued ([`MadeWith`]).

use crate::files::sha256_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use typst::foundations::Bytes;
use typst::layout::Abs;
use typst::syntax::Source;
use typst::text::{Font, FontBook, FontVariant, FontVariations, FontWeight};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _};

/// The family with all characters: the last resort of every role (Fandol lacks 滘 喆 堃).
const FALLBACK: &str = "Noto Serif SC";

/// What the standard wants a font for (GB/T 9704-2012, 5.2.2 and 7).
struct Role {
    /// How the template knows it.
    name: &'static str,
    /// How people know it.
    label: &'static str,
    /// The official families by all their names, the first that is there wins.
    official: &'static [&'static str],
    /// The free stand-in.
    free: &'static str,
    /// The weight that the template asks for.
    weight: u16,
}

const ROLES: [Role; 5] = [
    Role {
        name: "fangsong",
        label: "仿宋（正文）",
        official: &["仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong"],
        free: "FandolFang R",
        weight: 400,
    },
    Role {
        name: "kai",
        label: "楷体（第二层标题）",
        official: &["楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi"],
        free: "FandolKai",
        weight: 400,
    },
    Role {
        name: "hei",
        label: "黑体（第一层标题、附件）",
        official: &["黑体", "SimHei"],
        free: "Noto Sans SC",
        weight: 500,
    },
    Role {
        name: "song", label: "宋体（页码）", official: &["宋体", "SimSun"], free: FALLBACK, weight: 400
    },
    Role {
        name: "biaosong",
        label: "小标宋（发文机关标志、标题）",
        official: &["方正小标宋简体", "FZXiaoBiaoSong-B05S", "方正小标宋_GBK", "FZXiaoBiaoSong-B05"],
        free: FALLBACK,
        weight: 600,
    },
];

/// The families of each role by its name, in the order in which they are tried.
pub(super) type Families = BTreeMap<&'static str, Vec<&'static str>>;

/// What a document is made with: enough to say later why another rendering looks different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MadeWith {
    /// The typesetter and its version.
    pub typesetter: String,
    /// SHA-256 of the template of letters.
    pub template_sha256: String,
    /// The fonts by role.
    pub fonts: Vec<RoleFonts>,
}

/// The fonts of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleFonts {
    /// The role: `fangsong`, `kai`, `hei`, `song` or `biaosong`.
    pub role: String,
    /// The same for people.
    pub label: String,
    /// Whether the first is the official one.
    pub official: bool,
    /// In the order in which they are tried for a character.
    pub faces: Vec<FontFace>,
}

/// A font.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FontFace {
    /// Its family.
    pub family: String,
    /// The version that it says it has; empty where it says none.
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// Fonts, templates and library: what all letters share.
pub(super) struct Shelf {
    pub library: LazyHash<Library>,
    pub book: LazyHash<FontBook>,
    pub fonts: Vec<Font>,
    pub families: Families,
    pub letter: Source,
    pub task_sheet: Source,
    pub reply: Source,
}

impl Shelf {
    /// Reads the fonts of both folders.
    ///
    /// # Errors
    /// A Chinese sentence naming the setting and the folder.
    pub fn load(fonts_dir: &Path, official: Option<&Path>) -> Result<Self, String> {
        let mut fonts = read("YIXUN_FONTS_DIR", fonts_dir)?;
        if let Some(folder) = official {
            fonts.extend(read("YIXUN_FONTS", folder)?);
        }
        let book = FontBook::from_fonts(&fonts);
        let families = families(&book).map_err(|lacking| {
            format!(
                "设置 YIXUN_FONTS_DIR：字体文件夹 {} 缺少字体 {lacking}，请使用项目自带的 assets/fonts",
                fonts_dir.display()
            )
        })?;
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(book),
            fonts,
            families,
            letter: super::world::letter()?,
            task_sheet: super::world::task_sheet()?,
            reply: super::world::reply()?,
        })
    }

    /// Tells in the log which font each role has.
    pub fn told(&self) {
        for role in &ROLES {
            let family = self.families_of(role)[0];
            let official = role.official.contains(&family);
            tracing::info!(role = role.name, family, official, "font of letters");
        }
    }

    /// What letters are made with.
    pub fn made_with(&self) -> MadeWith {
        let role_fonts = |role: &Role| RoleFonts {
            role: role.name.into(),
            label: role.label.into(),
            official: role.official.contains(&self.families_of(role)[0]),
            faces: self
                .families_of(role)
                .iter()
                .filter_map(|family| self.face(family, role.weight))
                .collect(),
        };
        MadeWith {
            typesetter: format!("Typst {}", typst::utils::version().raw()),
            template_sha256: sha256_of(self.letter.text().as_bytes()),
            fonts: ROLES.iter().map(role_fonts).collect(),
        }
    }

    /// The first character that no font has, or that a PDF/A may not hold.
    pub fn unprintable(&self, text: &str) -> Option<char> {
        let infos: Vec<_> = self.fonts.iter().map(Font::info).collect();
        let has = |c: char| infos.iter().any(|info| info.coverage.contains(u32::from(c)));
        text.chars().find(|c| super::glyphs::is_barred(*c) || !(is_unseen(*c) || has(*c)))
    }

    fn families_of(&self, role: &Role) -> &[&'static str] {
        self.families.get(role.name).map_or(&[FALLBACK], Vec::as_slice)
    }

    fn face(&self, family: &str, weight: u16) -> Option<FontFace> {
        let variant = FontVariant { weight: FontWeight::from_number(weight), ..FontVariant::default() };
        let font = self.fonts.get(self.book.select(&family.to_lowercase(), variant)?)?;
        let instance = font.clone().instantiate(variant, Abs::pt(16.0), &FontVariations::default());
        // Name 5 is the version (OpenType, table `name`).
        let named = instance.ttf().names().into_iter().filter(|name| name.name_id == 5);
        let version = named.filter_map(|name| name.to_string()).next().unwrap_or_default();
        Some(FontFace { family: family.into(), version, sha256: sha256_of(font.data()) })
    }
}

/// Characters that are laid out without a glyph: blanks, joiners and selectors.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// The families of every role, or the one that is lacking.
fn families(book: &FontBook) -> Result<Families, &'static str> {
    let has = |family: &str| book.contains_family(&family.to_lowercase());
    if !has(FALLBACK) {
        return Err(FALLBACK);
    }
    let of_role = |role: &Role| {
        let official = role.official.iter().copied().filter(|family| has(family));
        let mut families: Vec<&'static str> = official.take(1).collect();
        if has(role.free) {
            families.push(role.free);
        } else if families.is_empty() {
            return Err(role.free);
        }
        if role.free != FALLBACK {
            families.push(FALLBACK);
        }
        Ok((role.name, families))
    };
    ROLES.iter().map(of_role).collect()
}

/// All fonts of a folder, in the order of their file names.
fn read(setting: &str, folder: &Path) -> Result<Vec<Font>, String> {
    let refused =
        |path: &Path, e: std::io::Error| format!("设置 {setting}：无法读取字体 {}：{e}", path.display());
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries =
        entries.map_err(|e| format!("设置 {setting}：无法读取字体文件夹 {}：{e}", folder.display()))?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let mut fonts = vec![];
    for path in paths {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if ending.is_some_and(|ending| ["ttf", "otf", "ttc", "otc"].contains(&ending.as_str())) {
            let bytes = std::fs::read(&path).map_err(|e| refused(&path, e))?;
            fonts.extend(Font::iter(Bytes::new(bytes)));
        }
    }
    Ok(fonts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A book of families.
    fn book(names: &[&str]) -> FontBook {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts/NotoSansSC-Medium-sub.ttf");
        let font = Font::iter(Bytes::new(std::fs::read(file).unwrap())).next().unwrap();
        let named = |name: &&str| {
            let mut info = font.info().clone();
            info.family = (*name).into();
            info
        };
        FontBook::from_infos(names.iter().map(named))
    }

    #[test]
    fn the_official_font_wins_and_the_stand_ins_follow() {
        let free = [FALLBACK, "FandolFang R", "FandolKai", "Noto Sans SC"];
        let with = |official: &[&str]| families(&book(&[&free[..], official].concat())).unwrap();
        assert_eq!(with(&[])["fangsong"], ["FandolFang R", FALLBACK]);
        assert_eq!(with(&["仿宋_GB2312"])["fangsong"], ["仿宋_GB2312", "FandolFang R", FALLBACK]);
        let both = with(&["FangSong", "FangSong_GB2312", "SimSun"]);
        assert_eq!(both["fangsong"], ["FangSong_GB2312", "FandolFang R", FALLBACK], "one of them, the first");
        assert_eq!(both["song"], ["SimSun", FALLBACK]);
        assert_eq!(families(&book(&[FALLBACK, "FandolFang R", "Noto Sans SC"])).err(), Some("FandolKai"));
        assert!(
            families(&book(&[FALLBACK, "FandolFang R", "Noto Sans SC", "楷体"])).is_ok(),
            "it needs no stand-in"
        );
        assert_eq!(families(&book(&free[1..])).err(), Some(FALLBACK));
    }
}
