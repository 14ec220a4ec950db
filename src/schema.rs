//! The tables, as Diesel sees them.

diesel::table! {
    sessions (id) {
        id -> Text,
        owner -> Text,
        title -> Text,
        subject -> Nullable<Text>,
        learner_profile -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        fields_revision -> BigInt,
        resumable_from -> BigInt,
        stored_bytes -> BigInt,
        stored_messages -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> Text,
        session_id -> Text,
        position -> BigInt,
        role -> Text,
        content -> Text,
        status -> Text,
        finish_reason -> Nullable<Text>,
        input_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        usage_source -> Nullable<Text>,
        reply_to -> Nullable<Text>,
        client_message_id -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        error_code -> Nullable<Text>,
        created_revision -> BigInt,
        revision -> BigInt,
        source -> Text,
        edited -> Bool,
    }
}

diesel::table! {
    turns (id) {
        id -> Text,
        session_id -> Text,
        user_message_id -> Text,
        message_id -> Text,
        status -> Text,
        attempt -> Integer,
        provider -> Text,
        model -> Text,
        finish_reason -> Nullable<Text>,
        error_code -> Nullable<Text>,
        input_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        usage_source -> Nullable<Text>,
        last_number -> BigInt,
        resumed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        parameters -> Nullable<Text>,
        revision -> BigInt,
        reserved_bytes -> BigInt,
        log_state -> Integer,
    }
}

diesel::table! {
    attempts (turn_id, number) {
        turn_id -> Text,
        number -> Integer,
        provider -> Text,
        model -> Text,
        mode -> Text,
        outcome -> Text,
        text -> Text,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
        usage_source -> Text,
        started_at -> BigInt,
        ended_at -> BigInt,
        text_in_log -> Bool,
    }
}

diesel::table! {
    usage_days (owner, day, provider, model, purpose) {
        owner -> Text,
        day -> Text,
        provider -> Text,
        model -> Text,
        purpose -> Text,
        calls -> BigInt,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
    }
}

diesel::table! {
    turn_events (turn_id, first_number) {
        turn_id -> Text,
        first_number -> BigInt,
        last_number -> BigInt,
        frames -> Binary,
    }
}

diesel::table! {
    log_gaps (turn_id, after_number) {
        turn_id -> Text,
        after_number -> BigInt,
        last_number -> BigInt,
    }
}

diesel::table! {
    commit_batches (id) {
        id -> BigInt,
        frames -> Binary,
    }
}

diesel::table! {
    idempotency_keys (owner, key) {
        owner -> Text,
        key -> Text,
        fingerprint -> Text,
        turn_id -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Text,
        hash -> Text,
        owner -> Text,
        name -> Nullable<Text>,
        observes -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    session_readers (session_id, reader) {
        session_id -> Text,
        reader -> Text,
        first_read_at -> BigInt,
        last_read_at -> BigInt,
    }
}

diesel::table! {
    session_observers (session_id, observer) {
        session_id -> Text,
        observer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    stream_tickets (hash) {
        hash -> Text,
        owner -> Text,
        path -> Text,
        bearer -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    request_rates (owner) {
        owner -> Text,
        full_at -> BigInt,
    }
}

diesel::table! {
    session_focus (session_id, version) {
        session_id -> Text,
        version -> BigInt,
        position -> BigInt,
        source -> Text,
        planned_at -> BigInt,
        plan -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    learners (owner) {
        owner -> Text,
        level -> Nullable<Text>,
        goals -> Nullable<Text>,
        language -> Nullable<Text>,
        tracking -> Integer,
        updated_at -> BigInt,
    }
}

diesel::table! {
    learner_topics (owner, subject, topic) {
        owner -> Text,
        subject -> Text,
        topic -> Text,
        mastery -> Integer,
        evidence -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    session_summaries (session_id) {
        session_id -> Text,
        position -> BigInt,
        summary -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    user_storage (owner) {
        owner -> Text,
        bytes -> BigInt,
        reserved_bytes -> BigInt,
        messages -> BigInt,
        sessions -> BigInt,
    }
}

diesel::table! {
    token_reservations (call) {
        call -> Text,
        owner -> Text,
        provider -> Text,
        model -> Text,
        purpose -> Text,
        prompt_tokens -> BigInt,
        tokens -> BigInt,
    }
}

diesel::table! {
    turn_reasoning (turn_id) {
        turn_id -> Text,
        reasoning -> Text,
    }
}

diesel::joinable!(messages -> sessions (session_id));
diesel::joinable!(turns -> sessions (session_id));
diesel::joinable!(turn_events -> turns (turn_id));
diesel::joinable!(attempts -> turns (turn_id));
diesel::allow_tables_to_appear_in_same_query!(
    sessions,
    messages,
    turns,
    turn_events,
    attempts,
    idempotency_keys,
    session_observers,
);
