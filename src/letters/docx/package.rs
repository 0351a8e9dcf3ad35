//! The parts of the package as docx-rs makes them, with what it has no way to say: the properties of the document, heads of
//! tables that repeat, the watermark. All of it is put beside its own tags, which no text can contain: texts are escaped.

use super::super::letter::Letter;
use super::DocxFault;
use super::forms::{HEITI, printable};
use docx_rs::XMLDocx;
use std::fmt::Write as _;
use std::io::Cursor;

/// What the document says of itself.
const DESCRIPTION: &str = "便于编辑的文字版，以签发的PDF文件为准";

/// The bytes of the document.
pub(super) fn packed(mut parts: XMLDocx, letter: &Letter) -> Result<Vec<u8>, DocxFault> {
    let failed = |why: String| DocxFault::Failed(why);
    let document = part(std::mem::take(&mut parts.document)).map_err(failed)?;
    parts.document = numbered(&repeated(&anonymous(&document))).into_bytes();
    for header in &mut parts.headers {
        let plain = anonymous(&part(std::mem::take(header)).map_err(failed)?);
        *header = marked(&plain, letter.watermark.as_deref()).into_bytes();
    }
    for footer in &mut parts.footers {
        *footer = anonymous(&part(std::mem::take(footer)).map_err(failed)?).into_bytes();
    }
    parts.doc_props.core = properties(letter).into_bytes();
    let mut bytes = Cursor::new(vec![]);
    parts.pack(&mut bytes).map_err(|why| DocxFault::Failed(why.to_string()))?;
    Ok(bytes.into_inner())
}

fn part(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|why| why.to_string())
}

/// Without the numbers of paragraphs, which the library counts through all documents of a thread.
fn anonymous(part: &str) -> String {
    let mut pieces = part.split(" w14:paraId=\"");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept += piece.split_once('"').map_or("", |(_, rest)| rest);
    }
    kept
}

/// The first row of each table comes again on every page.
fn repeated(document: &str) -> String {
    const FIRST_ROW: &str = "</w:tblGrid><w:tr><w:trPr><w:cantSplit />";
    document.replace(FIRST_ROW, &format!("{FIRST_ROW}<w:tblHeader />"))
}

/// Every picture with an id of its own.
fn numbered(document: &str) -> String {
    const PICTURE: &str = "<wp:docPr id=\"1\" name=\"Figure\" />";
    let mut pieces = document.split(PICTURE);
    let mut all = pieces.next().unwrap_or_default().to_owned();
    for (n, piece) in (1..).zip(pieces) {
        let _ = write!(all, "<wp:docPr id=\"{n}\" name=\"现场照片{n}\" />{piece}");
    }
    all
}

/// The watermark as Word itself makes one: slanting, light grey, behind the text, in the middle of the page.
fn marked(header: &str, watermark: Option<&str>) -> String {
    let Some(said) = watermark.filter(|said| !said.is_empty()) else { return header.to_owned() };
    let (wide, said) = (said.chars().count().min(12) * 100, escaped(said));
    let shape = format!(
        "<w:r><w:pict><v:shapetype id=\"_x0000_t136\" coordsize=\"21600,21600\" o:spt=\"136\" adj=\"10800\" \
         path=\"m@7,l@8,m@5,21600l@6,21600e\"><v:formulas><v:f eqn=\"sum #0 0 10800\"/><v:f eqn=\"prod #0 2 1\"/>\
         <v:f eqn=\"sum 21600 0 @1\"/><v:f eqn=\"sum 0 0 @2\"/><v:f eqn=\"sum 21600 0 @3\"/><v:f eqn=\"if @0 @3 0\"/>\
         <v:f eqn=\"if @0 21600 @1\"/><v:f eqn=\"if @0 0 @2\"/><v:f eqn=\"if @0 @4 21600\"/></v:formulas>\
         <v:path textpathok=\"t\" o:connecttype=\"rect\"/><v:textpath on=\"t\" fitshape=\"t\"/></v:shapetype>\
         <v:shape id=\"watermark\" type=\"#_x0000_t136\" style=\"position:absolute;margin-left:0;margin-top:0;\
         width:{wide}pt;height:88pt;rotation:325;z-index:-251658752;mso-position-horizontal:center;\
         mso-position-horizontal-relative:page;mso-position-vertical:center;mso-position-vertical-relative:page\" \
         o:allowincell=\"f\" fillcolor=\"#d9d9d9\" stroked=\"f\"><v:fill opacity=\".5\"/>\
         <v:textpath style=\"font-family:&quot;{HEITI}&quot;;font-size:1pt\" string=\"{said}\"/></v:shape></w:pict></w:r></w:p>"
    );
    header.replacen("</w:p>", &shape, 1)
}

/// Title, authority, number and day. The day is the letter's, at midnight: the document knows no other time.
fn properties(letter: &Letter) -> String {
    let day = letter.date.format("%Y-%m-%dT00:00:00Z");
    let (title, number) = (escaped(&letter.title.concat()), escaped(&letter.printed_number()));
    let authority = escaped(&letter.authority);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><cp:coreProperties \
         xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{title}</dc:title>\
         <dc:creator>{authority}</dc:creator><cp:keywords>{number}</cp:keywords>\
         <dc:description>{DESCRIPTION}</dc:description><cp:lastModifiedBy>{authority}</cp:lastModifiedBy>\
         <dcterms:created xsi:type=\"dcterms:W3CDTF\">{day}</dcterms:created>\
         <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{day}</dcterms:modified></cp:coreProperties>"
    )
}

/// A text as XML carries it.
fn escaped(said: &str) -> String {
    let mut text = String::with_capacity(said.len());
    for c in printable(said).chars() {
        match c {
            '&' => text += "&amp;",
            '<' => text += "&lt;",
            '>' => text += "&gt;",
            '"' => text += "&quot;",
            other => text.push(other),
        }
    }
    text
}
