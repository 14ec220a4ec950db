//! What `--help` says beside the flags: the variables that no flag stands for, and the keys of the settings file.

/// Ends the long help. `docs/operations.md` says what each means; a test compares the two.
pub const VARIABLES_AND_KEYS: &str = "\
Variables without a flag:
  OPENAI_API_KEY              key of the OpenAI-compatible API
  ANTHROPIC_API_KEY           key of the API that speaks Anthropic's Messages
  TUTORSTREAM_JWT_SECRET      secret of HS256 tokens
  TUTORSTREAM_METRICS_TOKEN   what /metrics asks for
  TUTORSTREAM_LOG_FORMAT      json: an object a line
  RUST_LOG                    for example warn, or tutorstream=debug

Keys of tutorstream.toml (docs/operations.md says what they mean, and has those of the tables):
  bind, database_url, durability, merge_window_ms, commit_window_ms, drain_seconds, events_after,
  allowed_origins, allowed_hosts, pages, planner, instructions, instructions_file, context_tokens,
  window_tokens, providers, retry, breaker, limits, allow_provider_choice, fallback_message,
  auth.required, auth.cookie, auth.locked_transcripts, auth.metrics_token,
  auth.jwt.algorithm, auth.jwt.issuer, auth.jwt.audience, auth.jwt.types, auth.jwt.leeway_seconds,
  auth.jwt.user_claim, auth.jwt.observes_claim, auth.jwt.secret_file, auth.jwt.jwks_file,
  auth.jwt.jwks_url, auth.jwt.jwks_floor_seconds, auth.jwt.jwks_timeout_seconds";
