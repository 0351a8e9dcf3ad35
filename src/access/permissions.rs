//! The table of who may do what: PURE. Each action is also a type, so that a handler names its permission in its
//! signature (`Allowed<may::CloseFinding>`) and cannot reach data without it.

use crate::db::types::{Coded, coded};

coded! {
    /// A role. Reach (which streets or facilities) comes from the grant, not from the role.
    pub enum Role {
        /// Bureau staff or a third party under contract: submits inspections.
        Inspector = "inspector" "检查员",
        /// Plans campaigns, drafts letters, closes 一般 findings, keeps the roster.
        Drafter = "drafter" "经办人",
        /// Approves letters, closes 较大, confirms 重大.
        Reviewer = "reviewer" "部门负责人",
        /// The bureau's office: form, seal, dispatch.
        Registrar = "registrar" "局办文书",
        /// Issues letters, closes 重大.
        Issuer = "issuer" "分管局领导",
        /// A street office, for its own street.
        Street = "street" "街道",
        /// A facility's operator, for its own facilities.
        Operator = "operator" "运营机构",
        /// The district fire rescue brigade: fire findings.
        Fire = "fire" "消防救援大队",
        /// Reads everything, changes nothing.
        Supervisor = "supervisor" "纪检监督",
        /// Accounts and reference data (三员分立).
        Admin = "admin" "系统管理员",
        /// Roles and keys (三员分立).
        SecurityAdmin = "security_admin" "安全管理员",
        /// The audit trail only (三员分立).
        AuditAdmin = "audit_admin" "审计管理员",
    }
}

/// An action as a type.
pub trait Permission: 'static {
    /// The action that it stands for.
    const ACTION: Action;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $code:literal [$($role:ident)|*];)+) => {
        /// An action that needs a permission. Its code stands as `x-permission` in the specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name),+ }

        impl Coded for Action {
            const ALL: &'static [Self] = &[$(Self::$name),+];
            fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
        }

        impl Action {
            /// The roles that may.
            pub fn roles(self) -> &'static [Role] { match self { $(Self::$name => &[$(Role::$role),*]),+ } }

            /// Whether `role` may.
            pub fn allows(self, role: Role) -> bool { self.roles().contains(&role) }
        }

        /// The actions as types, for `Allowed<may::…>`.
        pub mod may {
            use super::{Action, Permission};
            $(
                $(#[$doc])*
                #[derive(Debug, Clone, Copy)]
                pub struct $name;
                impl Permission for $name { const ACTION: Action = Action::$name; }
            )+
        }
    };
}

