/** Runtimes that lack something, forbid it, or never answer: each is imitated as it fails. */

import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { ChatSnapshot, WarningCode } from "../src/index.js";
import { CHAT, EVENTS, bench, passing, read, whole } from "./support/bench.js";
import { eventually } from "./support/eventually.js";
import { IDS, NAMED, end, start, text } from "./support/frames.js";
import { FakeLocks } from "./support/locks.js";
import { FakeServer, type Recorded, json, problem, unreachable } from "./support/server.js";

type Library = typeof import("../src/index.js");
type Open = InstanceType<Library["Chat"]>;

const world = bench();
const HEALTH = "GET /health/live";
let library: Library;
const chats: Open[] = [];

/** Each test has a page of its own: what a page has learnt of its browser it does not forget. */
beforeEach(async () => {
  vi.resetModules();
  library = await import("../src/index.js");
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("navigator", { onLine: true, locks: new FakeLocks() });
  world.server.always(CHAT, () => whole(start(), text(2, "Hello"), end(3)));
});

afterEach(() => {
  for (const chat of chats.splice(0)) chat.close();
});

function open(options: { server?: FakeServer; baseUrl?: string; feed?: boolean } = {}): Open {
  const { server = world.server, baseUrl = "http://tutor.test", feed = false } = options;
  const client = new library.TutorClient({ baseUrl, fetch: server.fetch });
  const chat = new library.Chat({ client, feed, smoothing: false });
  chats.push(chat);
  chat.open();
  return chat;
}

const warned = (chat: Open): WarningCode[] => chat.getSnapshot().warnings.map(({ code }) => code);

async function expectAnswer(chat: Open): Promise<void> {
  expect(await passing(chat.submit("Hi"))).toMatchObject({ outcome: "answered", message: { content: "Hello" } });
}

function until(chat: Open, wanted: (snapshot: ChatSnapshot) => boolean): Promise<void> {
  return passing(
    new Promise<void>((resolve) => {
      const look = () => wanted(chat.getSnapshot()) && resolve();
      chat.subscribe(look);
      look();
    }),
  );
}

describe("locks", () => {
  const request = vi.fn();
  it.each<[string, () => unknown]>([
    ["reject", () => Promise.reject(new DOMException("denied", "SecurityError"))],
    [
      "throw",
      () => {
        throw new DOMException("denied", "SecurityError");
      },
    ],
    ["never answer", () => new Promise(() => {})],
  ])("that %s are done without, and that is said once", async (_how, act) => {
    request.mockImplementation(act);
    vi.stubGlobal("navigator", { onLine: true, locks: { request } });
    const told = vi.fn();
    const client = new library.TutorClient({ baseUrl: "http://tutor.test", fetch: world.server.fetch });
    const chat = new library.Chat({ client, feed: false, smoothing: false, onWarning: told });
    chats.push(chat);
    chat.open();
    await expectAnswer(chat);
    await expectAnswer(chat);
    expect(warned(chat)).toEqual(["locks-in-page"]);
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "locks-in-page" }));
  });

  it("that reject leave the feed a connection of its own", async () => {
    vi.stubGlobal("navigator", { onLine: true, locks: { request: () => Promise.reject(new Error("denied")) } });
    const followed = vi.fn(async function* () {});
    const source = { baseUrl: "http://tutor.test", followSession: followed as never };
    const feed = new library.SessionFeed(source, "s", { onEvent: () => {} });
    await passing(eventually(() => expect(followed).toHaveBeenCalledOnce()));
    feed.close();
  });
});

