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
        proven_at -> Nullable<TsUtc>,
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
    /// Imports of the working calendar: each is a version of the whole, with the file that made it.
    calendar_import (seq) {
        seq -> Integer,
        version -> Text,
        imported_at -> TsUtc,
        imported_by -> Text,
        sha256 -> Text,
        content -> Text,
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
        clerk_id -> Nullable<IdSql>,
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
    /// What somebody saw who looked at a photo for faces.
    photo_face_check (id) {
        id -> BigInt,
        photo_id -> IdSql,
        sha256 -> Text,
        shows_face -> Bool,
        checked_by -> IdSql,
        checked_at -> TsUtc,
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
        joint -> Bool,
        long_term -> Bool,
        drawn -> Bool,
        due_original -> Nullable<Date>,
        due_confirmed_by -> Nullable<IdSql>,
        paused_at -> Nullable<TsUtc>,
        resume_to -> Nullable<Text>,
        paused_until -> Nullable<Date>,
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
    /// What one person asks for and another decides.
    finding_request (id) {
        id -> IdSql,
        finding_id -> IdSql,
        kind -> Text,
        asked_by -> IdSql,
        asked_at -> TsUtc,
        reason -> Text,
        ground -> Nullable<Text>,
        until -> Nullable<Date>,
        result -> Nullable<Text>,
        decided_by -> Nullable<IdSql>,
        decided_at -> Nullable<TsUtc>,
        note -> Nullable<Text>,
        due_before -> Nullable<Date>,
        due_after -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A stage of what is followed in stages.
    finding_stage (request_id, position) {
        request_id -> IdSql,
        position -> Integer,
        title -> Text,
        due_on -> Date,
        done_by -> Nullable<IdSql>,
        done_at -> Nullable<TsUtc>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A finding passed on to another authority.
    referral (id) {
        id -> IdSql,
        finding_id -> IdSql,
        agency -> Text,
        addressee -> Text,
        imminent -> Bool,
        matter -> Text,
        sent_by -> IdSql,
        sent_at -> TsUtc,
        received_by -> Nullable<IdSql>,
        received_at -> Nullable<TsUtc>,
        receipt_note -> Nullable<Text>,
        result -> Nullable<Text>,
        result_by -> Nullable<IdSql>,
        result_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A call or a visit about a finding.
    contact (id) {
        id -> IdSql,
        finding_id -> IdSql,
        method -> Text,
        person -> Text,
        note -> Text,
        happened_on -> Date,
        logged_by -> IdSql,
        logged_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::TsUtc;
    /// The seed of a year's draw.
    draw_seed (year) {
        year -> Integer,
        seed -> Text,
        sha256 -> Text,
        made_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What the bureau sets while it works.
    setting (name) {
        name -> Text,
        value -> Text,
        reason -> Text,
        set_by -> Nullable<IdSql>,
        set_at -> TsUtc,
        revision -> Integer,
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
        clerk_id -> Nullable<IdSql>,
        submitted_for -> Nullable<IdSql>,
        approved_for -> Nullable<IdSql>,
        issued_for -> Nullable<IdSql>,
        original_id -> Nullable<IdSql>,
        made_with -> Nullable<Text>,
        operator -> Nullable<Text>,
        terms -> Nullable<Text>,
        late_reply_reason -> Nullable<Text>,
        names_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What was submitted, each time.
    letter_version (letter_id, version) {
        letter_id -> IdSql,
        version -> Integer,
        facts_sha256 -> Text,
        snapshot -> Text,
        submitted_by -> IdSql,
        submitted_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What clerks changed of a draft.
    letter_edit (letter_id, version) {
        letter_id -> IdSql,
        version -> Integer,
        edits -> Text,
        comment -> Nullable<Text>,
        edited_by -> IdSql,
        edited_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The seal 用印 with its scan.
    letter_seal (id) {
        id -> IdSql,
        letter_id -> IdSql,
        seq -> Integer,
        sealed_on -> Date,
        sha256 -> Text,
        length -> BigInt,
        note -> Nullable<Text>,
        sealed_by -> IdSql,
        at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Delivery 送达 and receipt 签收.
    letter_delivery (letter_id) {
        letter_id -> IdSql,
        channel -> Text,
        delivered_by -> Nullable<IdSql>,
        delivered_at -> TsUtc,
        note -> Nullable<Text>,
        acknowledged_by -> Nullable<IdSql>,
        acknowledged_at -> Nullable<TsUtc>,
        received_by -> Nullable<Text>,
        received_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A street's answer to a letter 复函.
    letter_reply (id) {
        id -> IdSql,
        letter_id -> IdSql,
        state -> Text,
        unit -> Text,
        document_number -> Nullable<Text>,
        replied_on -> Nullable<Date>,
        remarks -> Nullable<Text>,
        document -> Nullable<Text>,
        created_by -> IdSql,
        created_at -> TsUtc,
        sent_by -> Nullable<IdSql>,
        sent_for -> Nullable<IdSql>,
        sent_at -> Nullable<TsUtc>,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What an answer says of a line of the annex.
    letter_reply_line (reply_id, finding_id) {
        reply_id -> IdSql,
        finding_id -> IdSql,
        row -> Integer,
        answer -> Text,
        measures -> Nullable<Text>,
        reason -> Nullable<Text>,
        claimed_on -> Nullable<Date>,
        proposed_due -> Nullable<Date>,
        similar_check -> Nullable<Text>,
        system_measures -> Nullable<Text>,
        supervisor -> Nullable<Text>,
        photos -> Text,
        outcome -> Nullable<Text>,
        code -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The files of an answer.
    letter_reply_file (id) {
        id -> IdSql,
        reply_id -> IdSql,
        kind -> Text,
        name -> Text,
        sha256 -> Text,
        length -> BigInt,
        added_by -> IdSql,
        added_at -> TsUtc,
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
    /// A deputy: who stands in for whom, from when to when.
    delegation (id) {
        id -> IdSql,
        principal_id -> IdSql,
        deputy_id -> IdSql,
        valid_from -> Date,
        valid_to -> Date,
        basis -> Text,
        recorded_by -> IdSql,
        recorded_at -> TsUtc,
        revoked_by -> Nullable<IdSql>,
        revoked_at -> Nullable<TsUtc>,
        revoked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A role that a deputy gets.
    delegation_grant (delegation_id, grant_id) {
        delegation_id -> IdSql,
        grant_id -> IdSql,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Who of the bureau is in charge of a finding.
    assignment (finding_id, seq) {
        finding_id -> IdSql,
        seq -> Integer,
        user_id -> IdSql,
        since_at -> TsUtc,
        until_at -> Nullable<TsUtc>,
        assigned_by -> IdSql,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What one person is told.
    notice (id) {
        id -> IdSql,
        user_id -> IdSql,
        event -> Text,
        subject_kind -> Text,
        subject_id -> IdSql,
        street_id -> Nullable<IdSql>,
        facility_id -> Nullable<IdSql>,
        title -> Text,
        body -> Text,
        dedupe -> Nullable<Text>,
        created_at -> TsUtc,
        read_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A hand-over of everything that somebody had open.
    handover (id) {
        id -> IdSql,
        from_id -> IdSql,
        to_id -> IdSql,
        reason -> Text,
        settled_reason -> Nullable<Text>,
        disabled -> Bool,
        by_id -> IdSql,
        at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Where a person's notices are mailed, if they want that.
    notice_address (user_id) {
        user_id -> IdSql,
        address -> Text,
        enabled -> Bool,
        changed_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The day's digest of a street; its key is what makes it the only one.
    digest (street_id, day) {
        street_id -> IdSql,
        day -> Date,
        lines -> Integer,
        created_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What waits for a street's next digest, or stands in one.
    digest_line (id) {
        id -> IdSql,
        street_id -> IdSql,
        event -> Text,
        subject_kind -> Text,
        subject_id -> IdSql,
        facility_id -> Nullable<IdSql>,
        data -> Text,
        dedupe -> Nullable<Text>,
        created_at -> TsUtc,
        digest_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What a hand-over moved or settled.
    handover_item (handover_id, kind, object_id) {
        handover_id -> IdSql,
        kind -> Text,
        object_id -> IdSql,
        label -> Text,
        outcome -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Somebody else's system that is told.
    webhook (id) {
        id -> IdSql,
        url -> Text,
        description -> Text,
        events -> Text,
        street_id -> Nullable<IdSql>,
        disabled_at -> Nullable<TsUtc>,
        disabled_why -> Nullable<Text>,
        created_by -> IdSql,
        created_at -> TsUtc,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A record of an 约谈 or a feedback meeting; what it says stands in its newest version.
    meeting (id) {
        id -> IdSql,
        kind -> Text,
        area_id -> IdSql,
        campaign_id -> Nullable<IdSql>,
        held_at -> TsUtc,
        created_by -> IdSql,
        created_at -> TsUtc,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A webhook's secrets, derived from a signing key and therefore not kept; in machine time.
    webhook_secret (id) {
        id -> IdSql,
        webhook_id -> IdSql,
        kid -> Text,
        created_at -> TsUtc,
        expires_at -> Nullable<TsUtc>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What the record of a meeting said, version by version.
    meeting_version (meeting_id, revision) {
        meeting_id -> IdSql,
        revision -> Integer,
        content -> Text,
        reason -> Nullable<Text>,
        written_by -> IdSql,
        written_at -> TsUtc,
    }
}

diesel::table! {
    use crate::db::types::IdSql;
    /// The streets that a meeting concerns.
    meeting_street (meeting_id, street_id) {
        meeting_id -> IdSql,
        street_id -> IdSql,
    }
}

diesel::table! {
    use crate::db::types::IdSql;
    /// The findings that a meeting is about.
    meeting_finding (meeting_id, finding_id) {
        meeting_id -> IdSql,
        finding_id -> IdSql,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A message on its way out, by webhook or by mail; in machine time.
    delivery (id) {
        id -> IdSql,
        channel -> Text,
        webhook_id -> Nullable<IdSql>,
        notice_id -> Nullable<IdSql>,
        event -> Text,
        dedupe -> Nullable<Text>,
        body -> Text,
        state -> Text,
        attempts -> Integer,
        run_at -> TsUtc,
        lease_until -> Nullable<TsUtc>,
        fence -> BigInt,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        created_at -> TsUtc,
        done_at -> Nullable<TsUtc>,
        attachment_name -> Nullable<Text>,
        attachment_sha256 -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A next step that the clock has drafted; a person takes it up or dismisses it.
    step_draft (id) {
        id -> IdSql,
        kind -> Text,
        addressee -> Text,
        addressee_name -> Text,
        street_id -> Nullable<IdSql>,
        campaign_id -> Nullable<IdSql>,
        group_key -> Text,
        state -> Text,
        text -> Nullable<Text>,
        drafted_at -> TsUtc,
        decided_by -> Nullable<IdSql>,
        decided_at -> Nullable<TsUtc>,
        note -> Nullable<Text>,
        letter_number -> Nullable<Text>,
        meeting_id -> Nullable<IdSql>,
        letter_id -> Nullable<IdSql>,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A finding that a drafted step is about.
    step_member (draft_id, finding_id) {
        draft_id -> IdSql,
        finding_id -> IdSql,
        street_id -> IdSql,
        facility_id -> IdSql,
        due_on -> Date,
        added_at -> TsUtc,
        dropped_at -> Nullable<TsUtc>,
        dropped_why -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What the clock has marked: each once for a finding (or a stage of it) and a due day.
    clock_mark (finding_id, mark, days, stage, due_on) {
        finding_id -> IdSql,
        mark -> Text,
        days -> Integer,
        stage -> Integer,
        due_on -> Date,
        outcome -> Text,
        fires_on -> Date,
        provisional -> Bool,
        marked_at -> TsUtc,
        draft_id -> Nullable<IdSql>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Where a finding that was entered by hand comes from. An unsettled one may have several: it is counted once.
    finding_origin (id) {
        id -> IdSql,
        finding_id -> IdSql,
        source -> Text,
        document_number -> Nullable<Text>,
        document_date -> Nullable<Date>,
        issuing_unit -> Nullable<Text>,
        received_on -> Date,
        description -> Text,
        due_on -> Nullable<Date>,
        observed -> Bool,
        entered_by -> IdSql,
        entered_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Who complained: sealed, and read through its own operation only.
    finding_reporter (origin_id) {
        origin_id -> IdSql,
        name -> Text,
        contact -> Text,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// Findings under one roof: a parent with its children, or a plan 整改方案.
    finding_group (id) {
        id -> IdSql,
        kind -> Text,
        title -> Text,
        source -> Nullable<Text>,
        document_number -> Nullable<Text>,
        measures -> Text,
        lead_unit -> Text,
        lead_post -> Text,
        lead_person -> Text,
        due_on -> Nullable<Date>,
        created_by -> IdSql,
        created_at -> TsUtc,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The findings of a group; each has one parent at the most.
    finding_group_member (group_id, finding_id) {
        group_id -> IdSql,
        finding_id -> IdSql,
        kind -> Text,
        added_by -> IdSql,
        added_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// 一中心一整改措施: what keeps a centre from being finished, and how far it is.
    project (id) {
        id -> IdSql,
        facility_id -> IdSql,
        facility_name -> Text,
        street_id -> IdSql,
        cause -> Text,
        measure -> Text,
        lead_agency -> Text,
        waiting_for -> Nullable<Text>,
        unit -> Text,
        post -> Text,
        person -> Text,
        refresh_days -> Nullable<Integer>,
        opened_by -> IdSql,
        opened_at -> TsUtc,
        refreshed_at -> TsUtc,
        alerted_at -> Nullable<TsUtc>,
        finished_at -> Nullable<TsUtc>,
        finished_note -> Nullable<Text>,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A milestone of a project.
    project_milestone (project_id, position) {
        project_id -> IdSql,
        position -> Integer,
        title -> Text,
        due_on -> Date,
        done_on -> Nullable<Date>,
        done_by -> Nullable<IdSql>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The weekly report of a project.
    project_update (id) {
        id -> IdSql,
        project_id -> IdSql,
        progress -> Text,
        problems -> Text,
        plan -> Text,
        reported_by -> IdSql,
        reported_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A supervisor's written opinion 监督意见, and the bureau's answer.
    opinion (id) {
        id -> IdSql,
        finding_id -> Nullable<IdSql>,
        letter_id -> Nullable<IdSql>,
        street_id -> IdSql,
        facility_id -> Nullable<IdSql>,
        said -> Text,
        answer_due -> Date,
        written_by -> IdSql,
        written_at -> TsUtc,
        answer -> Nullable<Text>,
        answered_by -> Nullable<IdSql>,
        answered_at -> Nullable<TsUtc>,
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

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A file of indicators 考核指标 that was imported.
    indicator_import (id) {
        id -> IdSql,
        sha256 -> Text,
        length -> BigInt,
        rows -> BigInt,
        stored -> BigInt,
        imported_by -> Nullable<IdSql>,
        imported_by_name -> Text,
        imported_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// What a street reported of an indicator for a quarter. Versions: the highest seq holds.
    indicator_value (id) {
        id -> IdSql,
        indicator -> Text,
        street_id -> IdSql,
        quarter_on -> Date,
        seq -> Integer,
        numerator -> Nullable<BigInt>,
        denominator -> Nullable<BigInt>,
        value -> Nullable<BigInt>,
        as_of -> Date,
        note -> Nullable<Text>,
        import_id -> IdSql,
        entered_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// The target of an indicator for a district or a street. Versions: never changed.
    indicator_target (id) {
        id -> IdSql,
        indicator -> Text,
        area_id -> IdSql,
        seq -> Integer,
        from_on -> Date,
        comparison -> Text,
        value -> BigInt,
        reason -> Text,
        objection_id -> Nullable<IdSql>,
        set_by -> IdSql,
        set_for -> Nullable<IdSql>,
        set_at -> TsUtc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::db::types::{IdSql, TsUtc};
    /// A street's objection to a target, and what was decided about it.
    indicator_objection (id) {
        id -> IdSql,
        indicator -> Text,
        street_id -> IdSql,
        quarter_on -> Date,
        target_id -> IdSql,
        proposed -> Nullable<BigInt>,
        reason -> Text,
        raised_by -> IdSql,
        raised_at -> TsUtc,
        upheld -> Nullable<Bool>,
        decision -> Nullable<Text>,
        decided_by -> Nullable<IdSql>,
        decided_at -> Nullable<TsUtc>,
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
    calendar_import,
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
    photo_face_check,
    evidence,
    upload,
    node,
    doomed_blob,
    finding,
    finding_event,
    finding_interval,
    rectification,
    finding_check,
    finding_request,
    finding_stage,
    referral,
    contact,
    draw_seed,
    setting,
    meeting,
    meeting_version,
    meeting_street,
    meeting_finding,
    step_draft,
    step_member,
    clock_mark,
    letter_batch,
    letter,
    letter_version,
    letter_edit,
    letter_seal,
    letter_delivery,
    letter_reply,
    letter_reply_line,
    letter_reply_file,
    letter_line,
    letter_event,
    delegation,
    delegation_grant,
    assignment,
    handover,
    handover_item,
    counter,
    job,
    audit_entry,
    change_entry,
    sequencer,
    installation,
    notice,
    notice_address,
    digest,
    digest_line,
    webhook,
    webhook_secret,
    delivery,
    finding_origin,
    finding_reporter,
    finding_group,
    finding_group_member,
    project,
    project_milestone,
    project_update,
    opinion,
    fire_profile,
    fire_line,
    fire_certificate,
    fire_drill,
    fire_training,
    fire_equipment,
    fire_assessment,
    fire_bulletin,
    fire_bulletin_facility,
    fire_bulletin_finding,
    indicator_import,
    indicator_value,
    indicator_target,
    indicator_objection
);
