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
    /// Read areas.
    ReadAreas = "area.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin|SecurityAdmin];
    /// Read check items.
    ReadChecklists = "checklist.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor|Admin];
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
    UploadPhoto = "photo.upload" [Inspector|Drafter|Street|Operator];
    /// Read the originals of photos, with the place and time that the phone wrote into them.
    ReadOriginals = "photo.original.read" [Drafter|Reviewer|Registrar|Issuer|Supervisor];
    /// Read photos.
    ReadPhotos = "photo.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Supervisor];
    /// Fetch what a phone needs without a network.
    ReadSync = "sync.read" [Inspector|Operator];
    /// Read findings.
    ReadFindings = "finding.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Fire|Supervisor];
    /// Confirm a third party's finding, or a 重大 one.
    ConfirmFinding = "finding.confirm" [Drafter|Reviewer];
    /// Record that a finding was served.
    ServeFinding = "finding.serve" [Inspector|Drafter];
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
    /// Withdraw a finding that was a mistake (误报).
    WithdrawFinding = "finding.withdraw" [Reviewer];
    /// Draft and submit letters.
    DraftLetters = "letter.draft" [Drafter];
    /// Send a letter back to its drafter.
    ReturnLetter = "letter.return" [Reviewer|Issuer];
    /// Approve letters.
    ApproveLetters = "letter.approve" [Reviewer];
    /// Issue letters (签发).
    IssueLetters = "letter.issue" [Issuer];
    /// Read letters; a street sees its own once the document is ready.
    ReadLetters = "letter.read" [Drafter|Reviewer|Registrar|Issuer|Street|Supervisor];
    /// Read compliance per facility and street.
    ReadCompliance = "compliance.read" [Inspector|Drafter|Reviewer|Registrar|Issuer|Street|Operator|Supervisor];
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
    const THREE: [Role; 3] = [Role::Admin, Role::SecurityAdmin, Role::AuditAdmin];
    a != b && (THREE.contains(&a) || THREE.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supervisor_changes_nothing() {
        let reads = |a: &Action| a.code().ends_with(".read") || a.code() == "account.self";
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
