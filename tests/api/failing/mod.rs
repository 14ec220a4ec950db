//! Providers that fail do not fail the learner: retries, the next provider, the rest of a reply, an honest end.

mod after_text;
mod before_text;
mod begins_anew;
mod odd_answers;
mod record;
mod refusals;
mod usage;
mod when_all_fail;
mod wishes;

use serde_json::Value;

use crate::app::Setup;
use crate::upstream::Upstream;

/// A chain of the setup's own upstream, `first`, and `second`. Both have the settings `more`.
fn chain_of_two(setup: Setup, second: &Upstream, more: &str) -> Setup {
    let table = |name: &str, upstream: &Upstream| {
        format!(
            "[[providers]]\nwire = \"openai-chat\"\nname = \"{name}\"\nmodel = \"{name}-model\"\nbase_url = \"{}\"\n{more}\n",
            upstream.base_url()
        )
    };
    let tables = table("first", &setup.upstream) + &table("second", second);
    setup.without_provider().tables(&tables)
}

/// How the calls of a turn ended, as `provider mode outcome`.
fn calls(turn: &Value) -> Vec<String> {
    let call = |call: &Value| {
        ["provider", "mode", "outcome"]
            .map(|field| call[field].as_str().unwrap_or("?").to_owned())
            .join(" ")
    };
    turn["attemptLog"]
        .as_array()
        .expect("a list")
        .iter()
        .map(call)
        .collect()
}