describe("a tab that is asleep", () => {
  /** Holds a lock and answers nobody, as a suspended page does. */
  const sleep = (locks: Pick<FakeLocks, "request">, name: string) => void locks.request(name, () => new Promise(() => {})).catch(() => {});

  it("does not keep the feed: another tab takes the lead", async () => {
    const locks = new FakeLocks();
    vi.stubGlobal("navigator", { onLine: true, locks });
    sleep(locks, "tutorstream-feed:http://tutor.test:d:s");
    const followed = vi.fn(async function* () {});
    const source = { baseUrl: "http://tutor.test", followSession: followed as never };
    const feed = new library.SessionFeed(source, "s", { onEvent: () => {}, drawer: "d" });
    await passing(eventually(() => expect(followed).toHaveBeenCalledOnce()));
    feed.close();
  });

  it("does not keep the messages of its conversation", async () => {
    const locks = new FakeLocks();
    vi.stubGlobal("navigator", { onLine: true, locks });
    const chat = open();
    await until(chat, ({ loaded }) => loaded);
    const isSend = (name: string) => /^tutorstream-outbox:.*:draft:/.test(name) && !name.includes(":open:");
    const { request } = locks;
    const slept = new Set<string>();
    vi.spyOn(locks, "request").mockImplementation((name, ...rest) => {
      if (isSend(name) && !slept.has(name)) {
        slept.add(name);
        sleep({ request: request.bind(locks) }, name);
      }
      return request.call(locks, name, ...rest);
    });
    await expectAnswer(chat);
    expect(slept.size).toBe(1);
    expect(warned(chat)).toEqual([]);
  });

  it("that leads and wakes again follows whoever has taken the lead", async () => {
    const locks = new FakeLocks();
    vi.stubGlobal("navigator", { onLine: true, locks });
    const signals: AbortSignal[] = [];
    const followSession = async function* (_id: string, { signal }: { signal?: AbortSignal }) {
      if (signal) signals.push(signal);
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    };
    const feed = new library.SessionFeed({ baseUrl: "", followSession: followSession as never }, "s", { onEvent: () => {} });
    await passing(eventually(() => expect(signals).toHaveLength(1)));
    const leader = new BroadcastChannel("tutorstream-lock:tutorstream-feed:::s");
    leader.onmessage = () => leader.postMessage("I do");
    void locks.request("tutorstream-feed:::s", { steal: true }, () => new Promise(() => {}));
    await passing(eventually(() => expect(signals[0]?.aborted).toBe(true)));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(signals).toHaveLength(1);
    feed.close();
    leader.close();
  });
});

describe("a storage", () => {
  const request = () => ({}) as IDBOpenDBRequest;
  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new DOMException("denied", "SecurityError");
      },
    ],
    [
      "refuses",
      () => {
        const asked = request();
        queueMicrotask(() => (asked.onerror as () => void)());
        return asked;
      },
    ],
    ["never answers", request],
  ])("that %s is done without, and that is said once", async (_how, openIt) => {
    vi.stubGlobal("indexedDB", { open: openIt });
    const chat = open();
    await expectAnswer(chat);
    expect(warned(chat)).toEqual(["outbox-in-memory"]);
  });

  it("that aborts in the middle of its life leaves what was known in memory", async () => {
    vi.stubGlobal("navigator", { onLine: false, locks: new FakeLocks() });
    world.server.always(HEALTH, unreachable);
    const chat = open();
    await passing(chat.submit("one"));
    const { prototype } = await import("fake-indexeddb").then(({ IDBDatabase }) => IDBDatabase);
    vi.spyOn(prototype, "transaction").mockImplementation(() => {
      throw new DOMException("The connection was closed.", "InvalidStateError");
    });
    await passing(chat.submit("two"));
    expect(chat.getSnapshot().outbox.map((unsent) => unsent.text)).toEqual(["one", "two"]);
    expect(warned(chat)).toEqual(["outbox-in-memory"]);
  });

  it.each(["sessionStorage", "localStorage"])("of names that throws when it is touched is done without: %s", async (name) => {
    const get = () => {
      throw new DOMException("denied", "SecurityError");
    };
    vi.stubGlobal(name, undefined);
    Object.defineProperty(globalThis, name, { configurable: true, get });
    await expectAnswer(open());
  });
});