permissions! {
    /// Read and change one's own account.
    UseOwnAccount = "account.self" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin|SecurityAdmin|AuditAdmin];
    /// Read accounts.
    ReadUsers = "user.read" [Admin|SecurityAdmin];
    /// Create and disable accounts, reset passwords.
    ManageUsers = "user.manage" [Admin];
    /// Give and take roles.
    GrantRoles = "user.grant" [SecurityAdmin];
    /// Read who stands in for whom.
    ReadDelegations = "delegation.read" [Supervisor|SecurityAdmin];
    /// Record and end delegations (AB角).
    RecordDelegations = "delegation.record" [SecurityAdmin];
    /// Read areas.
    ReadAreas = "area.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin|SecurityAdmin];
    /// Read check items.
    ReadChecklists = "checklist.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin];
    /// Read the working calendar and reckon by it.
    ReadCalendar = "calendar.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin];
    /// Import the working calendar.
    ImportCalendar = "calendar.import" [Admin];
    /// Read facilities.
    ReadFacilities = "facility.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin];
    /// Add and change facilities.
    WriteFacilities = "facility.write" [Drafter];
    /// Read campaigns and their progress.
    ReadCampaigns = "campaign.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Supervisor];
    /// Plan campaigns.
    WriteCampaigns = "campaign.write" [Drafter];
    /// Submit inspections and confirm visits; an operator submits 自查自改 only.
    SubmitInspection = "inspection.submit" [Inspector|Operator];
    /// Read visits and inspections.
    ReadInspections = "inspection.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Supervisor];
    /// Read what phones sent too late or out of place.
    ReadQuarantine = "quarantine.read" [Drafter|Reviewer|Supervisor];
    /// Accept it into place or dismiss it.
    DecideQuarantine = "quarantine.decide" [Drafter];
    /// Upload photos and documents as evidence.
    UploadPhoto = "photo.upload" [Inspector|Drafter|Street|Operator|Fire];
    /// Read the originals of photos, with the place and time that the phone wrote into them.
    ReadOriginals = "photo.original.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor];
    /// Read photos.
    ReadPhotos = "photo.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Supervisor];
    /// Record whether a photo shows a face.
    CheckFaces = "photo.check_faces" [Drafter|Reviewer];
    /// Fetch what a phone needs without a network.
    ReadSync = "sync.read" [Inspector|Operator];
    /// Read findings.
    ReadFindings = "finding.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor];
    /// Enter a finding of another source by hand; the fire brigade enters its own only.
    EnterFinding = "finding.enter" [Drafter|Fire];
    /// Read who complained; sealed from everybody else, and every reading is in the trail.
    ReadReporter = "finding.reporter.read" [Drafter|Reviewer];
    /// Read the exceptions of the ledger 例外清单.
    ReadExceptions = "finding.exceptions.read" [Drafter|Reviewer|Issuer|Supervisor];
    /// Gather findings under a parent or a plan 整改方案.
    WriteGroups = "group.write" [Drafter];
    /// Keep the project lines of centres 一中心一整改措施.
    WriteProjects = "project.write" [Drafter];
    /// Report on a project every week, and say that a milestone is reached.
    ReportProject = "project.report" [Street|Drafter];
    /// Read project lines.
    ReadProjects = "project.read" [Drafter|Reviewer|Registrar|Issuer|Street|Supervisor];
    /// Read indicators 考核指标 with their targets, values and objections; a street its own.
    ReadIndicators = "indicator.read" [Drafter|Reviewer|Registrar|Issuer|Street|Supervisor];
    /// Set targets of indicators, and import what was reported.
    KeepIndicators = "indicator.keep" [Drafter];
    /// Object to a target.
    ObjectToTarget = "indicator.object" [Street];
    /// Decide objections to targets.
    DecideTarget = "indicator.decide" [Reviewer];
    /// Write an opinion on a finding or a letter (监督意见): the one thing that a supervisor writes.
    WriteOpinion = "opinion.write" [Supervisor];
    /// Answer a supervisor's opinion.
    AnswerOpinion = "opinion.answer" [Drafter|Reviewer];
    /// Read supervisors' opinions and their answers.
    ReadOpinions = "opinion.read" [Drafter|Reviewer|Issuer|Supervisor];
    /// See what waits for oneself today.
    ReadToday = "today.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor];
    /// Confirm a third party's finding, or a 重大 one.
    ConfirmFinding = "finding.confirm" [Drafter|Reviewer];
    /// Record that a finding was served.
    ServeFinding = "finding.serve" [Inspector|Drafter];
    /// Confirm or set the due day of a finding.
    SetDeadline = "finding.deadline" [Drafter];
    /// Ask for more time (延期).
    AskExtension = "finding.ask_extension" [Street|Operator|Drafter];
    /// Dispute a finding (申诉).
    DisputeFinding = "finding.dispute" [Street|Operator];
    /// Ask to follow a finding in stages (挂账).
    AskLongTerm = "finding.ask_long_term" [Drafter|Reviewer];
    /// Record that a stage is done.
    FinishStage = "finding.stage" [Drafter];
    /// Ask to end a finding because its place changed (终结).
    AskTermination = "finding.ask_termination" [Street|Drafter];
    /// Decide what was asked for; the rank that it needs is a rule of the finding.
    DecideRequest = "finding.decide" [Reviewer|Issuer];
    /// Stop and start the clock (停工暂停).
    SuspendFinding = "finding.suspend" [Drafter|Reviewer];
    /// Pass a finding on to another authority (移送).
    ReferFinding = "finding.refer" [Inspector|Drafter|Reviewer];
    /// Receive what was passed on, and say what came of it.
    AnswerReferral = "finding.answer_referral" [Drafter|Fire];
    /// The fire brigade's re-check of a joint finding.
    BrigadeCheck = "finding.brigade_check" [Fire];
    /// Name who answers for a finding.
    AssignFinding = "finding.assign" [Street|Operator|Drafter];
    /// Log a call or a visit about a finding.
    LogContact = "finding.contact" [Street|Drafter];
    /// Claim that a finding is rectified.
    ClaimRectification = "finding.claim" [Street|Operator];
    /// The street's first check of a claim (初核).
    CheckClaim = "finding.check" [Street];
    /// Re-inspect on site (复查).
    Reinspect = "finding.reinspect" [Inspector];
    /// Send a claim back (退回重改).
    ReturnFinding = "finding.return" [Drafter|Reviewer|Issuer];
    /// Close a finding (销号); the rank that it needs is a rule of the finding.
    CloseFinding = "finding.close" [Drafter|Reviewer|Issuer];
    /// Name the clerk in charge of a finding.
    AssignOfficer = "finding.officer" [Drafter|Reviewer];
    /// Withdraw a finding that was a mistake (误报).
    WithdrawFinding = "finding.withdraw" [Reviewer];
    /// Read what the clock has marked, and the steps that it drafted.
    ReadSteps = "step.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor];
    /// Take a drafted step up or put it aside.
    DecideSteps = "step.decide" [Drafter|Reviewer];
    /// Read the records of meetings.
    ReadMeetings = "meeting.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor];
    /// Record meetings and correct the records.
    WriteMeetings = "meeting.write" [Drafter];
    /// Draft and submit letters.
    DraftLetters = "letter.draft" [Drafter];
    /// Send a letter back to its drafter.
    ReturnLetter = "letter.return" [Reviewer|Issuer];
    /// Approve letters.
    ApproveLetters = "letter.approve" [Reviewer];
    /// Issue letters (签发).
    IssueLetters = "letter.issue" [Issuer];
    /// Make a letter void before its delivery 作废.
    VoidLetter = "letter.void" [Issuer];
    /// Enter the office's number, record the seal, deliver.
    DispatchLetters = "letter.dispatch" [Registrar];
    /// Say that a letter has been received 签收; the registrar writes down a receipt on paper.
    AcknowledgeLetter = "letter.acknowledge" [Street|Registrar];
    /// Ask whether a file is one of ours.
    CheckLetter = "letter_copy.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|AuditAdmin];
    /// Read letters; a street sees its own once they are delivered.
    ReadLetters = "letter.read" [Drafter|Reviewer|Registrar|Issuer|Street|Supervisor];
    /// Read what was changed of a draft, and what an issuer compares.
    ReadDrafts = "letter_draft.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor];
    /// See which fonts and which template letters are made with.
    ReadLetterFonts = "letter_fonts.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor];
    /// Answer a letter 复函: draft, files, sending.
    ReplyToLetter = "letter.reply" [Street];
    /// Claim lines of a letter's annex in bulk.
    ClaimByLetter = "letter.rectify" [Street];
    /// Read compliance per facility and street.
    ReadCompliance = "compliance.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Supervisor];
    /// Read the bureau's settings.
    ReadSettings = "setting.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor|Admin];
    /// Change the bureau's settings.
    WriteSettings = "setting.write" [Admin];
    /// Read one's own notices, mark them as read, say where they are mailed.
    ReadNotices = "notice.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin|SecurityAdmin|AuditAdmin];
    /// Read the subscriptions of other systems, and what is on its way out.
    ReadWebhooks = "webhook.read" [Admin|SecurityAdmin];
    /// Make, change and delete subscriptions, and send again what was given up.
    ManageWebhooks = "webhook.manage" [SecurityAdmin];
    /// Read the fire register 消防台账.
    ReadFireRegister = "fire.read" [Drafter|Reviewer|Issuer|Street|Operator|Fire|Supervisor];
    /// Enter certificates, drills, trainings and equipment; an operator's count once a clerk has confirmed them.
    EnterFireLines = "fire.enter" [Drafter|Operator];
    /// Keep the fire register: control rooms, changes, confirmations, mistakes, imports.
    KeepFireRegister = "fire.keep" [Drafter];
    /// Read bulletins between the bureau and the fire brigade.
    ReadBulletins = "bulletin.read" [Drafter|Reviewer|Issuer|Fire|Supervisor];
    /// Send bulletins, receive the other side's and say what came of them.
    WriteBulletins = "bulletin.write" [Drafter|Fire];
    /// Read the audit trail.
    ReadAudit = "audit.read" [Supervisor|AuditAdmin];
}

