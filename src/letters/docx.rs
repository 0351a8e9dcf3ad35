//! The editable copy of a letter, a Word document: PURE. It says what the PDF says, in the same order and form (GB/T
//! 9704-2012, clause 10.1), with the official fonts by name, which the bureau's own Word supplies. The PDF is the record;
//! this is a courtesy for whoever has to quote from the letter or to put it through another system. So it bears no code to
//! check it by: a copy that anybody can edit proves nothing.
//!
//! `forms` knows fonts and measures, `annexes` the tables, `pictures` the photos, `package` what docx-rs leaves out. Texts of
//! people go through [`forms::run`] alone and are escaped there; the same letter gives the same bytes.

mod annexes;
mod forms;
mod package;
mod pictures;

#[cfg(test)]
mod tests;

use super::letter::{Letter, Level, Paragraph as Said};
use docx_rs::{
    AlignmentType, BorderType, DocGrid, DocGridType, Docx, FieldCharType, Footer, Header, InstrPAGE,
    InstrText, LineSpacing, LineSpacingType, PageMargin, Paragraph, ParagraphBorder, ParagraphBorderPosition,
    ParagraphBorders, Run, SpecialIndentType,
};
use forms::{
    BIAOSONG, CHARACTER, FANGSONG, HEITI, KAITI, LINE, SIZE_3, SIZE_4, SONG, WIDTH, blank, face, flush, run,
    text, title, twips, width_of,
};
use std::collections::HashMap;

/// The red of the mark and of the lines.
const RED: &str = "E60012";

/// Why there is no Word document of a letter: both are defects, since its texts and photos come from us.
#[derive(Debug, thiserror::Error)]
pub enum DocxFault {
    /// A photo is no picture.
    #[error("照片{sha256}无法放入文档：{why}")]
    Photo {
        /// SHA-256 of its original.
        sha256: String,
        /// What the decoder says.
        why: String,
    },
    /// The package could not be written.
    #[error("提醒函文档生成失败：{0}")]
    Failed(String),
}

/// The Word document of a letter. `photos` holds JPEGs without metadata by the SHA-256 of their originals, as for the PDF;
/// one that is not there is a dash.
///
/// # Errors
/// See [`DocxFault`].
pub fn docx(letter: &Letter, photos: &HashMap<String, Vec<u8>>) -> Result<Vec<u8>, DocxFault> {
    let pictures = pictures::of(letter, photos)?;
    let paragraphs = head(letter).into_iter().chain(body(letter)).chain(ending(letter));
    let mut document = paragraphs.fold(page(letter), Docx::add_paragraph);
    if let Some(annex) = &letter.issues {
        document = annexes::issues(document, annex, &pictures);
    }
    if let Some(annex) = &letter.indicators {
        document = annexes::indicators(document, annex);
    }
    if let Some(annex) = &letter.carried_over {
        document = annexes::issues(document, annex, &pictures);
    }
    package::packed(document.build(), letter)
}

/// Paper, margins, grid, and what stands on every page: 版心 156 × 225 mm, 22 lines.
fn page(letter: &Letter) -> Docx {
    let margin = PageMargin::new()
        .top(twips(37.0))
        .bottom(twips(35.0))
        .left(twips(28.0))
        .right(twips(26.0))
        .header(twips(30.0))
        .footer(twips(20.0))
        .gutter(0);
    let mut document = Docx::new()
        .page_size(11_906, 16_838)
        .page_margin(margin)
        .default_fonts(face(FANGSONG))
        .default_size(SIZE_3)
        .first_header(Header::new().add_paragraph(mark(&letter.authority)))
        .first_footer(Footer::new().add_paragraph(foot_line()))
        .footer(page_number(AlignmentType::Right))
        .even_footer(page_number(AlignmentType::Left));
    if letter.watermark.is_some() {
        // Carries the watermark, see `package`.
        let bare = || Header::new().add_paragraph(flush(AlignmentType::Left));
        document = document.header(bare()).even_header(bare());
    }
    let section = document.document.section_property.clone();
    let grid = DocGrid::with_empty().grid_type(DocGridType::Lines).line_pitch(LINE.unsigned_abs() as usize);
    document.document.section_property = section.doc_grid(grid);
    document
}

/// 发文机关标志: red, its upper edge 30 mm under the page's, as large as its length allows; under it the double line.
fn mark(authority: &str) -> Paragraph {
    let characters = authority.chars().count().max(1);
    let half_points = (twips(150.0).unsigned_abs() as usize * 100 / 106 / 10 / characters).min(88);
    let spread = i32::try_from(half_points * 10 * 6 / 100).unwrap_or(0);
    let name = run(authority, BIAOSONG, half_points).color(RED).character_spacing(spread);
    let line = line(ParagraphBorderPosition::Bottom, BorderType::ThickThinSmallGap).space(11);
    ruled(Paragraph::new().align(AlignmentType::Center), line).add_run(name)
}

/// The second double line, 20 mm above the lower edge of the first page. It is a lower border as the first is: of an upper one
/// programs do not agree which of the two lines is above.
fn foot_line() -> Paragraph {
    let hardly_high = LineSpacing::new().line_rule(LineSpacingType::Exact).line(20);
    let line = line(ParagraphBorderPosition::Bottom, BorderType::ThinThickSmallGap);
    ruled(Paragraph::new().line_spacing(hardly_high), line)
}

fn line(at: ParagraphBorderPosition, of: BorderType) -> ParagraphBorder {
    // 36 eighths of a point.
    ParagraphBorder::new(at).val(of).size(36).color(RED).space(0)
}

