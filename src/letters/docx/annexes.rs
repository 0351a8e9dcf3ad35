//! The annexes: each begins a page, its head is repeated on every page (`package`), and no row is broken over two.

use super::super::letter::{Annex, IndicatorRow, IssueRow};
use super::forms::{FANGSONG, HEITI, SIZE_3, blank, flush, run, title, twips};
use super::pictures::Pictures;
use docx_rs::{
    AlignmentType, BreakType, Docx, Paragraph, Run, Table, TableAlignmentType, TableCell, TableCellMargins,
    TableLayoutType, TableRow, VAlignType, WidthType,
};

/// 五号, in half points.
const SMALL: usize = 21;

/// A column: its head and its width in millimetres.
type Column = (&'static str, f64);

const ISSUES: [Column; 8] = [
    ("序号", 10.0),
    ("编号", 17.0),
    ("设施名称", 25.0),
    ("类别", 11.0),
    ("存在问题", 39.0),
    ("原期限", 15.5),
    ("现状", 13.5),
    ("现场照片", 25.0),
];

const INDICATORS: [Column; 6] =
    [("序号", 12.0), ("指标", 54.0), ("目标", 23.0), ("完成", 21.0), ("完成率", 18.0), ("截至", 28.0)];

/// Where streets are compared.
const RANKED: [Column; 7] = [
    ("序号", 12.0),
    ("指标", 46.0),
    ("目标", 22.0),
    ("完成", 20.0),
    ("完成率", 16.0),
    ("截至", 26.0),
    ("位次", 14.0),
];

/// As letters of before had them, without a day for each.
const UNDATED: [Column; 5] =
    [("序号", 12.0), ("指标", 60.0), ("目标", 28.0), ("完成", 28.0), ("完成率", 28.0)];

/// A list of findings.
pub(super) fn issues(document: Docx, annex: &Annex<IssueRow>, pictures: &Pictures) -> Docx {
    let rows = (1..).zip(&annex.rows).map(|(place, row)| issue(place, row, pictures));
    with_table(document, annex, &ISSUES, rows.collect())
}

/// The indicators.
pub(super) fn indicators(document: Docx, annex: &Annex<IndicatorRow>) -> Docx {
    let (dated, ranked) =
        (annex.rows.iter().any(|r| !r.as_of.is_empty()), annex.rows.iter().any(|r| !r.place.is_empty()));
    let columns: &[Column] = match (dated, ranked) {
        (_, true) => &RANKED,
        (true, false) => &INDICATORS,
        (false, false) => &UNDATED,
    };
    let row = |(place, row): (usize, &IndicatorRow)| {
        let figures = [&row.target, &row.value, &row.rate].map(|said| centred(said));
        let rest = [vec![days(&row.as_of)], centred(place_of(row))];
        let cells =
            [centred(&place.to_string()), vec![left(&row.name)]].into_iter().chain(figures).chain(rest);
        cells.take(columns.len()).collect()
    };
    with_table(document, annex, columns, (1..).zip(&annex.rows).map(row).collect())
}

fn place_of(row: &IndicatorRow) -> &str {
    if row.place.is_empty() { "—" } else { &row.place }
}

/// What stands in a cell.
type Cell = Vec<Paragraph>;

fn with_table<Row>(document: Docx, annex: &Annex<Row>, columns: &[Column], rows: Vec<Vec<Cell>>) -> Docx {
    let label = flush(AlignmentType::Left).page_break_before(true).add_run(run(&annex.label, HEITI, SIZE_3));
    let note = flush(AlignmentType::Left).add_run(run(&annex.note, FANGSONG, 24));
    let lines = [label, blank()].into_iter().chain(title(&annex.heading)).chain([note]);
    let document = lines.fold(document, Docx::add_paragraph);
    let head = columns.iter().map(|(name, _)| vec![centre().add_run(run(name, HEITI, SMALL))]).collect();
    let row = |cells: Vec<Cell>| {
        let cells = columns.iter().zip(cells).map(|((_, width), said)| cell(*width, said));
        TableRow::new(cells.collect()).cant_split()
    };
    let rows = std::iter::once(head).chain(rows).map(row).collect();
    let grid = columns.iter().map(|(_, width)| twips(*width).unsigned_abs() as usize).collect();
    let edge = twips(1.0).unsigned_abs() as usize;
    document.add_table(
        Table::new(rows)
            .set_grid(grid)
            .layout(TableLayoutType::Fixed)
            .align(TableAlignmentType::Center)
            .margins(TableCellMargins::new().margin(edge, edge, edge, edge)),
    )
}

fn cell(width: f64, said: Cell) -> TableCell {
    let empty = TableCell::new()
        .width(twips(width).unsigned_abs() as usize, WidthType::Dxa)
        .vertical_align(VAlignType::Center);
    said.into_iter().fold(empty, TableCell::add_paragraph)
}

fn centre() -> Paragraph {
    Paragraph::new().align(AlignmentType::Center).snap_to_grid(false)
}

fn centred(said: &str) -> Cell {
    vec![centre().add_run(run(said, FANGSONG, SMALL))]
}

fn left(said: &str) -> Paragraph {
    Paragraph::new().align(AlignmentType::Left).snap_to_grid(false).add_run(run(said, FANGSONG, SMALL))
}

fn issue(place: usize, row: &IssueRow, pictures: &Pictures) -> Vec<Cell> {
    let repeat = if row.repeat { "（重复出现）" } else { "" };
    let mut problem = vec![left(&format!("{}{repeat}", row.problem))];
    problem.extend(row.basis.iter().map(|basis| left(&format!("依据：{basis}"))));
    let shown = row.photo.as_ref().and_then(|hash| pictures.get(hash));
    vec![
        centred(&place.to_string()),
        vec![centre().add_run(run(&row.number, FANGSONG, 16))],
        vec![left(&row.facility)],
        centred(&row.category),
        problem,
        vec![days(&row.due)],
        centred(&row.standing),
        match shown {
            Some(picture) => vec![centre().add_run(Run::new().add_image(picture.clone()))],
            None => centred("—"),
        },
    ]
}

/// Days, the line broken after each year, so that no number breaks over two.
fn days(said: &str) -> Paragraph {
    let piece = |piece: &str| match run(piece, FANGSONG, SMALL) {
        year if piece.ends_with('年') => year.add_break(BreakType::TextWrapping),
        rest => rest,
    };
    said.split_inclusive('年').map(piece).fold(centre(), Paragraph::add_run)
}
