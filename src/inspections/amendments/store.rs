//! Rows and queries of amendments.

use crate::db::schema::amendment;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AmendmentId, InspectionId, UserId};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = amendment, check_for_backend(MultiBackend))]
pub struct AmendmentRow {
    pub id: AmendmentId,
    pub inspection_id: InspectionId,
    pub submitted_by: UserId,
    pub version: i32,
    pub third_party: bool,
    pub body: String,
    pub body_sha256: String,
    pub received_at: Ts,
    pub applied_at: Option<Ts>,
    pub receipt: Option<String>,
}

pub fn insert(conn: &mut AnyConn, row: &AmendmentRow) -> Outcome<()> {
    diesel::insert_into(amendment::table).values(row).execute(conn)?;
    Ok(())
}

pub fn version_of(
    conn: &mut AnyConn,
    id: InspectionId,
    by: UserId,
    version: i32,
) -> Outcome<Option<AmendmentRow>> {
    Ok(amendment::table
        .filter(amendment::inspection_id.eq(id))
        .filter(amendment::submitted_by.eq(by))
        .filter(amendment::version.eq(version))
        .select(AmendmentRow::as_select())
        .first(conn)
        .optional()?)
}

/// A person's amendments of an inspection, by version.
pub fn all_of(conn: &mut AnyConn, id: InspectionId, by: UserId) -> Outcome<Vec<AmendmentRow>> {
    let mine =
        amendment::table.filter(amendment::inspection_id.eq(id)).filter(amendment::submitted_by.eq(by));
    Ok(mine.order(amendment::version).select(AmendmentRow::as_select()).load(conn)?)
}

/// Marks an amendment as in effect, with what became of it.
pub fn applied(conn: &mut AnyConn, id: AmendmentId, at: Ts, receipt: &str) -> Outcome<()> {
    diesel::update(amendment::table.find(id))
        .set((amendment::applied_at.eq(Some(at)), amendment::receipt.eq(Some(receipt))))
        .execute(conn)?;
    Ok(())
}
