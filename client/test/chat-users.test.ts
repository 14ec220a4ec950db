/** Several people at one browser: what one of them wrote is shown to, and sent as, nobody else. */

import { beforeEach, describe, expect, it, vi } from "vitest";

import { Outbox, TutorClient } from "../src/index.js";
import type { Chat, OutboxEntry, TokenSource } from "../src/index.js";
import { readEntry } from "../src/outbox/entry.js";
import { CHAT, passing, stubEvents } from "./support/bench.js";
import { chatBench, outline, until } from "./support/chat.js";
import { eventually } from "./support/eventually.js";
import { end, start, text } from "./support/frames.js";
import { FakeLocks } from "./support/locks.js";
import { FakeStream, type Recorded, json, problem, unreachable } from "./support/server.js";

const world = chatBench();
const USERS: Record<string, string> = { alice1: "alice", alice2: "alice", bob1: "bob" };
let network: { onLine: boolean; locks?: FakeLocks };
let listeners: EventTarget;
let reachable: boolean;
/** What the server has, as `user: text`. */
let stored: string[];
let owners: Map<string, string>;

const userOf = ({ headers }: Recorded) => USERS[headers.get("Authorization")?.replace("Bearer ", "") ?? ""];

function authorised(request: Recorded, act: (user: string) => Response): Response {
  if (!reachable) return unreachable();
  const user = userOf(request);
  return user === undefined ? problem(401, "unauthorized") : act(user);
}

function answer(request: Recorded): Response {
  return authorised(request, (user) => {
    const { message, sessionId, userId } = request.body as { message: string; sessionId?: string; userId?: string };
    if (userId !== undefined && userId !== user) return problem(403, "user-mismatch");
    if (sessionId !== undefined && owners.get(sessionId) !== user) return problem(404, "not-found");
    stored.push(`${user}: ${message}`);
    const at = stored.length;
    const session = sessionId ?? `session-${at}`;
    owners.set(session, user);
    const ids = { turnId: `turn-${at}`, sessionId: session, userMessageId: `user-${at}`, messageId: `reply-${at}` };
    const frames = [start(ids), text(2, `Re: ${message}`), end(3, "complete", ids.messageId)];
    return new FakeStream(...frames).end().response({ "X-Turn-Id": ids.turnId, "X-Session-Id": session });
  });
}

/** A page that somebody opens with a token, or another source of them. */
function openAs(token: TokenSource | null, options: { user?: string; sessionId?: string } = {}): { chat: Chat; client: TutorClient } {
  const { user, sessionId } = options;
  const client = new TutorClient({ baseUrl: "http://tutor.test", fetch: world.server.fetch, token, user });
  const outbox = new Outbox({ name: "http://tutor.test", storage: world.storage });
  const chat = world.chat({ client, outbox, sessionId });
  chat.open();
  return { chat, client };
}

async function writeOffline(chat: Chat, message: string): Promise<void> {
  network.onLine = reachable = false;
  await passing(chat.send(message));
}

function goOnline(): void {
  network.onLine = reachable = true;
  listeners.dispatchEvent(new Event("online"));
}

const entries = (): Promise<readonly OutboxEntry[]> => world.storage.read();
const isNamed = (chat: Chat) => until(chat, ({ user }) => user !== null);
const everythingIsSent = () => passing(eventually(async () => expect(await entries()).toEqual([])));

beforeEach(() => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  vi.stubGlobal("localStorage", storage);
  network = { onLine: true, locks: new FakeLocks() };
  vi.stubGlobal("navigator", network);
  listeners = stubEvents();
  reachable = true;
  stored = [];
  owners = new Map();
  world.server.always(CHAT, answer);
  world.server.always("GET /health/live", () => (reachable ? json({}) : unreachable()));
  world.server.always("GET /profile", (request) => authorised(request, (user) => json({ user })));
});

