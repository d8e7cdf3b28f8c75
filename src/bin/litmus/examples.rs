//! Tables of examples: comma-separated, or separated by tabs if the file's name ends in .tsv.

use std::io::{self, Read};
use std::path::Path;

use csv::StringRecord;
use litmus_text::Examples;

use crate::{file_error, read};

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

const SEPARATORS: [(char, &str); 3] = [(',', "commas"), (';', "semicolons"), ('\t', "tabs")];

/// Reads a table with a header. `text` and `label` are the names of its columns.
pub(crate) fn read_examples(path: &Path, text: &str, label: &str) -> io::Result<Examples> {
    let is_input = path == Path::new(STANDARD_INPUT);
    let path = if is_input { Path::new("standard input") } else { path };
    let bytes = if is_input { read_input(path)? } else { read(path)? };
    let file = decode(path, bytes)?;
    let table = file.strip_prefix('\u{feff}').unwrap_or(&file);
    let tabs = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
    // Quotes are ordinary characters in tab-separated files.
    if let Some((offset, fault)) = find_bad_quote(table).filter(|_| !tabs) {
        let line = 1 + table[..offset].matches('\n').count();
        let reason = format!(": line {line} has {fault}double each double quote within a text");
        return Err(invalid(path, &reason));
    }
    // Rows are compared with the header below.
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(if tabs { b'\t' } else { b',' }).quoting(!tabs).flexible(true);
    let mut reader = reader.from_reader(table.as_bytes());
    let unreadable = |e: csv::Error| file_error(path, "read", io::Error::other(e));
    let header = reader.headers().map_err(unreadable)?.clone();
    if header.is_empty() {
        return Err(invalid(path, " is empty: the first row of a table names its columns"));
    }
    let (text, label) = (find_column(path, &header, text)?, find_column(path, &header, label)?);
    let mut examples = Examples::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        // Cells that are missing at the end of a row are empty.
        let cell = |column: usize| row.get(column).unwrap_or_default().trim();
        if row.len() > header.len() {
            let remedy =
                if tabs { "replace tabs within a text" } else { "put a text that has commas into double quotes" };
            let (line, cells, expected) = (line_of(&row, table), row.len(), header.len());
            let reason = format!(": line {line} has {cells} cells, but the header has {expected}: {remedy}");
            return Err(invalid(path, &reason));
        }
        if cell(label).is_empty() {
            return Err(invalid(path, &format!(": line {} has no label", line_of(&row, table))));
        }
        examples = examples.label(cell(label), Some(cell(text)).filter(|text| !text.is_empty()));
    }
    Ok(examples)
}

fn read_input(name: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(|e| file_error(name, "read", e))?;
    Ok(bytes)
}

fn decode(path: &Path, bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        invalid(path, &format!(" is not UTF-8: line {line} has other bytes: save it with the encoding UTF-8"))
    })
}

/// The offset of a quoted cell that never ends, or is followed by more text, and what is wrong with it. The csv crate reads
/// the former to the end of the table, and the latter without its quotes.
fn find_bad_quote(table: &str) -> Option<(usize, &'static str)> {
    enum At {
        CellStart,
        PlainCell,
        QuotedCell(usize),
        /// After a double quote that ends the cell, or is the first of two.
        Quote(usize),
        QuotedCellEnd(usize),
    }
    let mut at = At::CellStart;
    for (offset, c) in table.char_indices() {
        at = match (at, c) {
            (At::CellStart, '"') => At::QuotedCell(offset),
            (At::QuotedCell(start), '"') => At::Quote(start),
            (At::Quote(start), '"') | (At::QuotedCell(start), _) => At::QuotedCell(start),
            (_, ',' | '\n' | '\r') => At::CellStart,
            (At::Quote(start) | At::QuotedCellEnd(start), ' ') => At::QuotedCellEnd(start),
            (At::Quote(start) | At::QuotedCellEnd(start), _) => {
                return Some((start, "more text after a quoted cell: "));
            }
            (At::CellStart | At::PlainCell, _) => At::PlainCell,
        };
    }
    match at {
        At::QuotedCell(start) => Some((start, "a double quote that is never closed: close it, or ")),
        _ => None,
    }
}

fn find_column(path: &Path, header: &StringRecord, name: &str) -> io::Result<usize> {
    header.iter().position(|column| column == name).ok_or_else(|| {
        let columns = header.iter().collect::<Vec<_>>().join(", ");
        let other = SEPARATORS.iter().find(|(separator, _)| header.len() == 1 && columns.contains(*separator));
        let remedy = match other {
            Some((_, separators)) => format!(
                "it seems to be separated by {separators}: separate it by commas, or by tabs in a file whose name ends in .tsv"
            ),
            None => "name the columns with --text and --label".into(),
        };
        invalid(path, &format!(" has no column {name:?} (it has: {columns}): {remedy}"))
    })
}

/// The line of the table on which a row begins.
fn line_of(row: &StringRecord, table: &str) -> usize {
    let position = row.position().map_or(0, |position| position.byte() as usize);
    // Where empty lines come before the row, csv reports the position of the first of them.
    let rest = table.get(position..).unwrap_or_default().trim_start_matches(['\r', '\n']);
    1 + table[..table.len() - rest.len()].matches('\n').count()
}

fn invalid(path: &Path, reason: &str) -> io::Error {
    io::Error::other(format!("{}{reason}", path.display()))
}
