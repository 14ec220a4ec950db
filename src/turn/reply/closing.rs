//! How a call to a provider becomes its record.

use std::sync::Arc;

use super::{Reply, STOPPED, count, tokens};
use crate::model::{Usage, UsageSource};
use crate::repository::{Attempt, EndedCall, now};

impl Reply {
    /// The call has ended. Without reported tokens they are estimated; a request that was refused has cost none.
    pub(in crate::turn) fn close(&mut self, outcome: &str, reported: Option<Usage>) {
        let input_tokens = self.input_tokens();
        let Some(current) = self.current.take() else {
            return;
        };
        // It was stopped before the provider was asked.
        if !current.sent {
            self.next = current.number;
            return;
        }
        let from = if current.wrote {
            current.from
        } else {
            self.text.len()
        };
        let usage = reported.unwrap_or_else(|| {
            let was_read = current.accepted || matches!(outcome, STOPPED | "provider-first-delta-timeout");
            let written = tokens(&self.text[from..]) + count(current.reasoning_bytes.div_ceil(4));
            Usage {
                input_tokens: if was_read { input_tokens } else { 0 },
                output_tokens: self
                    .allotment
                    .as_ref()
                    .map_or(written, |held| held.at_most(written)),
                source: UsageSource::Estimated,
            }
        });
        let attempt = Attempt {
            turn_id: self.turn_id,
            number: current.number,
            provider: current.provider.name().to_owned(),
            model: current.provider.model().to_owned(),
            mode: current.mode,
            outcome: outcome.to_owned(),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            usage_source: usage.source,
            started_at: current.started_at,
            ended_at: now(),
        };
        let reply = Arc::clone(&self.text);
        let purpose = self.purpose();
        self.calls.add(EndedCall {
            attempt,
            reply,
            from,
            purpose,
        });
    }
}