describe("a message that one learner left unsent", () => {
  async function leftByAlice(): Promise<void> {
    const { chat } = openAs("alice1");
    await isNamed(chat);
    await writeOffline(chat, "private");
    chat.close();
  }

  it("is neither shown to the next one nor sent as theirs, and goes out when its writer is back", async () => {
    await leftByAlice();
    goOnline();
    const bob = openAs("bob1").chat;
    await isNamed(bob);
    await passing(bob.send("mine"));
    expect(bob.getSnapshot()).toMatchObject({ outbox: [], unclaimed: [] });
    expect(stored).toEqual(["bob: mine"]);
    expect(await entries()).toHaveLength(1);
    bob.close();
    openAs("alice1");
    await everythingIsSent();
    expect(stored).toEqual(["bob: mine", "alice: private"]);
  });

  it("goes out under a token that was renewed meanwhile, when the server has said whose that is", async () => {
    await leftByAlice();
    goOnline();
    openAs("alice2");
    await everythingIsSent();
    expect(stored).toEqual(["alice: private"]);
    expect(world.server.to(CHAT).map(({ headers }) => headers.get("Authorization"))).toEqual(["Bearer alice2"]);
  });

  it("in an existing session stays theirs, and is not refused in the next one's name", async () => {
    owners.set("session-a", "alice");
    world.server.always("GET /sessions/session-a/messages?limit=50", (request) =>
      authorised(request, (user) => (user === "alice" ? json({ messages: [], nextCursor: null, activeTurn: null }) : problem(404, "not-found"))),
    );
    const alice = openAs("alice1", { sessionId: "session-a" }).chat;
    await isNamed(alice);
    await writeOffline(alice, "private");
    alice.close();
    goOnline();
    const bob = openAs("bob1").chat;
    await isNamed(bob);
    await passing(bob.send("mine"));
    expect((await entries()).map(({ state }) => state)).toEqual(["waiting"]);
    bob.close();
    openAs("alice1", { sessionId: "session-a" });
    await everythingIsSent();
    expect(stored).toEqual(["bob: mine", "alice: private"]);
  });

  it("on a page of plain HTTP, without WebCrypto and locks, is kept apart as well", async () => {
    const { getRandomValues } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    delete network.locks;
    await leftByAlice();
    goOnline();
    const bob = openAs("bob1").chat;
    await isNamed(bob);
    await passing(bob.send("mine"));
    bob.close();
    openAs("alice2");
    await everythingIsSent();
    expect(stored).toEqual(["bob: mine", "alice: private"]);
  });

  it("is not sent when the token that it goes out with turns out to be somebody else's", async () => {
    const { chat } = openAs(({ refused }) => (refused === "alice1" ? "bob1" : "alice1"));
    await isNamed(chat);
    // Alice's token is refused from now on, and the next one is Bob's.
    delete USERS["alice1"];
    try {
      await passing(chat.send("private"));
      await until(chat, ({ user }) => user === "bob");
      expect(stored).toEqual([]);
      expect(chat.getSnapshot()).toMatchObject({ messages: [], outbox: [] });
      expect(await entries()).toMatchObject([{ text: "private", user: "alice", state: "waiting" }]);
    } finally {
      USERS["alice1"] = "alice";
    }
  });
});

describe("what nobody can claim", () => {
  it("is told without its text to whoever signs in, and can be discarded", async () => {
    reachable = network.onLine = false;
    const nobody = openAs("lost-token").chat;
    await passing(nobody.send("whose?"));
    nobody.close();
    goOnline();
    const { chat } = openAs("bob1");
    await until(chat, ({ unclaimed }) => unclaimed.length === 1);
    expect(JSON.stringify(chat.getSnapshot())).not.toContain("whose?");
    await passing(chat.discardUnclaimed());
    expect(chat.getSnapshot().unclaimed).toEqual([]);
    expect(await entries()).toEqual([]);
    expect(stored).toEqual([]);
  });

  it("is still its writer's who comes back with the same token", async () => {
    reachable = network.onLine = false;
    const before = openAs("alice1").chat;
    await passing(before.send("early"));
    before.close();
    goOnline();
    openAs("alice1");
    await everythingIsSent();
    expect(stored).toEqual(["alice: early"]);
  });

  it("is what an earlier version kept, unless it has the writer's name", async () => {
    const old = { conversation: "draft:1", text: "old", sessionId: null, subject: null, state: "waiting" as const, attempted: false, error: null };
    const kept = [
      { ...old, clientMessageId: "1", userId: null },
      { ...old, clientMessageId: "2", userId: "bob", text: "named" },
    ];
    await world.storage.change(() => kept as unknown as OutboxEntry[]);
    const { chat } = openAs("bob1");
    await until(chat, ({ unclaimed }) => unclaimed.length === 1);
    await passing(eventually(() => expect(stored).toEqual(["bob: named"])));
    expect((await entries()).map((entry) => readEntry(entry).text)).toEqual(["old"]);
  });
});

