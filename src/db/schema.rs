//! The tables as diesel sees them. The truth is in `migrations/`; `tests/api/parity.rs` compares.
#![expect(missing_docs, reason = "columns are named after the fields they hold")]

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// An area 区划: stable id, code, dates.
    area (id) {
        id -> IdSql,
        code -> Text,
        level -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Dated names and parent of an area.
    area_version (id) {
        id -> BigInt,
        area_id -> IdSql,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        parent_id -> Nullable<IdSql>,
        name -> Text,
        office_name -> Text,
        short_name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What an ended area became.
    area_successor (area_id, successor_id) {
        area_id -> IdSql,
        successor_id -> IdSql,
        since -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A person with a login.
    user_account (id) {
        id -> IdSql,
        username -> Text,
        display_name -> Text,
        organisation -> Text,
        third_party -> Bool,
        certificate -> Nullable<Text>,
        password_hash -> Text,
        password_set_at -> TsUtc,
        must_change_password -> Bool,
        disabled_at -> Nullable<TsUtc>,
        token_version -> Integer,
        revision -> Integer,
        created_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Earlier password hashes.
    password_history (id) {
        id -> BigInt,
        user_id -> IdSql,
        password_hash -> Text,
        set_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A role with its reach and dates.
    user_grant (id) {
        id -> IdSql,
        user_id -> IdSql,
        role -> Text,
        area_id -> Nullable<IdSql>,
        facility_id -> Nullable<IdSql>,
        category -> Nullable<Text>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A login, in machine time.
    session (id) {
        id -> IdSql,
        user_id -> IdSql,
        created_at -> TsUtc,
        last_used_at -> TsUtc,
        revoked_at -> Nullable<TsUtc>,
        revoked_why -> Nullable<Text>,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Hashed refresh tokens, in machine time.
    refresh_token (hash) {
        hash -> Text,
        session_id -> IdSql,
        issued_at -> TsUtc,
        expires_at -> TsUtc,
        used_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Failed logins, in machine time.
    login_failure (id) {
        id -> BigInt,
        username -> Text,
        address -> Text,
        at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// One address that may hold several facilities.
    site (id) {
        id -> IdSql,
        name -> Text,
        created_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A facility 设施.
    facility (id) {
        id -> IdSql,
        code -> Text,
        site_id -> Nullable<IdSql>,
        observed_status -> Nullable<Text>,
        observed_at -> Nullable<TsUtc>,
        created_at -> TsUtc,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Dated facts of a facility.
    facility_version (id) {
        id -> IdSql,
        facility_id -> IdSql,
        valid_from -> TsUtc,
        valid_to -> Nullable<TsUtc>,
        kind -> Text,
        name -> Text,
        street_id -> IdSql,
        community_id -> Nullable<IdSql>,
        address -> Text,
        lat -> Nullable<Double>,
        lng -> Nullable<Double>,
        datum -> Nullable<Text>,
        operator_name -> Text,
        contact_name -> Text,
        contact_phone -> Text,
        opening_hours -> Text,
        platform_status -> Nullable<Text>,
        platform_status_on -> Nullable<Date>,
        route -> Text,
        status -> Text,
        search -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A published version of the check items.
    checklist (id) {
        id -> IdSql,
        version -> Text,
        published_at -> TsUtc,
        sha256 -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// An item of a published version.
    check_item (id) {
        id -> IdSql,
        checklist_id -> IdSql,
        position -> Integer,
        code -> Text,
        catalogue -> Text,
        title -> Text,
        category -> Text,
        severity -> Text,
        term_days -> Integer,
        term_unit -> Text,
        photo_rule -> Text,
        proof -> Text,
        evidence -> Text,
        basis -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Which facility kinds an item is for.
    check_item_kind (item_id, kind) {
        item_id -> IdSql,
        kind -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Days that differ from a plain week.
    calendar_day (date) {
        date -> Date,
        kind -> Text,
        name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Whether a year is published.
    calendar_year (year) {
        year -> Integer,
        status -> Text,
        version -> Text,
        imported_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A campaign 检查行动.
    campaign (id) {
        id -> IdSql,
        name -> Text,
        kind -> Text,
        area_id -> IdSql,
        starts_on -> Date,
        ends_on -> Date,
        reply_due -> Nullable<Date>,
        checklist_id -> IdSql,
        state -> Text,
        created_by -> IdSql,
        created_at -> TsUtc,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A facility to be inspected in a campaign.
    campaign_target (campaign_id, facility_id) {
        campaign_id -> IdSql,
        facility_id -> IdSql,
        street_id -> IdSql,
        planned_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// One arrival at a site.
    visit (id) {
        id -> IdSql,
        campaign_id -> Nullable<IdSql>,
        kind -> Text,
        started_claim -> TsUtc,
        ended_claim -> Nullable<TsUtc>,
        lat -> Nullable<Double>,
        lng -> Nullable<Double>,
        datum -> Nullable<Text>,
        notice_number -> Nullable<Text>,
        signature -> Text,
        signed_by -> Nullable<Text>,
        refusal_reason -> Nullable<Text>,
        witness -> Nullable<Text>,
        lead_id -> IdSql,
        street_id -> IdSql,
        received_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Who took part in a visit.
    visit_participant (visit_id, position) {
        visit_id -> IdSql,
        position -> Integer,
        name -> Text,
        organisation -> Text,
        certificate -> Nullable<Text>,
        part -> Text,
        user_id -> Nullable<IdSql>,
        signed -> Bool,
        confirmed_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// An inspection of one facility.
    inspection (id) {
        id -> IdSql,
        visit_id -> IdSql,
        campaign_id -> Nullable<IdSql>,
        facility_id -> IdSql,
        facility_version_id -> IdSql,
        street_id -> IdSql,
        checklist_id -> IdSql,
        state -> Text,
        observed_status -> Nullable<Text>,
        submitted_by -> IdSql,
        third_party -> Bool,
        body -> Text,
        body_sha256 -> Text,
        receipt -> Text,
        lacking -> Integer,
        received_at -> TsUtc,
        completed_at -> Nullable<TsUtc>,
        version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// An answer to one item.
    inspection_answer (inspection_id, item_id) {
        inspection_id -> IdSql,
        item_id -> IdSql,
        code -> Text,
        outcome -> Text,
        note -> Nullable<Text>,
        value -> Nullable<Text>,
        on_site -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A stored file, by content.
    blob (sha256) {
        sha256 -> Text,
        length -> BigInt,
        content_type -> Text,
        stored_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A photo or document received.
    photo (id) {
        id -> IdSql,
        sha256 -> Text,
        length -> BigInt,
        content_type -> Text,
        width -> Nullable<Integer>,
        height -> Nullable<Integer>,
        owner_id -> IdSql,
        stored_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The manifest: what was declared, and what has arrived.
    evidence (id) {
        id -> BigInt,
        subject_kind -> Text,
        subject_id -> IdSql,
        photo_id -> IdSql,
        sha256 -> Text,
        length -> BigInt,
        item_id -> Nullable<IdSql>,
        purpose -> Text,
        required -> Bool,
        street_id -> IdSql,
        facility_id -> IdSql,
        owner_id -> IdSql,
        declared_at -> TsUtc,
        received_at -> Nullable<TsUtc>,
        superseded -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A finding 问题.
    finding (id) {
        id -> IdSql,
        number -> Text,
        facility_id -> IdSql,
        facility_name -> Text,
        street_id -> IdSql,
        campaign_id -> Nullable<IdSql>,
        inspection_id -> Nullable<IdSql>,
        item_id -> IdSql,
        item_code -> Text,
        category -> Text,
        severity -> Text,
        proof -> Text,
        description -> Text,
        source -> Text,
        third_party -> Bool,
        route -> Text,
        state -> Text,
        repeat_of -> Nullable<IdSql>,
        parent_id -> Nullable<IdSql>,
        found_by -> IdSql,
        found_at -> TsUtc,
        confirmed_by -> Nullable<IdSql>,
        confirmed_at -> Nullable<TsUtc>,
        clause -> Nullable<Text>,
        service_method -> Nullable<Text>,
        served_at -> Nullable<TsUtc>,
        term_days -> Integer,
        term_unit -> Text,
        due_on -> Nullable<Date>,
        due_rule -> Nullable<Text>,
        calendar_version -> Nullable<Text>,
        due_provisional -> Bool,
        claimed_by -> Nullable<IdSql>,
        claimed_on -> Nullable<Date>,
        claimed_at -> Nullable<TsUtc>,
        checked_by -> Nullable<IdSql>,
        check_outcome -> Nullable<Text>,
        reinspected_by -> Nullable<IdSql>,
        reinspected_ok -> Nullable<Bool>,
        reinspected_at -> Nullable<TsUtc>,
        closed_by -> Nullable<IdSql>,
        closed_at -> Nullable<TsUtc>,
        observations -> Integer,
        responsible_unit -> Text,
        responsible_post -> Text,
        responsible_person -> Text,
        revision -> Integer,
        printed_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// History of a finding.
    finding_event (id) {
        id -> IdSql,
        finding_id -> IdSql,
        seq -> Integer,
        at -> TsUtc,
        kind -> Text,
        actor_id -> Nullable<IdSql>,
        actor_name -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        reason -> Nullable<Text>,
        detail -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// From when to when a finding was in a state.
    finding_interval (finding_id, seq) {
        finding_id -> IdSql,
        seq -> Integer,
        state -> Text,
        from_at -> TsUtc,
        to_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A claim that a finding is rectified.
    rectification (id) {
        id -> IdSql,
        finding_id -> IdSql,
        claimed_by -> IdSql,
        claimed_on -> Date,
        measures -> Text,
        similar_check -> Nullable<Text>,
        system_measures -> Nullable<Text>,
        supervisor -> Nullable<Text>,
        created_at -> TsUtc,
        inspection_id -> Nullable<IdSql>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A check of a claim.
    finding_check (id) {
        id -> IdSql,
        finding_id -> IdSql,
        kind -> Text,
        result -> Text,
        note -> Text,
        checked_by -> IdSql,
        checked_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Letters drafted together.
    letter_batch (id) {
        id -> IdSql,
        campaign_id -> IdSql,
        kind -> Text,
        round -> Integer,
        created_by -> IdSql,
        created_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A letter 提醒函.
    letter (id) {
        id -> IdSql,
        batch_id -> IdSql,
        campaign_id -> IdSql,
        street_id -> IdSql,
        kind -> Text,
        round -> Integer,
        state -> Text,
        reply_due -> Date,
        as_of -> Nullable<TsUtc>,
        snapshot -> Nullable<Text>,
        snapshot_sha256 -> Nullable<Text>,
        facts_sha256 -> Nullable<Text>,
        drafted_by -> IdSql,
        submitted_by -> Nullable<IdSql>,
        submitted_at -> Nullable<TsUtc>,
        approved_by -> Nullable<IdSql>,
        approved_at -> Nullable<TsUtc>,
        issued_by -> Nullable<IdSql>,
        issued_at -> Nullable<TsUtc>,
        series -> Nullable<Text>,
        year -> Nullable<Integer>,
        seq -> Nullable<Integer>,
        number -> Nullable<Text>,
        document_sha256 -> Nullable<Text>,
        document_length -> Nullable<BigInt>,
        document_at -> Nullable<TsUtc>,
        created_at -> TsUtc,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A finding printed in a letter.
    letter_line (letter_id, row) {
        letter_id -> IdSql,
        row -> Integer,
        finding_id -> IdSql,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// History of a letter.
    letter_event (id) {
        id -> BigInt,
        letter_id -> IdSql,
        seq -> Integer,
        at -> TsUtc,
        kind -> Text,
        actor_id -> Nullable<IdSql>,
        actor_name -> Text,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Gapless numbers.
    counter (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Work to be done after a commit.
    job (id) {
        id -> IdSql,
        kind -> Text,
        payload -> Text,
        dedupe -> Nullable<Text>,
        state -> Text,
        attempts -> Integer,
        run_at -> TsUtc,
        lease_until -> Nullable<TsUtc>,
        fence -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> TsUtc,
        done_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Who did what to what.
    audit_entry (id) {
        id -> BigInt,
        at -> TsUtc,
        actor_id -> Nullable<IdSql>,
        action -> Text,
        object_kind -> Text,
        object_id -> Text,
        line -> Text,
        position -> Nullable<BigInt>,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The change feed.
    change_entry (id) {
        id -> BigInt,
        at -> TsUtc,
        kind -> Text,
        object_id -> IdSql,
        street_id -> Nullable<IdSql>,
        gone -> Bool,
        position -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The head of each ordered stream.
    sequencer (stream) {
        stream -> Text,
        position -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What this installation is.
    installation (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What a phone sent authentic but too late or out of place: kept whole until the clerk decides.
    quarantine (id) {
        id -> IdSql,
        inspection_id -> IdSql,
        version -> Integer,
        reason -> Text,
        state -> Text,
        facility_id -> IdSql,
        street_id -> IdSql,
        campaign_id -> Nullable<IdSql>,
        submitted_by -> IdSql,
        third_party -> Bool,
        body -> Text,
        body_sha256 -> Text,
        received_at -> TsUtc,
        decided_by -> Nullable<IdSql>,
        decided_at -> Nullable<TsUtc>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A photo on its way.
    upload (id) {
        id -> IdSql,
        owner_id -> IdSql,
        photo_id -> IdSql,
        sha256 -> Text,
        length -> BigInt,
        node -> Text,
        created_at -> TsUtc,
        expires_at -> TsUtc,
        done_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A later version of an inspection. It may come before its original.
    amendment (id) {
        id -> IdSql,
        inspection_id -> IdSql,
        submitted_by -> IdSql,
        version -> Integer,
        third_party -> Bool,
        body -> Text,
        body_sha256 -> Text,
        received_at -> TsUtc,
        applied_at -> Nullable<TsUtc>,
        receipt -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A server that is running.
    node (name) {
        name -> Text,
        shared -> Bool,
        seen_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A blob that the sweeper is about to delete.
    doomed_blob (sha256) {
        sha256 -> Text,
        doomed_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What is known of a facility's control room and duty. Versions: the highest seq that has begun holds.
    fire_profile (facility_id, seq) {
        facility_id -> IdSql,
        seq -> Integer,
        since -> Date,
        control_room -> Bool,
        linkage -> Bool,
        single_person -> Bool,
        single_basis -> Nullable<Text>,
        key_unit -> Bool,
        entered_by -> IdSql,
        entered_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A line of the fire register 消防台账: who entered it, whether it counts, whether it was a mistake.
    fire_line (id) {
        id -> IdSql,
        kind -> Text,
        facility_id -> IdSql,
        entered_as -> Text,
        entered_by -> IdSql,
        entered_at -> TsUtc,
        counted_at -> Nullable<TsUtc>,
        decided_by -> Nullable<IdSql>,
        decided_at -> Nullable<TsUtc>,
        decision_note -> Nullable<Text>,
        withdrawn_by -> Nullable<IdSql>,
        withdrawn_at -> Nullable<TsUtc>,
        withdrawn_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Versions of a certificate's line: the highest seq that has begun holds. The number is never kept whole.
    fire_certificate (line_id, seq) {
        line_id -> IdSql,
        seq -> Integer,
        since -> Date,
        status -> Text,
        person -> Text,
        level -> Text,
        direction -> Text,
        employer -> Text,
        number_masked -> Nullable<Text>,
        number_hash -> Nullable<Text>,
        issued_on -> Nullable<Date>,
        expires_on -> Nullable<Date>,
        reason -> Nullable<Text>,
        entered_by -> IdSql,
        entered_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A drill 演练.
    fire_drill (line_id) {
        line_id -> IdSql,
        held_on -> Date,
        scenario -> Text,
        participants -> Integer,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A person's training 培训.
    fire_training (line_id) {
        line_id -> IdSql,
        person -> Text,
        course -> Text,
        organiser -> Text,
        from_on -> Date,
        to_on -> Date,
        hours -> Integer,
        passed -> Nullable<Bool>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Fire equipment that expires 消防器材.
    fire_equipment (line_id) {
        line_id -> IdSql,
        kind -> Text,
        model -> Text,
        location -> Text,
        quantity -> Integer,
        placed_on -> Date,
        expires_on -> Date,
        removed_on -> Nullable<Date>,
        removed_reason -> Nullable<Text>,
        removed_by -> Nullable<IdSql>,
        removed_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What the rule last found wrong at a facility, so that a finding is opened or observed only when that changes.
    fire_assessment (facility_id, item_code) {
        facility_id -> IdSql,
        item_code -> Text,
        facts -> Text,
        finding_id -> IdSql,
        assessed_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A bulletin 信息通报 between the bureau and the fire brigade.
    fire_bulletin (id) {
        id -> IdSql,
        number -> Text,
        direction -> Text,
        subject -> Text,
        content -> Text,
        reference -> Nullable<Text>,
        sent_by -> IdSql,
        sent_name -> Text,
        sent_at -> TsUtc,
        received_by -> Nullable<IdSql>,
        received_name -> Nullable<Text>,
        received_at -> Nullable<TsUtc>,
        result -> Nullable<Text>,
        result_by -> Nullable<IdSql>,
        result_name -> Nullable<Text>,
        result_at -> Nullable<TsUtc>,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A facility that a bulletin names.
    fire_bulletin_facility (bulletin_id, facility_id) {
        bulletin_id -> IdSql,
        facility_id -> IdSql,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A finding that a bulletin names.
    fire_bulletin_finding (bulletin_id, finding_id) {
        bulletin_id -> IdSql,
        finding_id -> IdSql,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    area,
    area_version,
    area_successor,
    user_account,
    password_history,
    user_grant,
    session,
    refresh_token,
    login_failure,
    site,
    facility,
    facility_version,
    checklist,
    check_item,
    check_item_kind,
    calendar_day,
    calendar_year,
    campaign,
    campaign_target,
    visit,
    visit_participant,
    inspection,
    inspection_answer,
    quarantine,
    amendment,
    blob,
    photo,
    evidence,
    upload,
    node,
    doomed_blob,
    finding,
    finding_event,
    finding_interval,
    rectification,
    finding_check,
    letter_batch,
    letter,
    letter_line,
    letter_event,
    counter,
    job,
    audit_entry,
    change_entry,
    sequencer,
    installation,
    fire_profile,
    fire_line,
    fire_certificate,
    fire_drill,
    fire_training,
    fire_equipment,
    fire_assessment,
    fire_bulletin,
    fire_bulletin_facility,
    fire_bulletin_finding
);
