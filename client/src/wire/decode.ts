/**
 * Turns frames into typed events. What this version does not know, or cannot read, is left out and never an
 * error: a newer server may say more.
 */

import type { Frame } from "../stream/sse.js";
import type {
  DurableEvent,
  DurableType,
  FeedEvent,
  PassingEvent,
  PassingType,
  SessionType,
  TurnEvent,
} from "./events.js";

type Fields = Record<string, unknown>;

const DURABLE: Record<DurableType, true> = {
  "turn-start": true,
  "session-focus": true,
  "reasoning-delta": true,
  "text-delta": true,
  "attempt-start": true,
  error: true,
  "turn-end": true,
};

const PASSING: Record<PassingType, true> = {
  retrying: true,
  "storage-degraded": true,
  waiting: true,
  reconnect: true,
  rewind: true,
  "auth-expired": true,
};

const SESSION: Record<SessionType, true> = {
  "session-snapshot": true,
  "message-created": true,
  "message-updated": true,
  "session-updated": true,
  "session-deleted": true,
  presence: true,
  ephemeral: true,
};

/** The names to listen for where a listener needs a name. */
export const TURN_TYPES: readonly string[] = [...Object.keys(DURABLE), ...Object.keys(PASSING)];
export const FEED_TYPES: readonly string[] = [...TURN_TYPES, ...Object.keys(SESSION)];

export function decodeTurnEvent(frame: Frame): TurnEvent | null {
  const data = parse(frame.data);
  if (data === null) return null;
  if (Object.hasOwn(PASSING, frame.type)) return { type: frame.type, data } as unknown as PassingEvent;
  const id = eventNumber(frame.id);
  if (id === null || !isReadable(frame.type, data)) return null;
  return { type: frame.type, id, data } as unknown as DurableEvent;
}

export function decodeFeedEvent(frame: Frame): FeedEvent | null {
  const data = parse(frame.data);
  if (data === null) return null;
  const { type, id: place } = frame;
  if (Object.hasOwn(SESSION, type)) return { type, data, place } as unknown as FeedEvent;
  const { turnId, eventId, ...rest } = data;
  if (Object.hasOwn(PASSING, type)) {
    // What concerns the connection is about no turn.
    const about = typeof turnId === "string" ? { turnId } : {};
    return { type, ...about, data: rest, place } as unknown as FeedEvent;
  }
  if (typeof turnId !== "string" || typeof eventId !== "number" || !isReadable(type, rest)) return null;
  // The `turnId` of a `turn-start` is a field of its own, too.
  const own = type === "turn-start" ? { turnId, ...rest } : rest;
  return { type, id: eventId, turnId, data: own, place } as unknown as FeedEvent;
}

/** Deltas are added to a text, so they must have one. */
function isReadable(type: string, data: Fields): boolean {
  if (!Object.hasOwn(DURABLE, type)) return false;
  return !type.endsWith("-delta") || typeof data["text"] === "string";
}

function eventNumber(id: string | null): number | null {
  return id !== null && /^[1-9][0-9]{0,14}$/.test(id) ? Number(id) : null;
}

function parse(text: string): Fields | null {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Fields) : null;
  } catch {
    return null;
  }
}
