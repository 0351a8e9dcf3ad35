//! Two migration folders, one schema: the same names, and after migrating the same tables, columns, types, keys and
//! indexes, as the catalogs of both databases tell; and what diesel is told in `db/schema.rs` is what is there.

use super::cluster;
use super::people;
use super::suite::{Suite, once};
use super::template::{Database, settings};
use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use std::collections::{BTreeMap, BTreeSet};
use yixun::app::App;
use yixun::clock::SetClock;
use yixun::db::connection::Kind;

pub fn register(suite: &mut Suite) {
    once!(suite: the_folders_hold_the_same_names, diesel_knows_sqlite_s_tables, sqlite_goes_down_and_up_again);
    let name = |test: &str| format!("{}::{test}", module_path!());
    suite.compared(&name("the_catalogs_agree"), the_catalogs_agree);
    suite.compared(&name("text_is_compared_by_bytes"), text_is_compared_by_bytes);
    suite.compared(&name("postgres_goes_down_and_up_again"), postgres_goes_down_and_up_again);
}

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");

fn the_folders_hold_the_same_names() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = std::fs::read_dir(format!("{MIGRATIONS}/{database}")).expect("the folder");
        folder.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for database in ["sqlite", "postgres"] {
        for name in names(database) {
            for file in ["up.sql", "down.sql"] {
                assert!(
                    std::path::Path::new(&format!("{MIGRATIONS}/{database}/{name}/{file}")).is_file(),
                    "{database}/{name}/{file}"
                );
            }
        }
    }
}

/// A column, in terms that both databases share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    kind: String,
    nullable: bool,
}

/// A table, in terms that both databases share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeMap<String, Column>,
    key: Vec<String>,
    unique: BTreeSet<Vec<String>>,
    indexes: BTreeSet<Vec<String>>,
    references: BTreeSet<(String, String)>,
}

type Catalog = BTreeMap<String, Table>;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    a: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    b: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    c: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    d: String,
}

/// The names that SQLite's declared types go by. `INTEGER PRIMARY KEY AUTOINCREMENT` holds 64 bits.
fn of_sqlite(declared: &str, name: &str, key: bool) -> String {
    let kind = match declared {
        "BLOB" => "id",
        "TEXT" => "text",
        "BOOLEAN" => "bool",
        "BIGINT" => "int8",
        "INTEGER" if key && name == "id" => "int8",
        "INTEGER" => "int4",
        "DOUBLE" => "double",
        other => panic!("{name}: unknown SQLite type {other}"),
    };
    kind.into()
}

/// Dates and times are text in SQLite.
fn of_postgres(udt: &str) -> String {
    let kind = match udt {
        "uuid" => "id",
        "text" | "date" | "timestamptz" => "text",
        "bool" => "bool",
        "int8" => "int8",
        "int4" => "int4",
        "float8" => "double",
        other => panic!("unknown PostgreSQL type {other}"),
    };
    kind.into()
}

fn migrated(database: &Database) {
    let config = settings(&database.folder, &database.url).expect("settings");
    let app = App::build(config, std::sync::Arc::new(SetClock::new(people::start())));
    drop(app.expect("an application"));
}

fn sqlite(database: &Database) -> SqliteConnection {
    let mut conn =
        SqliteConnection::establish(database.url.trim_start_matches("sqlite:")).expect("a connection");
    // The application that made it may still be closing its own.
    conn.batch_execute("PRAGMA busy_timeout=20000").expect("a pragma");
    conn
}

fn postgres(database: &Database) -> PgConnection {
    PgConnection::establish(&database.url).expect("a connection")
}

fn lines<C>(conn: &mut C, sql: &str) -> Vec<Line>
where
    C: diesel::connection::LoadConnection,
    Line: diesel::deserialize::QueryableByName<C::Backend>,
    for<'q> diesel::query_builder::SqlQuery: diesel::query_dsl::LoadQuery<'q, C, Line>,
{
    diesel::sql_query(sql).load(conn).unwrap_or_else(|e| panic!("{sql}: {e}"))
}

