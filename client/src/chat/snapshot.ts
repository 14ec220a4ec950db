/** What a view shows of a chat: built anew when something changes, with unchanged messages staying the same objects. */

import type { ConnectionState } from "../stream/follow.js";
import type { Entries, OutboxEntry } from "../outbox/entry.js";
import type { UnclaimedMessage } from "../outbox/owned.js";
import type { Session, SessionFocus } from "../wire/resources.js";
import type { EnvironmentWarning } from "../warnings.js";
import { type Conversation, type KnownMessage, replyOf, runningTurn } from "./conversation.js";
import { errorOf } from "./errors.js";
import type { ChatError } from "./errors.js";
import type { Notice } from "./turn-state.js";
import { type UnsentMessage, unsentMessages } from "./unsent.js";

/**
 * `submitted`: sent, and the server has not begun to answer. `streaming`: a reply is being written, here or on
 * another device. `error`: the last thing that was tried failed; it can be tried again.
 */
export type ChatStatus = "ready" | "submitted" | "streaming" | "error";

export type { ChatError };

export interface ChatMessage extends KnownMessage {
  /** Ids of the replies to the same message, this one included; of a learner's message, its own alone. */
  readonly alternatives: readonly string[];
  /** `sending`: the server has not confirmed it yet. */
  readonly delivery: "sending" | "sent";
}

export interface ChatSnapshot {
  readonly status: ChatStatus;
  readonly error: ChatError | null;
  /** Null until a first message has made the draft a session. */
  readonly sessionId: string | null;
  readonly session: Session | null;
  /** The session was deleted, here or elsewhere. */
  readonly deleted: boolean;
  /** Whether the messages of the session are there. */
  readonly loaded: boolean;
  /** In reading order; of several replies to one message, the chosen one. */
  readonly messages: readonly ChatMessage[];
  /** The reply that is being written. */
  readonly streamingMessage: ChatMessage | null;
  readonly hasOlder: boolean;
  readonly focus: SessionFocus | null;
  /** What has not been sent yet, in order: why, and what can be done about it. */
  readonly outbox: readonly UnsentMessage[];
  /** Of the message that is being sent, or the reply that is being written here. */
  readonly connection: ConnectionState["state"] | null;
  /** While `connection` is `waiting`: why, and when it is tried again, in milliseconds since 1970. */
  readonly connectionError: ChatError | null;
  readonly reconnectAt: number | null;
  readonly notice: Notice | null;
  /** While `notice` is `retrying`: how long the server waits before it asks again, in milliseconds. */
  readonly retryInMs: number | null;
  /** While the turn waits at its provider: its place among those that do; 1 is the next. */
  readonly waitingPosition: number | null;
  readonly online: boolean;
  /** Who acts, as the server or the application has named them; null while nobody has. */
  readonly user: string | null;
  /** Another tab of this browser acts as this user now. */
  readonly signedInElsewhere: string | null;
  /** Messages of earlier sign-ins whose writer nobody knows; they can only be discarded. */
  readonly unclaimed: readonly UnclaimedMessage[];
  /** What this runtime lacks. */
  readonly warnings: readonly EnvironmentWarning[];
}

/** What a snapshot is made of. */
export interface ChatState {
  readonly conversation: Conversation;
  readonly sessionId: string | null;
  /** This conversation's entries of the outbox. */
  readonly entries: Entries;
  readonly loaded: boolean;
  readonly online: boolean;
  readonly error: ChatError | null;
  /** A request of this chat runs: whether the server has taken it, and the message that it sends. */
  readonly run: { readonly accepted: boolean; readonly entry: OutboxEntry | null } | null;
  readonly connection: ConnectionState | null;
  /** When a lost connection is tried again. */
  readonly reconnectAt: number | null;
  /** When the first unsent message is tried again. */
  readonly retryAt: number | null;
  readonly user: string | null;
  readonly signedInElsewhere: string | null;
  readonly unclaimed: readonly UnclaimedMessage[];
  readonly warnings: readonly EnvironmentWarning[];
  /** The chosen reply, by the message that it answers. */
  readonly choices: Readonly<Record<string, string>>;
  /** What the application shows before the first message of a draft. */
  readonly opening: readonly KnownMessage[];
  /** How much of the running reply is shown. */
  readonly shown: { readonly messageId: string; readonly text: string } | null;
}

export function statusOf({ run, conversation, error }: ChatState): ChatStatus {
  if (run && !run.accepted) return "submitted";
  if (run || runningTurn(conversation)) return "streaming";
  return error ? "error" : "ready";
}

/** Whether a reply can be gone on with: it has not come to its end, and there is something to go on with. */
export function canContinue({ role, status, content, turnId }: ChatMessage): boolean {
  return role === "assistant" && turnId !== null && content !== "" && (status === "stopped" || status === "interrupted");
}

