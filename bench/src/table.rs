//! Markdown tables, with figures rounded to what they are worth.

use std::fmt::Write;

/// A table under a heading.
pub(crate) struct Table {
    title: String,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: String, head: &[&'static str]) -> Self {
        Self {
            title,
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
        text += &line(&self.head);
        let rules = self
            .head
            .iter()
            .enumerate()
            .map(|(column, _)| if column == 0 { "---" } else { "---:" });
        text += &line(&rules.collect::<Vec<_>>());
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            text += &line(&cells);
        }
        text
    }
}

/// A figure with three digits that count, thousands set apart.
pub(crate) fn figure(value: f64) -> String {
    let digits = match value.abs() {
        below if below < 1.0 => 3,
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    if value.abs() < 1000.0 {
        text
    } else {
        grouped(&text)
    }
}

/// A whole number, thousands set apart.
pub(crate) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A figure, or a dash where there is none.
pub(crate) fn or_dash(value: Option<f64>) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or("–".to_owned(), figure)
}

/// Nanoseconds as milliseconds.
pub(crate) fn milliseconds(nanoseconds: Option<u64>) -> String {
    or_dash(nanoseconds.map(|value| value as f64 / 1e6))
}

/// How many times `yardstick` a value is.
pub(crate) fn times(value: Option<f64>, yardstick: Option<f64>) -> String {
    let ratio = value.zip(yardstick).filter(|(_, yardstick)| *yardstick > 0.0);
    ratio.map_or("–".to_owned(), |(value, yardstick)| {
        format!("{:.2}", value / yardstick)
    })
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        // Writing into a String never fails.
        let _written = write!(text, "{digit}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Table, figure, times};

    #[test]
    fn figures_keep_three_digits() {
        let figures = [0.123_4, 1.234, 12.34, 123.4, 123_456.0].map(figure);
        assert_eq!(figures, ["0.123", "1.23", "12.3", "123", "123,456"]);
        assert_eq!(
            (times(Some(3.0), Some(2.0)), times(None, Some(2.0))),
            ("1.50".into(), "–".into())
        );
    }

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new("Light".to_owned(), &["subject", "p50"]);
        table.row(vec!["nginx".to_owned(), "0.1".to_owned()]);
        assert_eq!(
            table.markdown(),
            "### Light\n\n| subject | p50 |\n| --- | ---: |\n| nginx | 0.1 |\n"
        );
    }
}