fn sqlite_catalog(conn: &mut SqliteConnection) -> Catalog {
    let mut catalog = Catalog::new();
    let tables = "SELECT name AS a, '' AS b, '' AS c, '' AS d FROM sqlite_schema WHERE type = 'table' \
        AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'";
    for table in lines(conn, tables) {
        let table = table.a;
        let mut made = Table::default();
        let columns = format!(
            "SELECT name AS a, type AS b, CASE WHEN \"notnull\" = 1 THEN 'NO' ELSE 'YES' END AS c, \
            CAST(pk AS TEXT) AS d FROM pragma_table_info('{table}') ORDER BY pk, cid"
        );
        for column in lines(conn, &columns) {
            let kind = of_sqlite(&column.b, &column.a, column.d != "0");
            if column.d != "0" {
                made.key.push(column.a.clone());
            }
            made.columns.insert(column.a, Column { kind, nullable: column.c == "YES" });
        }
        let indexes = format!(
            "SELECT l.name AS a, CASE WHEN l.\"unique\" = 1 THEN 'unique' ELSE '' END AS b, l.origin AS c, i.name AS d \
            FROM pragma_index_list('{table}') l JOIN pragma_index_info(l.name) i ORDER BY l.name, i.seqno"
        );
        let mut named: BTreeMap<String, (bool, String, Vec<String>)> = BTreeMap::new();
        for line in lines(conn, &indexes) {
            named.entry(line.a).or_insert((line.b == "unique", line.c, vec![])).2.push(line.d);
        }
        for (unique, _, columns) in named.into_values().filter(|(_, origin, _)| origin != "pk") {
            if unique {
                made.unique.insert(columns)
            } else {
                made.indexes.insert(columns)
            };
        }
        let references = format!(
            "SELECT \"from\" AS a, \"table\" AS b, '' AS c, '' AS d FROM pragma_foreign_key_list('{table}')"
        );
        made.references = lines(conn, &references).into_iter().map(|l| (l.a, l.b)).collect();
        catalog.insert(table, made);
    }
    catalog
}

fn postgres_catalog(conn: &mut PgConnection) -> Catalog {
    let mut catalog = Catalog::new();
    let columns = "SELECT table_name::text AS a, column_name::text AS b, udt_name::text AS c, is_nullable::text AS d \
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    for line in lines(conn, columns) {
        let column = Column { kind: of_postgres(&line.c), nullable: line.d == "YES" };
        catalog.entry(line.a).or_default().columns.insert(line.b, column);
    }
    let indexes = "SELECT t.relname::text AS a, i.relname::text AS b, \
        CASE WHEN x.indisprimary THEN 'key' WHEN x.indisunique THEN 'unique' ELSE '' END AS c, k.attname::text AS d \
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
        JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' \
        JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS u(attnum, ord) ON true \
        JOIN pg_attribute k ON k.attrelid = t.oid AND k.attnum = u.attnum ORDER BY 1, 2, u.ord";
    let mut named: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
    for line in lines(conn, indexes) {
        named.entry((line.a, line.b, line.c)).or_default().push(line.d);
    }
    for ((table, _, kind), columns) in named {
        let Some(table) = catalog.get_mut(&table) else { continue };
        match kind.as_str() {
            "key" => table.key = columns,
            "unique" => drop(table.unique.insert(columns)),
            _ => drop(table.indexes.insert(columns)),
        }
    }
    let references = "SELECT t.relname::text AS a, k.attname::text AS b, f.relname::text AS c, '' AS d \
        FROM pg_constraint o JOIN pg_class t ON t.oid = o.conrelid JOIN pg_class f ON f.oid = o.confrelid \
        JOIN pg_attribute k ON k.attrelid = t.oid AND k.attnum = ANY (o.conkey) WHERE o.contype = 'f'";
    for line in lines(conn, references) {
        if let Some(table) = catalog.get_mut(&line.a) {
            table.references.insert((line.b, line.c));
        }
    }
    catalog
}

