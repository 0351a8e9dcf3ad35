//! The fonts of a letter, by the role that the standard gives them. Official ones are commercial and cannot be shipped: a
//! bureau that has them puts them into a folder of its own, where each wins over its free stand-in.

use serde::Serialize;
use std::path::Path;
use typst::foundations::Bytes;
use typst::syntax::Source;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _};

/// The family with all characters: the last resort of every role (Fandol lacks 滘 喆 堃).
const FALLBACK: &str = "Noto Serif SC";

/// The families of each role, in the order in which they are tried.
#[derive(Debug, Serialize)]
pub(super) struct Families {
    /// 仿宋: the text.
    fangsong: Vec<&'static str>,
    /// 楷体: the points.
    kai: Vec<&'static str>,
    /// 黑体: the headings.
    hei: Vec<&'static str>,
    /// 宋体: page numbers.
    song: Vec<&'static str>,
    /// 小标宋: authority and title.
    biaosong: Vec<&'static str>,
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
            fonts.extend(read("YIXUN_OFFICIAL_FONTS_DIR", folder)?);
        }
        let book = FontBook::from_fonts(&fonts);
        let families = Families::of(&book).map_err(|lacking| {
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
}

impl Families {
    fn of(book: &FontBook) -> Result<Self, &'static str> {
        let has = |family: &str| book.contains_family(&family.to_lowercase());
        if !has(FALLBACK) {
            return Err(FALLBACK);
        }
        let role = |official: &[&'static str], free: &'static str| {
            let mut families: Vec<&'static str> =
                official.iter().copied().filter(|family| has(family)).take(1).collect();
            if has(free) {
                families.push(free);
            } else if families.is_empty() {
                return Err(free);
            }
            if free != FALLBACK {
                families.push(FALLBACK);
            }
            Ok(families)
        };
        Ok(Self {
            fangsong: role(&["仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong"], "FandolFang R")?,
            kai: role(&["楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi"], "FandolKai")?,
            hei: role(&["黑体", "SimHei"], "Noto Sans SC")?,
            song: role(&["宋体", "SimSun"], FALLBACK)?,
            biaosong: role(
                &["方正小标宋简体", "FZXiaoBiaoSong-B05S", "方正小标宋_GBK", "FZXiaoBiaoSong-B05"],
                FALLBACK,
            )?,
        })
    }
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
