/** The outbox that all chats of a page share, and what sends for conversations that no tab has open. */

import type { TutorClient } from "../client.js";
import { isOnline } from "../environment.js";
import { ifFree } from "../locks.js";
import { requestOf, type OutboxEntry } from "./entry.js";
import { Outbox } from "./outbox.js";

const outboxes = new Map<string, Outbox>();

/** The same for all clients of one server. */
export function sharedOutbox({ baseUrl }: TutorClient): Outbox {
  const known = outboxes.get(baseUrl) ?? new Outbox({ name: baseUrl });
  outboxes.set(baseUrl, known);
  return known;
}

/** The lock that a chat holds while it is open. */
export function openLock(outbox: Outbox, conversation: string): string {
  return `${outbox.name}:open:${conversation}`;
}

/**
 * Sends what was left by chats that are not open in any tab. Replies are written without a reader. What fails stays
 * for the next time.
 */
export async function sendElsewhere(outbox: Outbox, client: TutorClient, signal: AbortSignal): Promise<void> {
  const conversations = new Set((await outbox.load()).map((entry) => entry.conversation));
  for (const conversation of conversations) {
    await ifFree(openLock(outbox, conversation), async () => {
      while (isOnline() && !signal.aborted) {
        const sent = await outbox.sendNext(conversation, (entry) => submit(client, entry, signal));
        if (sent === null) return;
      }
    });
  }
}

/** Hands a message over and leaves. */
async function submit(client: TutorClient, entry: OutboxEntry, signal: AbortSignal): Promise<{ sessionId: string }> {
  const reader = new AbortController();
  const leave = () => reader.abort(signal.reason);
  signal.addEventListener("abort", leave);
  let sessionId = "";
  try {
    const onAccepted = (accepted: { sessionId: string }) => ({ sessionId } = accepted);
    const events = client.streamChat(requestOf(entry), { signal: reader.signal, onAccepted, openAttempts: 1 });
    await events.next();
    return { sessionId };
  } finally {
    reader.abort();
    signal.removeEventListener("abort", leave);
  }
}
