//! How old a database is: a number in its header that grows while it is written to. A file whose number is lower
//! than the one that was seen last is an older copy, even if it was copied into the same place.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;

#[derive(QueryableByName)]
struct Age {
    #[diesel(sql_type = Integer)]
    user_version: i32,
}

pub(super) fn age(connection: &mut SqliteConnection) -> QueryResult<i32> {
    let row = diesel::sql_query("PRAGMA user_version").get_result::<Age>(connection)?;
    Ok(row.user_version)
}

pub(super) fn set_age(connection: &mut SqliteConnection, age: i32) -> Result<(), RepositoryError> {
    Ok(connection.batch_execute(&format!("PRAGMA user_version = {age}"))?)
}
