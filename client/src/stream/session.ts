/** The place in a session's feed: what each frame means for the next connection. */

import { FEED_TYPES, decodeFeedEvent } from "../wire/decode.js";
import type { FeedEvent } from "../wire/events.js";
import type { OpenOptions, Subject, Taken } from "./follow.js";
import type { StreamOpener } from "./open.js";
import type { Frame } from "./sse.js";

export interface SessionSubjectOptions {
  open: StreamOpener;
  expireToken: () => void;
  /** Throws when the session is gone. */
  hasMore: () => Promise<boolean>;
}

export class SessionSubject implements Subject<FeedEvent> {
  readonly #path: string;
  readonly #options: SessionSubjectOptions;
  #place: string | null;

  constructor(sessionId: string, place: string | null, options: SessionSubjectOptions) {
    this.#path = `/sessions/${encodeURIComponent(sessionId)}/events`;
    this.#place = place;
    this.#options = options;
  }

  open(connection: OpenOptions): Promise<AsyncIterable<Frame> | null> {
    const { open, hasMore } = this.#options;
    return open({ ...connection, path: this.#path, lastEventId: this.#place, types: FEED_TYPES, hasMore, endless: true });
  }

  take(frame: Frame): Taken<FeedEvent> {
    const event = decodeFeedEvent(frame);
    if (event === null) return { event, progress: false };
    this.#place = frame.id ?? this.#place;
    switch (event.type) {
      case "session-deleted":
        return { event, progress: true, then: "end" };
      case "reconnect":
        return { event, progress: false, then: { reconnectAfterMs: Number(event.data.afterMs) || 0 } };
      case "auth-expired":
        this.#options.expireToken();
        return { event, progress: false, then: { reconnectAfterMs: 0 } };
      default:
        return { event, progress: true };
    }
  }

  /** A feed has no end that a client could choose. */
  mayRetry(): boolean {
    return true;
  }
}
