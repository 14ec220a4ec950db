//! Pages end after so many bytes, however many rows were asked for: rows are read one by one until they do.

use diesel::QueryResult;

/// A page has about so many bytes of JSON, or one row.
pub const PAGE_BYTES: usize = 1 << 20;

/// Rows of a page.
pub(super) struct Filled<T> {
    pub(super) rows: Vec<T>,
    /// Whether there were more.
    pub(super) cut: bool,
}

/// Takes rows as long as they fit, and one at least.
pub(super) fn fill<T>(
    rows: impl Iterator<Item = QueryResult<T>>,
    size: impl Fn(&T) -> usize,
) -> QueryResult<Filled<T>> {
    let mut left = PAGE_BYTES;
    let mut filled = Filled {
        rows: Vec::new(),
        cut: false,
    };
    for row in rows {
        let row = row?;
        let size = size(&row);
        if size > left && !filled.rows.is_empty() {
            filled.cut = true;
            break;
        }
        left = left.saturating_sub(size);
        filled.rows.push(row);
    }
    Ok(filled)
}

/// The length of a text as JSON writes it (RFC 8259, section 7), without its quotes.
#[must_use]
pub fn json_length(text: &str) -> usize {
    let length = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(length).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_has_what_fits_and_one_row_at_least() {
        let fill = |sizes: &[usize]| {
            let filled = super::fill(sizes.iter().map(|size| Ok(*size)), |size| *size);
            filled
                .map(|filled| (filled.rows.len(), filled.cut))
                .expect("rows")
        };
        assert_eq!(fill(&[]), (0, false));
        assert_eq!(fill(&[PAGE_BYTES, 1]), (1, true));
        assert_eq!(fill(&[PAGE_BYTES * 9]), (1, false));
        assert_eq!(fill(&[PAGE_BYTES * 9, 0]), (2, false));
        assert_eq!(fill(&[1, PAGE_BYTES - 1]), (2, false));
    }

    proptest! {
        #[test]
        fn any_text_has_its_length(text in any::<String>(), control in "[\\x00-\\x22\\x7f\\\\]{0,20}") {
            let text = text + &control;
            let json = serde_json::to_string(&text).expect("JSON");
            prop_assert_eq!(json_length(&text), json.len() - 2);
        }
    }
}