fn the_catalogs_agree() {
    let (a, b) = (
        Database::empty(Kind::Sqlite).expect("a database"),
        Database::empty(Kind::Postgres).expect("a database"),
    );
    migrated(&a);
    migrated(&b);
    let (a, b) = (sqlite_catalog(&mut sqlite(&a)), postgres_catalog(&mut postgres(&b)));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    assert!(a.len() > 30);
    for (name, table) in &a {
        assert_eq!(table, &b[name], "{name}: SQLite left, PostgreSQL right");
    }
}

fn text_is_compared_by_bytes() {
    let database = Database::empty(Kind::Postgres).expect("a database");
    migrated(&database);
    let sql = "SELECT table_name::text AS a, column_name::text AS b, COALESCE(collation_name, '')::text AS c, '' AS d \
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' \
        AND udt_name = 'text' AND COALESCE(collation_name, '') <> 'C'";
    let loose: Vec<String> =
        lines(&mut postgres(&database), sql).into_iter().map(|l| format!("{}.{}", l.a, l.b)).collect();
    assert!(
        loose.is_empty(),
        "text columns without COLLATE \"C\", in whose order a keyset would differ: {loose:?}"
    );
}

/// The columns of `db/schema.rs` in the terms of the catalogs.
fn declared() -> Catalog {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema.rs"))
        .expect("the schema");
    let (mut catalog, mut table) = (Catalog::new(), String::new());
    for line in text.lines().map(str::trim) {
        if let Some((name, rest)) = line.split_once(" (").filter(|(_, rest)| rest.ends_with(") {")) {
            table = name.to_string();
            let key = rest.trim_end_matches(") {").split(", ").map(str::to_string).collect();
            catalog.insert(table.clone(), Table { key, ..Table::default() });
        } else if let Some((name, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").and_then(|k| k.strip_suffix('>'));
            let kind = match inner.unwrap_or(kind) {
                "IdSql" => "id",
                "Text" | "Date" | "TsUtc" => "text",
                "Bool" => "bool",
                "Integer" => "int4",
                "BigInt" => "int8",
                "Double" => "double",
                other => panic!("{table}.{name}: unknown type {other}"),
            };
            let column = Column { kind: kind.into(), nullable: inner.is_some() };
            catalog.get_mut(&table).expect("a table").columns.insert(name.into(), column);
        }
    }
    catalog
}

fn diesel_knows_sqlite_s_tables() {
    let database = Database::empty(Kind::Sqlite).expect("a database");
    migrated(&database);
    let there = sqlite_catalog(&mut sqlite(&database));
    let declared = declared();
    assert_eq!(declared.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    for (name, table) in &declared {
        assert_eq!(
            (&table.columns, &table.key),
            (&there[name].columns, &there[name].key),
            "{name}: schema.rs left"
        );
    }
}

fn sqlite_goes_down_and_up_again() {
    let database = Database::empty(Kind::Sqlite).expect("a database");
    migrated(&database);
    let mut conn = sqlite(&database);
    conn.batch_execute("PRAGMA foreign_keys=OFF").expect("a pragma");
    let before = sqlite_catalog(&mut conn);
    let migrations = || FileBasedMigrations::from_path(format!("{MIGRATIONS}/sqlite")).expect("the folder");
    conn.revert_all_migrations(migrations()).expect("down");
    assert!(sqlite_catalog(&mut conn).is_empty());
    conn.run_pending_migrations(migrations()).expect("up");
    assert!(sqlite_catalog(&mut conn) == before);
}

fn postgres_goes_down_and_up_again() {
    assert!(cluster::get().is_ok());
    let database = Database::empty(Kind::Postgres).expect("a database");
    migrated(&database);
    let mut conn = postgres(&database);
    let before = postgres_catalog(&mut conn);
    let migrations = || FileBasedMigrations::from_path(format!("{MIGRATIONS}/postgres")).expect("the folder");
    conn.revert_all_migrations(migrations()).expect("down");
    assert!(postgres_catalog(&mut conn).is_empty());
    conn.run_pending_migrations(migrations()).expect("up");
    assert!(postgres_catalog(&mut conn) == before);
}
