// Follows one turn to its end over as many connections as that takes.
// A body that ends without `turn-end` is a cut, never an end: the turn is resumed after the last event seen.

import { ApiError, openTurnEvents } from "./api.js";
import { Backoff, pause } from "./backoff.js";
import { StreamCutError, readEvents } from "./sse.js";

// Heartbeats come at most 15 s apart; more than two missing ones mean a dead connection.
const IDLE_MS = 40_000;
const OPEN_TRIES = 4;
const LONGEST_POLITE_WAIT_MS = 10_000;

/**
 * `log` keeps the place (`turnId`, `lastEventId`) and takes every event. `open` makes the first request; it
 * is repeated until a turn id is known, so it must be safe to repeat.
 * Resolves to "ended", or to "nothing-more" when the server has no events left to send.
 */
export async function followTurn(log, { open, signal, onOpen, onEvent, onConnection }) {
  const backoff = new Backoff();
  for (;;) {
    let delay;
    try {
      const response = await connect(log, open, signal);
      if (response.status === 204) return "nothing-more";
      log.turnId ??= response.headers.get("X-Turn-Id");
      onOpen(response);
      onConnection("open");
      const result = await readConnection(response, log, { backoff, onEvent });
      if (result.ended) return "ended";
      delay = result.delay;
    } catch (error) {
      if (signal.aborted || !mayTryAgain(error, log, backoff)) throw error;
      delay = error.retryAfterMs ?? 0;
    }
    signal.throwIfAborted();
    onConnection("reconnecting", backoff.failures);
    await pause(delay + backoff.nextDelay(), signal);
  }
}

async function connect(log, open, signal) {
  if (log.turnId !== null) return openTurnEvents(log.turnId, log.lastEventId, signal);
  return open(signal);
}

async function readConnection(response, log, { backoff, onEvent }) {
  let delay = 0;
  for await (const { id, type, data } of readEvents(response.body, { idleMs: IDLE_MS })) {
    const event = { id: id === null ? null : Number(id), type, data: parse(data) };
    if (event.data === null) continue;
    if (type === "reconnect") delay = event.data.afterMs ?? 0;
    const outcome = log.apply(event);
    if (outcome === "repeated") continue;
    backoff.reset();
    onEvent(event);
    if (type === "turn-end") return { ended: true };
    if (outcome === "replay") break;
  }
  return { ended: false, delay };
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function mayTryAgain(error, log, backoff) {
  if (error instanceof StreamCutError) return true;
  if (!(error instanceof ApiError) || !error.transient) return false;
  if (log.turnId !== null) return true;
  return backoff.failures < OPEN_TRIES && navigator.onLine && (error.retryAfterMs ?? 0) <= LONGEST_POLITE_WAIT_MS;
}
