/** Chats of a fake server, closed after each test. */

import { afterEach, beforeEach } from "vitest";

import { Chat, MemoryStorage, Outbox } from "../../src/index.js";
import type { ChatOptions, ChatSnapshot, OutboxStorage } from "../../src/index.js";
import { NOBODY } from "../../src/identity/owner.js";
import { type Bench, bench, passing } from "./bench.js";

export interface ChatBench extends Bench {
  outbox: Outbox;
  storage: OutboxStorage;
  /** The part of the outbox that chats without a token have. */
  own: Outbox;
  /** A chat in a tab of its own. */
  chat(options?: Partial<ChatOptions>): Chat;
}

export function chatBench(): ChatBench {
  const made = bench() as ChatBench;
  const chats: Chat[] = [];
  beforeEach(() => {
    made.storage = new MemoryStorage();
    made.outbox = new Outbox({ name: "chat", storage: made.storage });
    made.own = made.outbox.of({ drawer: NOBODY, user: null }, made.client.identity.period);
  });
  afterEach(() => {
    for (const chat of chats.splice(0)) chat.close();
    made.outbox.close();
  });
  made.chat = (options = {}) => {
    const { client, outbox } = made;
    const chat = new Chat({ client, outbox, feed: false, smoothing: false, ...options });
    chats.push(chat);
    return chat;
  };
  return made;
}

/** Waits until the chat shows what is wanted. */
export function until(chat: Chat, wanted: (snapshot: ChatSnapshot) => boolean): Promise<void> {
  return passing(
    new Promise<void>((resolve) => {
      const look = () => wanted(chat.getSnapshot()) && resolve();
      chat.subscribe(look);
      look();
    }),
  );
}

export const outline = ({ messages }: ChatSnapshot) => messages.map(({ role, content }) => `${role}: ${content}`);
