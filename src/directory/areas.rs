//! Areas 区划: province, city, district, street, community.

use super::store;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::ids::AreaId;
use chrono::NaiveDate;

/// An area as of today.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct AreaView {
    /// Its id.
    pub id: AreaId,
    /// 9- or 12-digit code (2, 4, 6 digits above the street).
    pub code: String,
    /// `province`, `city`, `district`, `street` or `community`.
    pub level: String,
    /// The area above.
    pub parent_id: Option<AreaId>,
    /// Name, e.g. 赤岗街道.
    pub name: String,
    /// Office, e.g. 赤岗街道办事处; empty where there is none.
    pub office_name: String,
    /// Short name, e.g. 赤岗街.
    pub short_name: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
}

/// What other capabilities need of a street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaNow {
    /// Its id.
    pub id: AreaId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its office.
    pub office_name: String,
    /// Its short name.
    pub short_name: String,
}

/// Which areas.
#[derive(Debug, Clone, Default)]
pub struct AreaFilter {
    /// Only of this level.
    pub level: Option<String>,
    /// Only directly under this area.
    pub parent: Option<AreaId>,
}

/// Areas by code.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    filter: &AreaFilter,
    ask: &PageAsk,
    on: NaiveDate,
) -> Outcome<Page<AreaView>> {
    let limit = ask.limit()?;
    let after: Option<String> = ask.after()?;
    let rows = store::areas(conn, filter, after.as_deref(), limit + 1, on)?;
    Ok(page(rows, limit, |a: &AreaView| a.code.clone(), |a| a))
}

/// One area.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, id: AreaId, on: NaiveDate) -> Outcome<AreaView> {
    store::area(conn, id, on)?.ok_or_else(|| Fault::missing("区划"))
}

/// The names of an area, by its newest version.
///
/// # Errors
/// Missing.
pub fn street(conn: &mut AnyConn, id: AreaId) -> Outcome<AreaNow> {
    store::newest_area(conn, id)?.ok_or_else(|| Fault::missing("街道"))
}
