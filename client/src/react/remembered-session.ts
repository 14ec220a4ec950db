"use client";
/**
 * The session that a user was in last, by server and user, kept by the browser: a reload goes on with it. Where nothing
 * may be kept, each visit begins anew.
 */

import { useEffect, useState } from "react";

import type { HttpTutorStream } from "./use-http-tutor-stream.js";

export interface RememberedSession {
  sessionId: string | null;
  onSession: (sessionId: string | null) => void;
}

export function useRememberedSession(): RememberedSession {
  const [sessionId, onSession] = useState<string | null>(null);
  return { sessionId, onSession };
}

/** Keeps in step what is kept and what is shown. `server` null: the application keeps the session itself. */
export function useRemembering(server: string | null, tutor: HttpTutorStream, remembered: RememberedSession): void {
  const { user, sessionId, loaded, deleted, error } = tutor;
  const { onSession } = remembered;
  const isGone = deleted || (!loaded && sessionId !== null && GONE.has(error?.code ?? ""));
  const isEmpty = sessionId === null && tutor.messages.length === 0 && tutor.outbox.length === 0;
  useEffect(() => {
    if (server === null || user === null) return;
    if (isGone) {
      keep(server, user, null);
      // What was deleted in front of one's eyes is told; what was gone before is no news.
      if (!deleted) onSession(null);
    } else if (sessionId !== null && loaded) {
      keep(server, user, sessionId);
    } else if (isEmpty) {
      const kept = read(server, user);
      if (kept !== null) onSession(kept);
    }
  }, [server, user, sessionId, loaded, deleted, isGone, isEmpty, onSession]);
}

/** A new chat: the next visit begins with it, too. */
export function forgetSession(server: string, user: string | null): void {
  if (user !== null) keep(server, user, null);
}

/** It was deleted, or is somebody else's. */
const GONE: ReadonlySet<string> = new Set(["not-found", "invalid-id"]);

const keyOf = (server: string, user: string) => `tutorstream.session:${JSON.stringify([server, user])}`;

function read(server: string, user: string): string | null {
  try {
    return globalThis.localStorage?.getItem(keyOf(server, user)) ?? null;
  } catch {
    return null;
  }
}

function keep(server: string, user: string, sessionId: string | null): void {
  try {
    if (sessionId === null) globalThis.localStorage?.removeItem(keyOf(server, user));
    else globalThis.localStorage?.setItem(keyOf(server, user), sessionId);
  } catch {
    // Storage may be forbidden or full.
  }
}