/** Whether another reply can be asked for in the place of this one: of a failed one anywhere, else of the last one. */
export function canRegenerate(message: ChatMessage, { messages, status }: ChatSnapshot): boolean {
  if (message.role !== "assistant" || message.replyTo === null || status === "submitted" || status === "streaming") return false;
  return message.status === "failed" || message.id === messages.at(-1)?.id;
}

/** Makes snapshots, and remembers the last one's messages. */
export class SnapshotMaker {
  #messages = new WeakMap<KnownMessage, ChatMessage>();

  make(state: ChatState): ChatSnapshot {
    const { conversation, entries, sessionId, loaded, online, connection, retryAt } = state;
    const turn = runningTurn(conversation);
    const messages = this.#rows(state);
    const reply = turn && replyOf(conversation, turn);
    return {
      status: statusOf(state),
      error: state.error,
      sessionId,
      session: conversation.session,
      deleted: conversation.deleted,
      loaded,
      messages: [...messages, ...sendingMessages(state)],
      streamingMessage: (reply && messages.find((message) => message.id === reply.id)) ?? null,
      hasOlder: conversation.olderCursor !== null,
      focus: conversation.focus,
      outbox: unsentMessages(entries, { online, busy: turn !== null || state.run !== null, retryAt }),
      connection: connection?.state ?? null,
      connectionError: connection?.state === "waiting" ? errorOf(connection.error) : null,
      reconnectAt: connection?.state === "waiting" ? state.reconnectAt : null,
      notice: turn?.notice ?? null,
      retryInMs: turn?.retryInMs ?? null,
      waitingPosition: turn?.waitingPosition ?? null,
      online,
      user: state.user,
      signedInElsewhere: state.signedInElsewhere,
      unclaimed: state.unclaimed,
      warnings: state.warnings,
    };
  }

  #rows({ conversation, choices, shown, opening }: ChatState): ChatMessage[] {
    const messages = [...opening, ...conversation.messages];
    const replies = groupReplies(messages);
    const present = new Set(messages.map((message) => message.id));
    const rows: ChatMessage[] = [];
    const place = (target: string) => {
      const group = replies.get(target);
      if (!group) return;
      replies.delete(target);
      const chosen = group.find((message) => message.id === choices[target]) ?? group.at(-1);
      const ids = group.map((message) => message.id);
      if (chosen) rows.push(this.#row(chosen, ids, shown));
    };
    for (const message of messages) {
      if (message.role === "assistant" && message.replyTo !== null) {
        if (!present.has(message.replyTo)) place(message.replyTo);
      } else {
        rows.push(this.#row(message, [message.id], shown));
        place(message.id);
      }
    }
    return rows;
  }

  #row(message: KnownMessage, alternatives: string[], shown: ChatState["shown"]): ChatMessage {
    const content =
      message.status === "streaming" && shown?.messageId === message.id ? shown.text : message.content;
    const old = this.#messages.get(message);
    const same = old && old.content === content && old.alternatives.join() === alternatives.join();
    if (same) return old;
    const row: ChatMessage = { ...message, content, alternatives, delivery: "sent" };
    this.#messages.set(message, row);
    return row;
  }
}

/** Replies by the message that they answer. An empty one that was stopped or failed is shown only if it is the newest. */
function groupReplies(messages: readonly KnownMessage[]): Map<string, KnownMessage[]> {
  const groups = new Map<string, KnownMessage[]>();
  for (const message of messages) {
    if (message.role !== "assistant" || message.replyTo === null) continue;
    const group = groups.get(message.replyTo)?.filter((each) => each.content !== "" || each.status === "streaming");
    groups.set(message.replyTo, [...(group ?? []), message]);
  }
  return groups;
}

/** A message shows while it is on its way, also when the outbox is through with it and no event has named it yet. */
function sendingMessages({ conversation, entries, run }: ChatState): ChatMessage[] {
  const stored = new Set(conversation.messages.map((message) => message.clientMessageId));
  const own = run?.entry ?? null;
  const others = entries.filter(
    (entry) => entry.state === "sending" && entry.clientMessageId !== own?.clientMessageId,
  );
  const sending = [...(own ? [own] : []), ...others].filter((entry) => !stored.has(entry.clientMessageId));
  return sending.map((entry) => ({
    ...userMessage(entry, {
      id: `local-${entry.clientMessageId}`,
      sessionId: entry.sessionId ?? "",
      createdAt: entry.createdAt,
    }),
    key: entry.clientMessageId,
    reasoning: "",
    error: null,
    alternatives: [],
    delivery: "sending",
  }));
}

/** A learner's message as the server is about to tell it. */
export function userMessage(entry: OutboxEntry, known: { id: string; sessionId: string; createdAt: string }) {
  const { id, sessionId, createdAt } = known;
  return {
    id,
    sessionId,
    role: "user",
    content: entry.text,
    status: "complete",
    finishReason: null,
    usage: null,
    replyTo: null,
    turnId: null,
    clientMessageId: entry.clientMessageId,
    createdAt,
    updatedAt: createdAt,
  } as const;
}
