//! Results as people and as programs want them.

use clap::ValueEnum;
use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

use super::Failure;

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Format {
    Json,
    /// One name a line.
    Name,
    #[default]
    Table,
    Yaml,
}

/// A result with a row for each thing.
pub(super) trait Rows: Serialize {
    const HEADER: &'static [&'static str];

    fn name(&self) -> String;
    fn cells(&self) -> Vec<String>;
}

/// Writes rows in the format asked for.
pub(super) fn write<R: Rows>(format: Format, rows: &[R]) -> Result<String, Failure> {
    let odd = |error: &dyn std::fmt::Display| Failure::environment(format!("no output: {error}"));
    match format {
        Format::Json => {
            serde_json::to_string_pretty(rows).map(|text| text + "\n").map_err(|error| odd(&error))
        }
        Format::Name => Ok(rows.iter().map(|row| row.name() + "\n").collect()),
        Format::Table if rows.is_empty() => Ok(String::new()),
        Format::Table => Ok(table(rows)),
        Format::Yaml => serde_yaml::to_string(rows).map_err(|error| odd(&error)),
    }
}

fn table<R: Rows>(rows: &[R]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(R::HEADER.iter().copied());
    for row in rows {
        table.add_row(row.cells());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
