//! The session focus of a turn: planned before the provider is asked, told as an event, reviewed after the end. A turn
//! never fails for want of a plan.

use std::sync::Arc;

use super::Turns;
use super::event::Event;
use super::live::{Interruption, LiveTurn};
use crate::agent::TurnFocus;

impl Turns {
    /// Has the focus planned and tells it. A reply that has text already keeps to the plan that there is; a log that
    /// tells the focus, `told`, is not told it again.
    pub(super) async fn focus(
        &self,
        live: &LiveTurn,
        has_text: bool,
        told: bool,
    ) -> Result<(), Interruption> {
        let Some(planner) = self.agent.planner() else {
            return Ok(());
        };
        let planning = planner.plan_session_focus(&live.repository, &live.turn, !has_text);
        let planned = tokio::select! {
            biased;
            interruption = live.interruption() => return Err(interruption),
            planned = planning => planned,
        };
        match planned {
            Ok(Some(focus)) => {
                let focus = live.focus.get_or_init(|| Arc::new(focus));
                if !told {
                    live.log
                        .append(&[Event::SessionFocus(Box::new(TurnFocus::clone(focus)))]);
                }
            }
            Ok(None) => {}
            Err(error) => ::log::warn!("focus.none turn.id={} error={error}", live.turn.id),
        }
        Ok(())
    }

    /// Has the turn's end looked at by the planner. Nobody waits for it.
    pub(super) fn review(&self, live: &LiveTurn) {
        if self.is_draining() {
            return;
        }
        let Some(planner) = self.agent.planner().cloned() else {
            return;
        };
        let (user, turn) = (live.repository.clone(), live.turn.clone());
        let metrics = Arc::clone(&self.metrics);
        self.main.spawn(async move {
            if let Err(error) = planner.review(&user, &turn).await {
                ::log::warn!("focus.not_reviewed turn.id={} error={error}", turn.id);
            }
            metrics.reviewed();
        });
    }
}