describe("a chat whose user changes", () => {
  it("shows nothing of the one before at once, and is as it was when they are back", async () => {
    const { chat, client } = openAs("alice1");
    await isNamed(chat);
    await passing(chat.send("private"));
    await writeOffline(chat, "unsent");
    const { sessionId } = chat.getSnapshot();
    network.onLine = reachable = true;
    client.setCredentials({ token: "bob1" });
    expect(chat.getSnapshot()).toMatchObject({ messages: [], outbox: [], sessionId: null, session: null });
    await passing(chat.send("mine"));
    expect(outline(chat.getSnapshot())).toEqual(["user: mine", "assistant: Re: mine"]);
    expect(stored).toEqual(["alice: private", "bob: mine"]);

    world.server.always(`GET /sessions/${sessionId}/messages?limit=50`, () => json({ messages: [], nextCursor: null, activeTurn: null }));
    client.setCredentials({ token: "alice2" });
    expect(chat.getSnapshot().messages).toEqual([]);
    await everythingIsSent();
    expect(chat.getSnapshot().sessionId).toBe(sessionId);
    expect(stored.at(-1)).toBe("alice: unsent");
  });

  it("goes on without a break when the server has the same user for a new token", async () => {
    const { chat, client } = openAs(({ refused }) => (refused === "alice1" ? "alice2" : "alice1"));
    await isNamed(chat);
    await passing(chat.send("one"));
    const before = chat.getSnapshot().messages;
    world.server.next("GET /sessions", problem(401, "unauthorized"), json({ sessions: [] }));
    await client.listSessions();
    await passing(eventually(() => expect(client.identity.current?.drawer).not.toBeUndefined()));
    await passing(chat.send("two"));
    expect(chat.getSnapshot().messages.slice(0, 2)).toEqual(before);
    expect(stored).toEqual(["alice: one", "alice: two"]);
    expect(owners.size).toBe(1);
  });

  it("says when another tab has signed in as somebody else", async () => {
    const alice = openAs("alice1").chat;
    await isNamed(alice);
    const channel = new BroadcastChannel("tutorstream-user:http://tutor.test");
    channel.postMessage({ user: "bob", page: "another" });
    await passing(eventually(() => expect(alice.getSnapshot().signedInElsewhere).toBe("bob")));
    channel.postMessage({ user: "alice", page: "another" });
    await passing(eventually(() => expect(alice.getSnapshot().signedInElsewhere).toBeNull()));
    channel.close();
  });

  it("has one drawer for all tokens of a user whom the application names", async () => {
    const before = openAs("alice1", { user: "alice" }).chat;
    await writeOffline(before, "one");
    before.close();
    goOnline();
    openAs("alice2", { user: "alice" });
    await everythingIsSent();
    expect(stored).toEqual(["alice: one"]);
  });
});

it("what is written before a server without sign-in was ever reached goes out when it is", async () => {
  world.server.always("GET /profile", () => (reachable ? json({ user: "local" }) : unreachable()));
  world.server.always(CHAT, (request) => {
    if (!reachable) return unreachable();
    request.headers.set("Authorization", "Bearer local");
    return answer(request);
  });
  USERS["local"] = "local";
  reachable = false;
  const { chat } = openAs(null);
  const kept = await passing(chat.submit("early"));
  expect(kept).toMatchObject({ outcome: "waiting", unsent: { text: "early", reason: "unreachable" } });
  reachable = true;
  listeners.dispatchEvent(new Event("online"));
  await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
  expect(stored).toEqual(["local: early"]);
});
