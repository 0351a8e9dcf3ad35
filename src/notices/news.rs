//! The news that can be told, each with what its text is filled with: PURE. A new one is a line here and its text in
//! `assets/notices.toml`; a test compares the two. The facts hold no place for who complained: that is told to nobody.

use crate::db::types::coded;
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

/// What is said of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingFacts {
    /// Its number, e.g. 440105007-2026-0012.
    pub number: String,
    /// The facility's name.
    pub facility: String,
    /// What was seen, as the ledger shows it.
    pub problem: String,
    /// Last day to rectify, where one is set.
    pub due_on: Option<NaiveDate>,
}

/// How an event reaches a street.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    Now,
    /// With the day's digest.
    Daily,
}

macro_rules! news {
    ($($(#[$doc:meta])* $pace:ident $name:ident = $code:literal $label:literal {
        $($(#[$fdoc:meta])* $field:ident: $kind:ty),+ $(,)?
    })+) => {
        coded! {
            /// What a notice is about.
            pub enum Event { $($(#[$doc])* $name = $code $label),+ }
        }

        /// An event with its facts.
        #[derive(Debug, Clone, PartialEq)]
        pub enum News {
            $($(#[$doc])* $name { $($(#[$fdoc])* $field: $kind),+ }),+
        }

        impl News {
            /// Which event.
            pub fn event(&self) -> Event { match self { $(Self::$name { .. } => Event::$name),+ } }

            /// The facts as JSON, for texts and webhooks.
            pub fn data(&self) -> Value {
                match self {
                    $(Self::$name { $($field),+ } => Value::from_iter([
                        $((stringify!($field).to_string(), serde_json::json!($field))),+
                    ])),+
                }
            }
        }

        impl Event {
            /// How it reaches a street.
            pub fn pace(self) -> Pace { match self { $(Self::$name => Pace::$pace),+ } }
        }
    };
}

news! {
    /// It was served; the deadline runs.
    Daily FindingServed = "finding.served" "问题已送达" {
        /// The finding.
        finding: FindingFacts,
    }
    /// The due day is near (T-2, T-1).
    Daily FindingNearDue = "finding.near_due" "整改临近到期" {
        /// The finding.
        finding: FindingFacts,
        /// Working days that are left.
        working_days: i64,
    }
    /// The due day has passed.
    Daily FindingOverdue = "finding.overdue" "整改逾期" {
        /// The finding.
        finding: FindingFacts,
    }
    /// A claim was sent back.
    Daily FindingReturned = "finding.returned" "退回重改" {
        /// The finding.
        finding: FindingFacts,
        /// Why.
        reason: String,
    }
    /// Somebody claims that it is rectified: a check is due.
    Daily FindingClaimed = "finding.claimed" "已申报整改" {
        /// The finding.
        finding: FindingFacts,
        /// The day of rectification, as claimed.
        claimed_on: NaiveDate,
    }
    /// A third party's finding, or a 重大 one, waits for its confirmation.
    Now FindingToConfirm = "finding.to_confirm" "问题待确认" {
        /// The finding.
        finding: FindingFacts,
        /// Last day to confirm.
        confirm_by: Option<NaiveDate>,
    }
    /// The responsible side asks for more time.
    Now FindingExtensionAsked = "finding.extension_asked" "申请延期" {
        /// The finding.
        finding: FindingFacts,
        /// The day asked for.
        until: NaiveDate,
        /// Why.
        reason: String,
    }
    /// More time was given or refused.
    Now FindingExtensionDecided = "finding.extension_decided" "延期审批结果" {
        /// The finding, with the due day now in force.
        finding: FindingFacts,
        /// 同意延期 or 不同意延期.
        decision: String,
        /// Why.
        reason: Option<String>,
    }
    /// The responsible side disputes it.
    Now FindingDisputed = "finding.disputed" "提出异议" {
        /// The finding.
        finding: FindingFacts,
        /// On what grounds.
        grounds: String,
        /// Last day to decide.
        decide_by: Option<NaiveDate>,
    }
    /// The dispute was decided.
    Now FindingDisputeDecided = "finding.dispute_decided" "异议处理结果" {
        /// The finding.
        finding: FindingFacts,
        /// 异议成立 or 异议不成立.
        decision: String,
        /// Why.
        reason: String,
    }
    /// A finding was withdrawn: it need not be rectified.
    Now FindingWithdrawn = "finding.withdrawn" "问题撤销" {
        /// The finding.
        finding: FindingFacts,
        /// Why.
        reason: String,
    }
    /// A finding that stands in an issued letter was withdrawn.
    Now FindingWithdrawnAfterPrint = "finding.withdrawn_after_print" "已发函问题撤销" {
        /// The finding.
        finding: FindingFacts,
        /// Why.
        reason: String,
    }
    /// Work has to stop for a time; the clock stands still.
    Now FindingSuspended = "finding.suspended" "停工暂停" {
        /// The finding.
        finding: FindingFacts,
        /// The last day of it.
        until: NaiveDate,
        /// Why.
        reason: String,
    }
    /// Another due day holds.
    Now FindingDeadlineMoved = "finding.deadline_moved" "整改期限变更" {
        /// The finding, with the due day now in force.
        finding: FindingFacts,
        /// Why.
        reason: String,
    }
    /// The bureau has not confirmed a third party's finding in time.
    Now FindingConfirmationLate = "finding.confirmation_late" "问题超期未确认" {
        /// The finding.
        finding: FindingFacts,
        /// The day by which it was to be confirmed.
        confirm_by: NaiveDate,
    }
    /// A finding at a unit of the bureau was struck off the ledger.
    Now FindingClosedBureauUnit = "finding.closed_bureau_unit" "局属单位问题销号" {
        /// The finding.
        finding: FindingFacts,
    }
    /// A finding was handed to another agency.
    Now FindingReferred = "finding.referred" "问题移送" {
        /// The finding.
        finding: FindingFacts,
        /// The agency.
        agency: String,
    }
    /// The clock drafted a next step; a person decides about it.
    Now StepDrafted = "step.drafted" "待办步骤已起草" {
        /// E.g. 再次提醒函.
        step: String,
        /// Whom it is addressed to.
        addressee: String,
        /// How many findings it is about.
        findings: i64,
    }
    /// A letter was delivered.
    Now LetterDelivered = "letter.delivered" "函件送达" {
        /// Its number.
        number: String,
        /// Day by which it is answered.
        reply_due: NaiveDate,
    }
    /// The addressee has received a letter.
    Now LetterAcknowledged = "letter.acknowledged" "函件签收" {
        /// Its number.
        number: String,
    }
    /// Nobody has received a letter in time.
    Now LetterUnacknowledged = "letter.unacknowledged" "函件超期未签收" {
        /// Its number.
        number: String,
        /// The day of its delivery.
        delivered_on: NaiveDate,
    }
    /// The addressee has answered a letter.
    Now LetterReplied = "letter.replied" "函件回复" {
        /// Its number.
        number: String,
        /// Who answers.
        unit: String,
        /// The number of the answer.
        reply_number: String,
        /// 晚于回复期限, where it is.
        late: Option<String>,
    }
    /// A letter was not answered by its day.
    Daily LetterReplyOverdue = "letter.reply_overdue" "函件逾期未复" {
        /// Its number.
        number: String,
        /// That day.
        reply_due: NaiveDate,
    }
    /// The supervisor wrote an opinion that is to be answered.
    Now OpinionAsked = "opinion.asked" "监督意见待答复" {
        /// What it is about, e.g. a finding's or a letter's number.
        about: String,
        /// The opinion.
        opinion: String,
        /// Last day to answer.
        answer_by: NaiveDate,
    }
    /// The bureau answered the supervisor's opinion.
    Now OpinionAnswered = "opinion.answered" "监督意见已答复" {
        /// What it is about.
        about: String,
        /// The answer.
        answer: String,
    }
    /// A street objects to a target of an indicator.
    Now TargetObjected = "target.objected" "考核目标异议待处理" {
        /// The indicator's name.
        indicator: String,
        /// The street.
        street: String,
        /// The quarter from which the target is contested.
        quarter: String,
        /// The target, e.g. ≥100%.
        target: String,
        /// What the street proposes.
        proposed: Option<String>,
        /// On what grounds.
        reason: String,
    }
    /// An objection to a target was decided.
    Now TargetObjectionDecided = "target.objection_decided" "考核目标异议处理结果" {
        /// The indicator's name.
        indicator: String,
        /// The street.
        street: String,
        /// The quarter from which the target was contested.
        quarter: String,
        /// 异议成立 or 异议不成立.
        decision: String,
        /// Why.
        reason: String,
        /// The target that holds from now on.
        target: String,
    }
    /// A project of rectification was not brought up to date.
    Now ProjectStale = "project.stale" "整改项目未更新" {
        /// The facility's name.
        facility: String,
        /// What the project is called.
        project: String,
        /// The last update.
        updated_on: Option<NaiveDate>,
    }
    /// The bureau and the fire brigade tell each other something 信息通报.
    Now FireReported = "fire.reported" "消防信息通报" {
        /// The bulletin's number.
        number: String,
        /// What it is about.
        matter: String,
    }
    /// Somebody's open items were handed over.
    Now WorkHandedOver = "work.handed_over" "工作移交" {
        /// Who had them.
        from: String,
        /// How many.
        items: i64,
    }
    /// A street's day.
    Now StreetDigest = "digest.street" "街道每日摘要" {
        /// The day.
        day: NaiveDate,
        /// How much of what, e.g. 整改逾期3件、退回重改1件.
        summary: String,
        /// The lines under their headings.
        listing: String,
        /// The lines with their facts.
        lines: Vec<Value>,
    }
    /// Somebody tries whether a webhook is heard, or their own mail arrives.
    Now TestMessage = "message.test" "测试消息" {
        /// Who asked for it.
        by: String,
    }
}

/// One example of each, for whoever checks the texts.
#[cfg(test)]
pub(super) fn samples() -> Vec<News> {
    let day = |d| NaiveDate::from_ymd_opt(2026, 9, d).unwrap();
    let finding = FindingFacts {
        number: "440105007-2026-0012".into(),
        facility: "海幢颐康服务站".into(),
        problem: "灭火器压力不足".into(),
        due_on: Some(day(30)),
    };
    let f = || finding.clone();
    let text = || "理由".to_string();
    vec![
        News::FindingServed { finding: f() },
        News::FindingNearDue { finding: f(), working_days: 2 },
        News::FindingOverdue { finding: f() },
        News::FindingReturned { finding: f(), reason: text() },
        News::FindingClaimed { finding: f(), claimed_on: day(28) },
        News::FindingToConfirm { finding: FindingFacts { due_on: None, ..f() }, confirm_by: None },
        News::FindingExtensionAsked { finding: f(), until: day(30), reason: text() },
        News::FindingExtensionDecided { finding: f(), decision: "同意延期".into(), reason: None },
        News::FindingDisputed { finding: f(), grounds: text(), decide_by: Some(day(29)) },
        News::FindingDisputeDecided { finding: f(), decision: "异议不成立".into(), reason: text() },
        News::FindingWithdrawn { finding: f(), reason: text() },
        News::FindingWithdrawnAfterPrint { finding: f(), reason: text() },
        News::FindingSuspended { finding: f(), until: day(29), reason: text() },
        News::FindingDeadlineMoved { finding: f(), reason: text() },
        News::FindingConfirmationLate { finding: f(), confirm_by: day(3) },
        News::FindingClosedBureauUnit { finding: f() },
        News::FindingReferred { finding: f(), agency: "区消防救援大队".into() },
        News::StepDrafted { step: "再次提醒函".into(), addressee: "海幢街道".into(), findings: 3 },
        News::LetterDelivered { number: "演示函〔2026〕1号".into(), reply_due: day(30) },
        News::LetterAcknowledged { number: "演示函〔2026〕1号".into() },
        News::LetterUnacknowledged { number: "演示函〔2026〕1号".into(), delivered_on: day(25) },
        News::LetterReplied {
            number: "演示函〔2026〕1号".into(),
            unit: "海幢街道办事处".into(),
            reply_number: "海幢街函〔2026〕5号".into(),
            late: None,
        },
        News::LetterReplyOverdue { number: "演示函〔2026〕1号".into(), reply_due: day(25) },
        News::OpinionAsked { about: "演示函〔2026〕1号".into(), opinion: text(), answer_by: day(30) },
        News::OpinionAnswered { about: "演示函〔2026〕1号".into(), answer: text() },
        News::TargetObjected {
            indicator: "服务回访率".into(),
            street: "海幢街道".into(),
            quarter: "2026年第三季度".into(),
            target: "≥100%".into(),
            proposed: None,
            reason: text(),
        },
        News::TargetObjectionDecided {
            indicator: "服务回访率".into(),
            street: "海幢街道".into(),
            quarter: "2026年第三季度".into(),
            decision: "异议成立".into(),
            reason: text(),
            target: "≥95%".into(),
        },
        News::ProjectStale { facility: "某中心".into(), project: "消防验收".into(), updated_on: None },
        News::FireReported { number: "通报2026-0001".into(), matter: text() },
        News::WorkHandedOver { from: "试验甲".into(), items: 3 },
        News::StreetDigest {
            day: day(1),
            summary: "整改逾期1件".into(),
            listing: "整改逾期：\n1. 甲".into(),
            lines: vec![],
        },
        News::TestMessage { by: "试验甲".into() },
    ]
}
