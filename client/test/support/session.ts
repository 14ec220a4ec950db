/** A session as a server has it from moment to moment: what is told at each, and the page that is read there. */

import type { DurableEvent, FeedEvent, Message, MessagePage } from "../../src/index.js";

export type Step =
  | { kind: "send" }
  | { kind: "write"; text: string }
  | { kind: "restart" }
  | { kind: "continue" }
  | { kind: "end"; status: "complete" | "stopped" | "failed" | "interrupted" };

export interface Moment {
  /** What is told since the moment before. */
  events: FeedEvent[];
  page: MessagePage;
}

interface Running {
  turnId: string;
  messageId: string;
  lastEventId: number;
}

const SESSION = "session-1";
const BEGIN_MS = Date.parse("2026-01-01T00:00:00.000Z");
const USAGE = { inputTokens: 1, outputTokens: 1, source: "estimated" } as const;

/** Steps that cannot be taken where they come are left out. */
export class FakeSession {
  readonly moments: Moment[] = [];
  #messages: Message[] = [];
  #running: Running | null = null;
  #turns = 0;
  #told: FeedEvent[] = [];

  constructor(steps: readonly Step[]) {
    this.#remember();
    for (const step of steps) {
      this.#take(step);
      if (this.#told.length > 0) this.#remember();
    }
  }

  #take(step: Step): void {
    const last = this.#messages.at(-1);
    if (step.kind === "send" && this.#running === null) return this.#send();
    if (step.kind === "continue" && this.#running === null && last && last.status !== "complete") {
      return this.#begin(last.replyTo ?? "", last);
    }
    if (this.#running === null) return;
    if (step.kind === "write") this.#write(step.text);
    if (step.kind === "restart") this.#restart();
    if (step.kind === "end") this.#end(step.status);
  }

  get #now(): string {
    return new Date(BEGIN_MS + this.moments.length * 1_000).toISOString();
  }

  #send(): void {
    const question = this.#row("user", "Why?", null);
    this.#messages = [...this.#messages, question];
    this.#tell({ type: "message-created", data: { message: question, revision: this.moments.length } });
    this.#begin(question.id, null);
  }

  #begin(userMessageId: string, reply: Message | null): void {
    this.#turns += 1;
    const turnId = `turn-${this.#turns}`;
    const message = { ...(reply ?? this.#row("assistant", "", userMessageId)), turnId, status: "streaming" as const, updatedAt: this.#now };
    this.#messages = reply ? this.#messages.map((each) => (each === reply ? message : each)) : [...this.#messages, message];
    this.#running = { turnId, messageId: message.id, lastEventId: 0 };
    const ids = { turnId, sessionId: SESSION, userMessageId, messageId: message.id };
    this.#event({ type: "turn-start", data: { ...ids, provider: "p", model: "m", createdAt: this.#now } });
    // A turn that goes on with a reply tells what is there already.
    if (message.content !== "") this.#event({ type: "text-delta", data: { text: message.content } });
  }

  #write(text: string): void {
    this.#change(({ content }) => ({ content: content + text }));
    this.#event({ type: "text-delta", data: { text } });
  }

  #restart(): void {
    this.#change(() => ({ content: "" }));
    const data = { attempt: 2, mode: "restart" as const, provider: "p", model: "m", reason: "provider-disconnected" };
    this.#event({ type: "attempt-start", data });
  }

  #end(status: Exclude<Message["status"], "streaming">): void {
    const messageId = this.#running?.messageId ?? "";
    const finishReason = status === "complete" ? ("stop" as const) : null;
    this.#change(() => ({ status, finishReason, usage: USAGE, updatedAt: this.#now }));
    const data = { status, finishReason, usage: USAGE, messageId, textLength: 0, cached: false };
    this.#event({ type: "turn-end", data });
    this.#running = null;
  }

  #change(changes: (message: Message) => Partial<Message>): void {
    const id = this.#running?.messageId;
    this.#messages = this.#messages.map((each) => (each.id === id ? { ...each, ...changes(each) } : each));
  }

  #row(role: Message["role"], content: string, replyTo: string | null): Message {
    const id = `message-${this.#messages.length + 1}`;
    const times = { createdAt: this.#now, updatedAt: this.#now };
    const ended = { status: "complete", finishReason: null, usage: null } as const;
    return { id, sessionId: SESSION, role, content, ...ended, replyTo, turnId: null, clientMessageId: null, ...times };
  }

  #event(event: { type: DurableEvent["type"]; data: object }): void {
    if (this.#running === null) return;
    this.#running.lastEventId += 1;
    const { turnId, lastEventId: id } = this.#running;
    this.#tell({ ...event, id, turnId });
  }

  #tell(event: object): void {
    this.#told.push({ ...event, place: String(this.moments.length) } as FeedEvent);
  }

  #remember(): void {
    const active = this.#running && { ...this.#running, status: "streaming" as const };
    const messages = this.#messages.map((message) => ({ ...message }));
    this.moments.push({ events: this.#told, page: { messages, nextCursor: null, activeTurn: active } });
    this.#told = [];
  }
}
