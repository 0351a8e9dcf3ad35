//! Rows of settings.

use super::Name;
use crate::db::schema::setting;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::UserId;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = setting, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct SettingRow {
    pub name: Name,
    pub value: String,
    pub reason: String,
    pub set_by: Option<UserId>,
    pub set_at: Ts,
    pub revision: i32,
}

pub fn find(conn: &mut AnyConn, name: Name) -> Outcome<Option<SettingRow>> {
    let row = setting::table.filter(setting::name.eq(name)).select(SettingRow::as_select());
    Ok(row.first(conn).optional()?)
}

pub fn save(conn: &mut AnyConn, row: &SettingRow) -> Outcome<()> {
    let at = setting::table.filter(setting::name.eq(row.name));
    if diesel::update(at).set(row).execute(conn)? == 0 {
        diesel::insert_into(setting::table).values(row).execute(conn)?;
    }
    Ok(())
}