describe("a runtime that says that there is no network", () => {
  beforeEach(() => {
    vi.stubGlobal("navigator", { onLine: false, locks: new FakeLocks() });
  });

  it("is not believed when the server answers", async () => {
    const chat = open({ baseUrl: "http://127.0.0.1:8080" });
    await expectAnswer(chat);
    expect(chat.getSnapshot().online).toBe(true);
  });

  it("is believed when nothing does, and nobody's message is tried", async () => {
    world.server.always(HEALTH, unreachable);
    const chat = open();
    expect(await passing(chat.submit("Hi"))).toMatchObject({ outcome: "waiting", unsent: { reason: "offline", actions: ["edit", "discard"] } });
    expect(chat.getSnapshot().online).toBe(false);
    expect(world.server.to(CHAT)).toEqual([]);
  });

  it("is asked again now and then while something waits", async () => {
    world.server.always(HEALTH, unreachable);
    const chat = open({ baseUrl: "http://localhost:8080" });
    await passing(chat.submit("Hi"));
    world.server.always(HEALTH, () => problem(404, "not-found"));
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
  });
});

describe("React Native", () => {
  /** Its answers have no body, only their text; its signals cannot throw; and there is no crypto. */
  function native(server: FakeServer): typeof fetch {
    return async (input, init = {}) => {
      const { signal, ...rest } = init;
      const response = await server.fetch(input, { ...rest, ...(signal && { signal: { ...plainSignal(signal) } as AbortSignal }) });
      Object.defineProperty(response, "body", { value: undefined });
      return response;
    };
  }

  function plainSignal(signal: AbortSignal) {
    return { aborted: signal.aborted, addEventListener: signal.addEventListener.bind(signal), throwIfAborted: () => {} };
  }

  beforeEach(() => {
    vi.stubGlobal("crypto", undefined);
    vi.stubGlobal("BroadcastChannel", undefined);
    vi.stubGlobal("indexedDB", undefined);
    vi.stubGlobal("navigator", { product: "ReactNative" });
    vi.spyOn(AbortSignal.prototype, "throwIfAborted").mockImplementation(() => {
      throw new TypeError("undefined is not a function");
    });
  });

  it("shows a reply when it is whole, and says how it would stream", async () => {
    const client = new library.TutorClient({ baseUrl: "http://tutor.test", fetch: native(world.server) });
    const chat = new library.Chat({ client, feed: true, smoothing: false });
    chats.push(chat);
    chat.open();
    await expectAnswer(chat);
    await passing(eventually(() => expect(warned(chat)).toEqual(["no-streaming"])));
    expect(chat.getSnapshot().warnings[0]?.detail).toContain('streamBy: "event-source"');
  });

  it("reads a turn's events, too, and goes on after a cut", async () => {
    const client = new library.TutorClient({ baseUrl: "http://tutor.test", fetch: native(world.server) });
    world.server.next(EVENTS, whole(start(), text(2, "Hel")), whole(text(3, "lo"), end(4)));
    const events = await read(client.followTurn(IDS.turnId));
    expect(events.map(({ type }) => type)).toEqual(["turn-start", "text-delta", "text-delta", "turn-end"]);
  });

  it("does not wait for the end of a feed that has none", async () => {
    const client = new library.TutorClient({ baseUrl: "http://tutor.test", fetch: native(world.server) });
    world.server.always(`GET /sessions/${IDS.sessionId}/events`, () => whole());
    await expect(read(client.followSession(IDS.sessionId))).rejects.toThrow("event-source");
  });
});

it("a server that names no user and one that does not answer both let a message be written", async () => {
  world.server.always("GET /profile", () => new Promise<Response>(() => {}));
  world.server.always(CHAT, (_request: Recorded) => json({}, 500));
  const chat = open();
  expect(await passing(chat.submit("Hi"))).toMatchObject({ outcome: "waiting" });
  expect(NAMED["X-Turn-Id"]).toBe(IDS.turnId);
});
