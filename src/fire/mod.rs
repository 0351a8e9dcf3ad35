//! The fire register 消防台账: who in a facility's fire control room holds a certificate, when it drilled, who was trained
//! and which equipment expires, so that the bureau finds what is missing before an inspector does. `rules` reckons (pure);
//! `store` holds rows, and `load` makes a [`rules::Register`] of them, from which everything that is told comes:
//! `overview` of one facility, `summary` of streets and the district, as of any day, and the findings that `assess` opens
//! by rule. `lines` enters, confirms and withdraws what the four kinds of lines share, `certificates` and `records` are
//! the kinds; `bulletins` pass between the bureau and the fire brigade 信息通报.
//!
//! Nothing is overwritten: a certificate's line and a control room's profile have versions with the day from which they
//! hold and the time at which they were entered. 过期 is never stored; it follows from the day in Asia/Shanghai.

mod assess;
pub mod bulletins;
pub mod certificates;
pub mod daily;
pub mod import;
pub mod lines;
mod load;
pub mod number;
pub mod overview;
pub mod profile;
pub mod records;
pub mod rules;
mod store;
pub mod summary;

pub use assess::assess;
pub use load::Asked;
pub use store::LineFilter;

use crate::db::types::coded;

coded! {
    /// What a line of the register is about.
    pub enum LineKind {
        /// A certificate of a fire-control-room operator.
        Certificate = "certificate" "持证人员",
        /// A drill.
        Drill = "drill" "消防演练",
        /// A training.
        Training = "training" "消防培训",
        /// Fire equipment.
        Equipment = "equipment" "消防器材",
    }
}

coded! {
    /// Who entered a line.
    pub enum EnteredAs {
        /// A clerk of the bureau: it counts at once.
        Bureau = "bureau" "民政局录入",
        /// The facility's operator: it counts once a clerk has confirmed it.
        Operator = "operator" "运营机构填报",
    }
}

coded! {
    /// Whether a line counts.
    pub enum LineState {
        /// An operator's, and no clerk has looked at it.
        Claimed = "claimed" "待确认",
        /// It counts.
        Counted = "counted" "已计入",
        /// An operator's that a clerk has not confirmed.
        Dismissed = "dismissed" "不予计入",
        /// It was a mistake.
        Withdrawn = "withdrawn" "已撤销",
    }
}

coded! {
    /// Levels of 消防设施操作员, ascending.
    pub enum Level {
        /// Level five.
        Junior = "junior" "初级",
        /// Level four, the lowest that may operate linked systems.
        Intermediate = "intermediate" "中级",
        /// Level three.
        Senior = "senior" "高级",
        /// Level two.
        Technician = "technician" "技师",
        /// Level one.
        SeniorTechnician = "senior_technician" "高级技师",
    }
}

coded! {
    /// What a version of a certificate's line says.
    pub enum Status {
        /// Registered for the examination; never added to those who hold one.
        Registered = "registered" "已报考",
        /// Holds the certificate.
        Held = "held" "已持证",
        /// Has left, or the certificate was revoked.
        Ended = "ended" "已离岗或注销",
    }
}

coded! {
    /// Where a certificate stands on a day: what its line says, and whether it has expired.
    pub enum Standing {
        /// Registered for the examination.
        Registered = "registered" "已报考",
        /// Holds a certificate in force.
        Held = "held" "已持证",
        /// Its last day has passed.
        Expired = "expired" "过期",
        /// Has left, or the certificate was revoked.
        Ended = "ended" "已离岗或注销",
    }
}

coded! {
    /// Whether a control room has the people that it takes.
    pub enum DutyLevel {
        /// Too few for the shifts of a day.
        Red = "red" "人员不足",
        /// Enough for the day, too few for a week of 40 hours a person.
        Amber = "amber" "人员偏紧",
        /// Enough.
        Green = "green" "人员充足",
    }
}

coded! {
    /// Equipment with a last day.
    pub enum EquipmentKind {
        /// Extinguishers.
        Extinguisher = "extinguisher" "灭火器",
        /// Escape respirators.
        Respirator = "respirator" "消防过滤式自救呼吸器",
        /// Emergency lighting and signs.
        EmergencyLight = "emergency_light" "消防应急照明",
        /// Hoses and nozzles.
        Hose = "hose" "消防水带",
        /// Alarms and detectors.
        Detector = "detector" "火灾探测报警器",
        /// Anything else.
        Other = "other" "其他消防器材",
    }
}

coded! {
    /// Which way a bulletin goes.
    pub enum Direction {
        /// From the bureau.
        ToBrigade = "to_brigade" "民政局通报消防",
        /// From the brigade.
        ToBureau = "to_bureau" "消防通报民政局",
    }
}
