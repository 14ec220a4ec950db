/** The outbox that all chats of a page share, and what sends for conversations that no tab has open. */

import type { TutorClient } from "../client.js";
import { NOBODY, type Owner } from "../identity/owner.js";
import { ifFree } from "../locks.js";
import { type OutboxEntry, requestOf, writerOf } from "./entry.js";
import { Outbox } from "./outbox.js";
import { stepsAside } from "./outcome.js";

const outboxes = new Map<string, Outbox>();

/** The same for all clients of one server. */
export function sharedOutbox({ baseUrl }: { readonly baseUrl: string }): Outbox {
  const known = outboxes.get(baseUrl) ?? new Outbox({ name: baseUrl });
  outboxes.set(baseUrl, known);
  return known;
}

/** The part of who acts now. */
export function ownOutbox(outbox: Outbox, client: TutorClient, owner: Owner): Outbox {
  return outbox.of(owner, owner.drawer === NOBODY ? client.identity.period : "");
}

/** The lock that a chat holds while it is open. */
export function openLock(outbox: Outbox, conversation: string): string {
  return `${outbox.name}:open:${conversation}`;
}

/**
 * Sends what was left by chats that are not open in any tab. Replies are written without a reader. What fails stays
 * for the next time; one conversation that fails does not keep the others.
 */
export async function sendElsewhere(outbox: Outbox, client: TutorClient, signal: AbortSignal): Promise<void> {
  const conversations = new Set((await outbox.load()).map((entry) => entry.conversation));
  const failures: unknown[] = [];
  for (const conversation of conversations) {
    if (signal.aborted) break;
    await ifFree(openLock(outbox, conversation), () => sendAll(outbox, client, { conversation, signal })).catch(
      (cause: unknown) => failures.push(cause),
    );
  }
  if (failures.length > 0) throw failures[0];
}

interface Left {
  conversation: string;
  signal: AbortSignal;
}

async function sendAll(outbox: Outbox, client: TutorClient, { conversation, signal }: Left): Promise<void> {
  while (!signal.aborted && (await client.reach.isReachable())) {
    try {
      const sent = await outbox.sendNext(conversation, (entry) => submit(client, entry, signal));
      if (sent === null) return;
    } catch (cause) {
      if (!stepsAside(cause)) throw cause;
    }
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
    const owner = writerOf(entry) ?? undefined;
    const events = client.streamChat(requestOf(entry), { signal: reader.signal, onAccepted, openAttempts: 1, owner });
    await events.next();
    return { sessionId };
  } catch (cause) {
    // The server has it, whatever became of the stream.
    if (sessionId !== "") return { sessionId };
    throw cause;
  } finally {
    reader.abort();
    signal.removeEventListener("abort", leave);
  }
}
