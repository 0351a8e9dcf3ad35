//! The roster: areas and facilities, both with versions by date. An area keeps a stable id while its code, name and
//! parent may change; a facility keeps its id while it moves, changes operator, is suspended or ends. Records of a day
//! keep the street of that day.

pub mod areas;
pub mod facilities;
pub mod geo;
pub mod import;
pub(crate) mod store;

pub use areas::{AreaNow, AreaView, street};
pub use facilities::{FacilityNow, FacilityView, facility_by_id, facility_in, former_streets, set_observed};

use crate::db::types::coded;

coded! {
    /// What a facility is.
    pub enum FacilityKind {
        /// Community level.
        Station = "station" "颐康服务站",
        /// One per street.
        Center = "center" "颐康中心",
        /// Meals for elders.
        Canteen = "canteen" "长者饭堂",
        /// The only kind that the 判定标准 for 重大 binds.
        Institution = "institution" "养老机构",
    }
}

coded! {
    /// Whom a facility's findings go through.
    pub enum Route {
        /// The street office, which checks first.
        Street = "street" "经街道",
        /// Straight to the bureau.
        Direct = "direct" "直接",
        /// A unit of the bureau itself: the closer stands outside its line of management.
        BureauUnit = "bureau_unit" "局属单位",
    }
}

coded! {
    /// Whether a facility works.
    pub enum FacilityState {
        /// In operation.
        Active = "active" "运营",
        /// Suspended.
        Suspended = "suspended" "暂停",
        /// Ended.
        Ended = "ended" "终止",
    }
}
