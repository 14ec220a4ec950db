import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { SessionFeed } from "../src/index.js";
import type { FeedEvent, FeedSource } from "../src/index.js";
import { type Conversation, emptyConversation, foldFeed } from "../src/chat/conversation.js";
import { eventually } from "./support/eventually.js";
import { IDS } from "./support/frames.js";
import { FakeLocks } from "./support/locks.js";
import { message } from "./support/messages.js";

const session = {
  id: IDS.sessionId,
  title: "T",
  subject: null,
  learnerProfile: null,
  revision: 1,
  createdAt: "",
  updatedAt: "",
};

/** The server's side of feeds: who is connected from where, and what they are told. */
class FakeFeeds implements FeedSource {
  readonly baseUrl = "http://tutor.test";
  readonly places: (string | null)[] = [];
  connected = 0;
  #tell: ((event: FeedEvent | Error | null) => void) | null = null;

  async *followSession(_id: string, { place = null, signal }: { place?: string | null; signal?: AbortSignal | undefined }) {
    this.places.push(place);
    this.connected += 1;
    const queue: (FeedEvent | Error | null)[] = [];
    let wake = () => {};
    this.#tell = (event) => {
      queue.push(event);
      wake();
    };
    const leave = () => wake();
    signal?.addEventListener("abort", leave);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const event = queue.shift();
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if (event instanceof Error) throw event;
        else if (event === null) return;
        else yield event;
      }
    } finally {
      this.connected -= 1;
    }
  }

  tell(...events: (FeedEvent | Error | null)[]): void {
    for (const event of events) this.#tell?.(event);
  }
}

interface Tab {
  feed: SessionFeed;
  conversation: Conversation;
  failures: unknown[];
}

let feeds: FakeFeeds;
const tabs: Tab[] = [];

function openTab(): Tab {
  const tab = { conversation: emptyConversation, failures: [] } as unknown as Tab;
  const onEvent = (event: FeedEvent) => (tab.conversation = foldFeed(tab.conversation, event));
  tab.feed = new SessionFeed(feeds, IDS.sessionId, { onEvent, onFailure: (error) => tab.failures.push(error) });
  tabs.push(tab);
  return tab;
}

function snapshot(...contents: string[]): FeedEvent {
  const messages = contents.map((content, at) => message(`m${at}`, "user", content));
  return { type: "session-snapshot", place: "1", data: { session, messages, activeTurn: null, revision: 1 } };
}

function created(place: string, id: string, content: string): FeedEvent {
  return { type: "message-created", place, data: { message: message(id, "user", content), revision: Number(place) } };
}

function delta(place: string, id: number, text: string): FeedEvent {
  return { type: "text-delta", id, turnId: IDS.turnId, place, data: { text } };
}

const contents = ({ conversation }: Tab) => conversation.messages.map(({ content }) => content);
const shows = (tab: Tab, ...expected: string[]) => eventually(() => expect(contents(tab)).toEqual(expected));

beforeEach(() => {
  feeds = new FakeFeeds();
  vi.stubGlobal("navigator", { locks: new FakeLocks() });
});

afterEach(() => {
  for (const { feed } of tabs.splice(0)) feed.close();
});

describe("the tabs of one browser", () => {
  it("share one connection", async () => {
    const [one, two, three] = [openTab(), openTab(), openTab()];
    await eventually(() => expect(feeds.connected).toBe(1));
    feeds.tell(snapshot("a"), created("2", "m9", "b"));
    for (const tab of [one, two, three]) await shows(tab, "a", "b");
    expect(feeds.places).toEqual([null]);
  });

  it("tell a tab that is opened later what it has missed", async () => {
    const one = openTab();
    await eventually(() => expect(feeds.connected).toBe(1));
    feeds.tell(snapshot("a"), created("2", "m9", "b"));
    await shows(one, "a", "b");
    const late = openTab();
    await shows(late, "a", "b");
    feeds.tell(created("3", "m10", "c"));
    await shows(late, "a", "b", "c");
    expect(feeds.places).toHaveLength(1);
  });

  it("tell a later tab a reply as far as it is written, and then each delta once", async () => {
    const one = openTab();
    await eventually(() => expect(feeds.connected).toBe(1));
    const reply = message("m2", "assistant", "He", "m0", "streaming");
    const activeTurn = { turnId: IDS.turnId, messageId: "m2", status: "streaming", lastEventId: 2 } as const;
    const data = { session, messages: [message("m0", "user", "Hi"), reply], activeTurn, revision: 1 };
    feeds.tell({ type: "session-snapshot", place: "1", data }, delta("1.t.3", 3, "l"));
    await shows(one, "Hi", "Hel");
    const late = openTab();
    await shows(late, "Hi", "Hel");
    feeds.tell(delta("1.t.4", 4, "lo"));
    await shows(late, "Hi", "Hello");
    await shows(one, "Hi", "Hello");
  });

  it("hand the connection over when the leading tab closes, and go on from where it came to", async () => {
    const [leader, next] = [openTab(), openTab()];
    await eventually(() => expect(feeds.connected).toBe(1));
    feeds.tell(snapshot("a"), created("7", "m9", "b"));
    await shows(next, "a", "b");
    leader.feed.close();
    await eventually(() => expect(feeds.places).toEqual([null, "7"]));
    feeds.tell(created("8", "m10", "c"));
    await shows(next, "a", "b", "c");
    expect(contents(leader)).toEqual(["a", "b"]);
    await eventually(() => expect(feeds.connected).toBe(1));
  });

  it("tell a tab that asked a leader who was about to close", async () => {
    const leader = openTab();
    await eventually(() => expect(feeds.connected).toBe(1));
    feeds.tell(snapshot("a"));
    await shows(leader, "a");
    const second = openTab();
    await shows(second, "a");
    const third = openTab();
    leader.feed.close();
    await shows(third, "a");
  });

  it("do not ask again when the session is deleted", async () => {
    const [one, two] = [openTab(), openTab()];
    await eventually(() => expect(feeds.connected).toBe(1));
    feeds.tell(snapshot("a"), { type: "session-deleted", place: null, data: {} }, null);
    for (const tab of [one, two]) await eventually(() => expect(tab.conversation.deleted).toBe(true));
    await eventually(() => expect(feeds.connected).toBe(0));
    expect(feeds.places).toHaveLength(1);
  });
});

it("a tab has its own connection where tabs cannot talk", async () => {
  vi.stubGlobal("navigator", {});
  const [one, two] = [openTab(), openTab()];
  await eventually(() => expect(feeds.connected).toBe(2));
  two.feed.close();
  await eventually(() => expect(feeds.connected).toBe(1));
  one.feed.close();
  await eventually(() => expect(feeds.connected).toBe(0));
});

it("a feed that cannot go on says so", async () => {
  const tab = openTab();
  await eventually(() => expect(feeds.connected).toBe(1));
  feeds.tell(new Error("gone"));
  await eventually(() => expect(tab.failures).toEqual([new Error("gone")]));
});