/// Whether two roles may never be held by one person (三员分立).
pub fn excludes(a: Role, b: Role) -> bool {
    a != b && (is_administrator(a) || is_administrator(b))
}

/// Whether a role is one of the three administrators'.
pub fn is_administrator(role: Role) -> bool {
    matches!(role, Role::Admin | Role::SecurityAdmin | Role::AuditAdmin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supervisor_changes_nothing_and_writes_opinions_only() {
        let reads = |a: &Action| {
            a.code().ends_with(".read") || matches!(a, Action::UseOwnAccount | Action::WriteOpinion)
        };
        assert!(Action::ALL.iter().filter(|a| a.allows(Role::Supervisor)).all(reads));
    }

    #[test]
    fn the_three_administrators_share_only_their_own_account_and_reading() {
        for action in Action::ALL {
            let admins = [Role::Admin, Role::SecurityAdmin, Role::AuditAdmin];
            let holders = admins.iter().filter(|r| action.allows(**r)).count();
            assert!(
                holders <= 1 || action.code().ends_with(".read") || *action == Action::UseOwnAccount,
                "{action:?}"
            );
        }
        assert!(excludes(Role::Admin, Role::Drafter) && excludes(Role::Street, Role::AuditAdmin));
        assert!(!excludes(Role::Drafter, Role::Inspector));
    }

    #[test]
    fn drafting_approving_and_issuing_are_three_roles() {
        for role in Role::ALL {
            let steps = [Action::DraftLetters, Action::ApproveLetters, Action::IssueLetters];
            assert!(steps.iter().filter(|a| a.allows(*role)).count() <= 1);
        }
    }
}
