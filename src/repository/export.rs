//! All that is a user's, as lines of JSON, in pages: each is a read of its own, so that nothing is held open while a
//! slow client reads. Rows come in the order of an index, and each page begins where the last one ended: however much
//! there is, each row is looked at once.

mod parts;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};

use self::parts::{PARTS, Part};
use super::error::RepositoryError;
use super::page::PAGE_BYTES;

/// Most columns of a key.
const COLUMNS: usize = 4;

/// Where an export stands: behind this row of a part.
#[derive(Clone, Debug, Default)]
pub struct ExportPlace {
    part: usize,
    /// Whose rows are read, in a part whose rows have sessions.
    session: String,
    /// The key of the row that was read last; none before the first.
    after: Option<[String; COLUMNS]>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    session: String,
    #[diesel(sql_type = Text)]
    first: String,
    #[diesel(sql_type = Text)]
    second: String,
    #[diesel(sql_type = Text)]
    third: String,
    #[diesel(sql_type = Text)]
    fourth: String,
    #[diesel(sql_type = Text)]
    line: String,
}

impl Part {
    /// Which rows of this part are still to be read, as one statement after another.
    fn statements(&self, owner: &str, place: &ExportPlace) -> impl Iterator<Item = Statement> + use<> {
        [self.begun(owner, place), self.others(owner, place)]
            .into_iter()
            .flatten()
    }

    /// The rows behind the one that was read last: of the same session, or of the owner.
    fn begun(&self, owner: &str, place: &ExportPlace) -> Option<Statement> {
        let after = place.after.iter().flatten().take(self.key.len());
        let (column, shown, whose) = match self.session {
            Some(session) => (session, session, place.session.as_str()),
            None => ("o.owner", "''", owner),
        };
        let (key, binds) = (self.key.join(", "), vec!["?"; self.key.len()].join(", "));
        let condition = format!("{column} = ? AND ({key}) > ({binds})");
        place.after.is_some().then(|| Statement {
            sql: self.select(shown, (self.rows, &condition, &key)),
            binds: std::iter::once(whose)
                .chain(after.map(String::as_str))
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The rows of later sessions; of a part without sessions all, unless it has begun.
    fn others(&self, owner: &str, place: &ExportPlace) -> Option<Statement> {
        let key = self.key.join(", ");
        let Some(session) = self.session else {
            return place.after.is_none().then(|| Statement {
                sql: self.select("''", (self.rows, "o.owner = ?", &key)),
                binds: vec![owner.to_owned()],
            });
        };
        let rows = format!("sessions o CROSS JOIN {}", self.rows);
        let condition = format!("o.owner = ? AND o.id > ? AND {session} = o.id");
        Some(Statement {
            sql: self.select("o.id", (&rows, &condition, &format!("o.id, {key}"))),
            binds: vec![owner.to_owned(), place.session.clone()],
        })
    }

    fn select(&self, session: &str, (rows, condition, order): (&str, &str, &str)) -> String {
        let mut columns = self.key.iter().copied();
        let key = ["first", "second", "third", "fourth"].map(|name| {
            let column = columns.next().unwrap_or("''");
            format!("CAST({column} AS TEXT) AS {name}")
        });
        let (key, line) = (key.join(", "), self.line);
        format!(
            "SELECT {session} AS session, {key}, json_object({line}) AS line FROM {rows} WHERE {condition} ORDER BY {order}"
        )
    }
}

/// SQL and what is bound to it.
struct Statement {
    sql: String,
    binds: Vec<String>,
}

impl Statement {
    fn query(self) -> BoxedSqlQuery<'static, Sqlite, SqlQuery> {
        let query = diesel::sql_query(self.sql).into_boxed();
        let bind = |query: BoxedSqlQuery<'static, Sqlite, SqlQuery>, text| query.bind::<Text, String>(text);
        self.binds.into_iter().fold(query, bind)
    }
}

/// The lines of the next page, each ended by LF, and where the one after it begins; `None` at the end.
pub(super) fn page(
    connection: &mut SqliteConnection,
    owner: &str,
    place: &ExportPlace,
) -> Result<Option<(String, ExportPlace)>, RepositoryError> {
    let (mut lines, mut place) = (String::new(), place.clone());
    while let Some(part) = PARTS.get(place.part) {
        for statement in part.statements(owner, &place) {
            let rows = statement
                .query()
                .load_iter::<Row, DefaultLoadingMode>(connection)?;
            for row in rows {
                let row = row?;
                if !lines.is_empty() && lines.len() + row.line.len() > PAGE_BYTES {
                    return Ok(Some((lines, place)));
                }
                if lines.is_empty() {
                    lines.reserve_exact(row.line.len() + 1);
                }
                lines.push_str(&row.line);
                lines.push('\n');
                place.session = row.session;
                place.after = Some([row.first, row.second, row.third, row.fourth]);
            }
        }
        place = ExportPlace {
            part: place.part + 1,
            ..ExportPlace::default()
        };
    }
    Ok(Some((lines, place)).filter(|(lines, _)| !lines.is_empty()))
}

#[cfg(test)]
mod tests;
