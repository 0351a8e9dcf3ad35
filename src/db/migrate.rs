//! Bringing the schema up. The two folders hold the same names; `tests/api/parity.rs` compares what they make.

use super::connection::{AnyConn, Kind, kind_of, open};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Two nodes that start at once migrate once.
const LOCK: i64 = 0x5958_554e;

/// Runs the migrations that are still missing; returns their names.
///
/// # Errors
/// A sentence that says which database and what went wrong.
pub fn migrate(url: &str) -> Result<Vec<String>, String> {
    // Rebuilding a table with foreign keys on would cascade its deletes: off here, checked afterwards.
    let mut conn = open(url, "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=OFF;")?;
    let names = match &mut conn {
        AnyConn::Pg(c) => {
            c.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).map_err(|e| e.to_string())?;
            let done =
                c.run_pending_migrations(POSTGRES).map(|v| v.iter().map(ToString::to_string).collect());
            c.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).map_err(|e| e.to_string())?;
            done
        }
        AnyConn::Sqlite(c) => {
            c.run_pending_migrations(SQLITE).map(|v| v.iter().map(ToString::to_string).collect())
        }
    };
    let names: Vec<String> = names.map_err(|e| format!("migration failed: {e}"))?;
    if kind_of(url)? == Kind::Sqlite && !names.is_empty() {
        check_foreign_keys(&mut conn)?;
    }
    Ok(names)
}

#[derive(diesel::QueryableByName)]
struct Violations {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

fn check_foreign_keys(conn: &mut AnyConn) -> Result<(), String> {
    let found: Violations = diesel::sql_query("SELECT count(*) AS n FROM pragma_foreign_key_check")
        .get_result(conn)
        .map_err(|e| e.to_string())?;
    if found.n == 0 { Ok(()) } else { Err(format!("{} rows point nowhere after the migration", found.n)) }
}
