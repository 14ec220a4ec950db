/** The place in a turn's log: which request comes next, and what each frame means for it. */

import type { NetworkError, Problem } from "../http/problem.js";
import { TURN_TYPES, decodeTurnEvent } from "../wire/decode.js";
import type { PassingEvent, TurnEvent } from "../wire/events.js";
import type { OpenOptions, Subject, Taken } from "./follow.js";
import { type StreamOpener, responseFrames } from "./open.js";
import type { Frame } from "./sse.js";

/** A request that starts or joins a turn must not wait politely for longer than somebody who sends would. */
const LONGEST_POLITE_WAIT_MS = 10_000;

/** The server has taken the request and named the turn. */
export interface Accepted {
  turnId: string;
  sessionId: string;
  /** The turn was started by an earlier request with the same key. */
  replayed: boolean;
}

export interface RetryBudget {
  /** How often a request that starts a turn is tried. Default 4. */
  openAttempts?: number | undefined;
  /** How often in a row a connection may fail without a new event. Default 20. */
  attempts?: number | undefined;
}

export interface TurnSubjectOptions extends RetryBudget {
  open: StreamOpener;
  expireToken: () => void;
  /** Whether a turn has events after this one. */
  hasMore: (turnId: string, lastEventId: number) => Promise<boolean>;
  /** Starts the turn, or joins it; must be safe to repeat. */
  start?: (signal: AbortSignal) => Promise<Response>;
  onAccepted?: ((accepted: Accepted) => void) | undefined;
  /** Whether the events are read from the answer that starts the turn. */
  readsAnswer: boolean;
}

export class TurnSubject implements Subject<TurnEvent> {
  readonly #options: TurnSubjectOptions;
  #turnId: string | null;
  #lastEventId: number;

  constructor(options: TurnSubjectOptions, place: { turnId: string | null; lastEventId: number }) {
    this.#options = options;
    this.#turnId = place.turnId;
    this.#lastEventId = place.lastEventId;
  }

  async open(connection: OpenOptions): Promise<AsyncIterable<Frame> | null> {
    if (this.#turnId === null) {
      const response = await this.#start(connection.signal);
      if (this.#options.readsAnswer || this.#turnId === null) return responseFrames(response, connection);
      await response.body?.cancel();
    }
    const [turnId, lastEventId] = [this.#turnId, this.#lastEventId];
    return this.#options.open({
      ...connection,
      path: `/turns/${encodeURIComponent(turnId)}/events`,
      lastEventId: lastEventId > 0 ? String(lastEventId) : null,
      types: TURN_TYPES,
      hasMore: () => this.#options.hasMore(turnId, lastEventId),
    });
  }

  take(frame: Frame): Taken<TurnEvent> {
    const event = decodeTurnEvent(frame);
    if (event === null) return { event, progress: false };
    if (!("id" in event)) return this.#takePassing(event);
    if (event.id <= this.#lastEventId) return { event: null, progress: false };
    this.#lastEventId = event.id;
    // A proxy may have taken the header that names the turn.
    if (event.type === "turn-start" && this.#turnId === null) this.#accept({ ...event.data, replayed: false });
    if (event.type === "turn-end") return { event, progress: true, then: "end" };
    return { event, progress: true };
  }

  mayRetry(error: NetworkError | Problem, failures: number): boolean {
    const { openAttempts = 4, attempts = 20 } = this.#options;
    if (this.#turnId !== null) return failures < attempts;
    const waitMs = "retryAfterMs" in error ? (error.retryAfterMs ?? 0) : 0;
    return failures + 1 < openAttempts && waitMs <= LONGEST_POLITE_WAIT_MS;
  }

  async #start(signal: AbortSignal): Promise<Response> {
    const { start } = this.#options;
    if (!start) throw new TypeError("There is neither a turn nor a request for one.");
    const response = await start(signal);
    const turnId = response.headers.get("X-Turn-Id");
    const sessionId = response.headers.get("X-Session-Id");
    const replayed = response.headers.get("Idempotent-Replayed") === "true";
    if (turnId !== null && sessionId !== null) this.#accept({ turnId, sessionId, replayed });
    return response;
  }

  #accept({ turnId, sessionId, replayed }: Accepted): void {
    this.#turnId = turnId;
    this.#options.onAccepted?.({ turnId, sessionId, replayed });
  }

  #takePassing(event: PassingEvent): Taken<TurnEvent> {
    switch (event.type) {
      case "rewind":
        return this.#rewind(Number(event.data.lastEventId));
      case "reconnect":
        return { event, progress: false, then: { reconnectAfterMs: Number(event.data.afterMs) || 0 } };
      case "auth-expired":
        this.#options.expireToken();
        return { event, progress: false, then: { reconnectAfterMs: 0 } };
      default:
        return { event, progress: false };
    }
  }

  /**
   * All is void, wherever the server would go on from: nobody keeps the text as it was after each event. From a
   * place in between it is asked for everything.
   */
  #rewind(lastEventId: number): Taken<TurnEvent> {
    if (!(lastEventId < this.#lastEventId)) return { event: null, progress: false };
    this.#lastEventId = 0;
    const event = { type: "rewind", data: { lastEventId: 0 } } as const;
    return { event, progress: false, ...(lastEventId > 0 && { then: { reconnectAfterMs: 0 } }) };
  }
}
