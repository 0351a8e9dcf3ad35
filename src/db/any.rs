//! The one connection type over both databases.
#![expect(missing_docs, reason = "diesel's derive makes items without docs")]

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

#[derive(diesel::MultiConnection)]
pub enum AnyConn {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}