/// A paragraph of 170 mm, in the middle of the paper, with a line.
fn ruled(paragraph: Paragraph, line: ParagraphBorder) -> Paragraph {
    let mut ruled = paragraph.indent(Some(-twips(8.0)), None, Some(-twips(6.0)), None);
    ruled.property = ruled.property.set_borders(ParagraphBorders::with_empty().set(line));
    ruled
}

/// — 2 — in half-width 4号宋体, 7 mm under the type area, one character in. The first page has none (`titlePg`).
fn page_number(side: AlignmentType) -> Footer {
    let set = |run: Run| run.size(SIZE_4).fonts(forms::latin(SONG));
    let field = |kind| set(Run::new().add_field_char(kind, false));
    let high =
        LineSpacing::new().line_rule(LineSpacingType::Exact).line(280).after(twips(3.1).unsigned_abs());
    Footer::new().add_paragraph(
        Paragraph::new()
            .align(side)
            .indent(Some(280), None, Some(280), None)
            .line_spacing(high)
            .add_run(set(Run::new().add_text("— ")))
            .add_run(field(FieldCharType::Begin))
            .add_run(set(Run::new().add_instr_text(InstrText::PAGE(InstrPAGE::new()))))
            .add_run(field(FieldCharType::Separate))
            .add_run(set(Run::new().add_text("2")))
            .add_run(field(FieldCharType::End))
            .add_run(set(Run::new().add_text(" —"))),
    )
}

/// Number, title and addressee.
fn head(letter: &Letter) -> Vec<Paragraph> {
    let number = flush(AlignmentType::Right).add_run(run(&letter.printed_number(), FANGSONG, SIZE_3));
    let recipient = format!("{}：", letter.recipient);
    let mut head = vec![number, blank(), blank()];
    head.extend(title(&letter.title));
    head.push(blank());
    head.push(flush(AlignmentType::Left).add_run(run(&recipient, FANGSONG, SIZE_3)));
    head
}

fn body(letter: &Letter) -> impl Iterator<Item = Paragraph> {
    letter.body.iter().map(|said: &Said| match said.level {
        Level::Heading => text().keep_next(true).add_run(run(&said.lead, HEITI, SIZE_3)),
        Level::Point => {
            text().add_run(run(&said.lead, KAITI, SIZE_3)).add_run(run(&said.text, FANGSONG, SIZE_3))
        }
        Level::Plain => text().add_run(run(&said.text, FANGSONG, SIZE_3)),
    })
}

/// The list of annexes, signature and date, contact, copies.
fn ending(letter: &Letter) -> Vec<Paragraph> {
    let mut ending = annex_names(letter);
    ending.extend([blank(), blank()]);
    ending.extend(signature(&letter.authority, &letter.printed_date()));
    if !letter.contact.is_empty() {
        ending.push(text().add_run(run(&format!("（{}）", letter.contact), FANGSONG, SIZE_3)));
    }
    if !letter.cc.is_empty() {
        ending.extend([blank(), copies(&letter.cc)]);
    }
    ending
}

/// One line under the text, two characters in, without a full stop; several are numbered one under the other.
fn annex_names(letter: &Letter) -> Vec<Paragraph> {
    let names = [
        letter.issues.as_ref().map(|annex| &annex.title),
        letter.indicators.as_ref().map(|annex| &annex.title),
        letter.carried_over.as_ref().map(|annex| &annex.title),
    ];
    let names: Vec<&String> = names.into_iter().flatten().collect();
    if names.is_empty() {
        return vec![];
    }
    // 附件： takes three characters, a number somewhat more than one.
    let numbered = if names.len() > 1 { CHARACTER * 6 / 5 } else { 0 };
    let start = 5 * CHARACTER + numbered;
    let line = |(n, name): (usize, &&String)| {
        let mark = if n == 0 { "附件：" } else { "" };
        let number = if numbered > 0 { format!("{}. ", n + 1) } else { String::new() };
        let hanging = if n == 0 { 3 * CHARACTER + numbered } else { numbered };
        flush(AlignmentType::Left)
            .indent(Some(start), Some(SpecialIndentType::Hanging(hanging)), None, None)
            .add_run(run(&format!("{mark}{number}{name}"), FANGSONG, SIZE_3))
    };
    std::iter::once(blank()).chain(names.iter().enumerate().map(line)).collect()
}

/// As for a seal 加盖印章: the date four characters from the right, the authority centred on it. No seal is drawn.
fn signature(authority: &str, date: &str) -> [Paragraph; 2] {
    let (name, day) = (width_of(authority), width_of(date));
    let wide = name.max(day);
    let right = (4 * CHARACTER - (wide - day) / 2).max(2 * CHARACTER);
    // Both are centred between these two, which leave room on either side should a font be wider.
    let left = (WIDTH - wide - 2 * right).max(0);
    let centred = |said: &str| {
        flush(AlignmentType::Center)
            .indent(Some(left), None, None, None)
            .keep_next(true)
            .add_run(run(said, FANGSONG, SIZE_3))
    };
    [centred(authority), centred(date)]
}

/// 抄送: 4号, one character in from both sides, with a full stop. In 信函格式 no lines stand around it.
fn copies(names: &[String]) -> Paragraph {
    let size_4 = 280;
    flush(AlignmentType::Both)
        .indent(Some(4 * size_4), Some(SpecialIndentType::Hanging(3 * size_4)), Some(size_4), None)
        .add_run(run(&format!("抄送：{}。", names.join("，")), FANGSONG, SIZE_4))
}
