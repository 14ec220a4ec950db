import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { MemoryStorage, NetworkError, Outbox, Problem } from "../src/index.js";
import type { OutboxEntry } from "../src/index.js";
import { requestOf } from "../src/outbox/entry.js";
import { eventually } from "./support/eventually.js";
import { FakeLocks } from "./support/locks.js";

const SESSION = "session-1";
const opened: Outbox[] = [];

/** An outbox as another tab, or this tab after a reload, opens it. */
function open(): Outbox {
  const outbox = new Outbox({ name: "test" });
  opened.push(outbox);
  return outbox;
}

const draft = (text: string, sessionId: string | null = SESSION) => ({
  conversation: sessionId ?? "draft:1",
  sessionId,
  text,
});
const texts = (entries: readonly OutboxEntry[]) => entries.map((entry) => entry.text);
const states = (entries: readonly OutboxEntry[]) => entries.map((entry) => entry.state);
const refusal = () =>
  new Problem({ type: "about:blank", title: "No", status: 422, detail: "", code: "invalid-text", requestId: null });

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("navigator", { onLine: true, locks: new FakeLocks() });
});

afterEach(() => {
  for (const outbox of opened.splice(0)) outbox.close();
});

describe("what is kept", () => {
  it("is there, in order, after a reload", async () => {
    const outbox = open();
    for (const text of ["one", "two", "three"]) await outbox.add(draft(text));
    expect(texts(await open().load())).toEqual(["one", "two", "three"]);
  });

  it("keeps its order when it is changed", async () => {
    const outbox = open();
    const first = await outbox.add(draft("one"));
    await outbox.add(draft("two"));
    expect(await outbox.edit(first.clientMessageId, "first")).toBe(true);
    expect(texts(await open().load())).toEqual(["first", "two"]);
  });

  it("is gone when it is given up", async () => {
    const outbox = open();
    const { clientMessageId } = await outbox.add(draft("one"));
    await outbox.cancel(clientMessageId);
    expect(await open().load()).toEqual([]);
  });

  it("is the sum of what two tabs write at the same time", async () => {
    const [one, two] = [open(), open()];
    await Promise.all(Array.from({ length: 10 }, (_, n) => [one.add(draft(`a${n}`)), two.add(draft(`b${n}`))]).flat());
    expect(await open().load()).toHaveLength(20);
  });

  it("shows in the other tabs", async () => {
    const [one, two] = [open(), open()];
    const seen = new Promise<void>((resolve) => two.subscribe(() => two.entries.length > 0 && resolve()));
    await one.add(draft("one"));
    await seen;
    expect(texts(two.entries)).toEqual(["one"]);
  });

  it("is written also after the browser has closed the database", async () => {
    const outbox = open();
    await outbox.add(draft("one"));
    const deleted = new Promise((resolve) => {
      indexedDB.deleteDatabase(outbox.name).onsuccess = resolve;
    });
    await deleted;
    await outbox.add(draft("two"));
    expect(texts(await open().load())).toEqual(["two"]);
  });

  it("lives as long as the page where nothing can be stored", async () => {
    vi.stubGlobal("indexedDB", undefined);
    const outbox = open();
    await outbox.add(draft("one"));
    expect(texts(await outbox.load())).toEqual(["one"]);
  });

  it("lives as long as the page where the browser forbids to store", async () => {
    const forbidden = {
      open() {
        const request = { onerror: () => {} };
        queueMicrotask(() => request.onerror());
        return request;
      },
    };
    vi.stubGlobal("indexedDB", forbidden);
    const outbox = open();
    await outbox.add(draft("one"));
    expect(texts(await outbox.load())).toEqual(["one"]);
  });
});

describe("sending", () => {
  it("takes the first message of its conversation, and forgets it when the server has it", async () => {
    const outbox = open();
    await outbox.add(draft("other", "session-2"));
    await outbox.add(draft("one"));
    await outbox.add(draft("two"));
    const sent = await outbox.sendNext(SESSION, async () => ({ sessionId: SESSION }));
    expect(sent?.text).toBe("one");
    expect(texts(outbox.entries)).toEqual(["other", "two"]);
  });

  it("sends the same request again after a crash in the middle of it", async () => {
    const outbox = open();
    await outbox.add(draft("one"));
    const requests: unknown[] = [];
    // The tab is gone before the server answers.
    vi.stubGlobal("navigator", { locks: new FakeLocks() });
    void outbox.sendNext(SESSION, (entry) => {
      requests.push(requestOf(entry));
      return new Promise(() => {});
    });
    await eventually(() => expect(requests).toHaveLength(1));
    vi.stubGlobal("navigator", { locks: new FakeLocks() });
    await open().sendNext(SESSION, async (entry) => {
      requests.push(requestOf(entry));
      return { sessionId: SESSION };
    });
    expect(requests[1]).toEqual(requests[0]);
    expect(await open().load()).toEqual([]);
  });

  it("is done by one tab at a time", async () => {
    const tabs = [open(), open(), open()];
    for (const text of ["one", "two", "three"]) await tabs[0]?.add(draft(text));
    const sent: string[] = [];
    let sending = 0;
    const deliver = async (entry: OutboxEntry) => {
      sending += 1;
      expect(sending).toBe(1);
      await new Promise((resolve) => setTimeout(resolve));
      sent.push(entry.text);
      sending -= 1;
      return { sessionId: SESSION };
    };
    await Promise.all(tabs.flatMap((tab) => [tab.sendNext(SESSION, deliver), tab.sendNext(SESSION, deliver)]));
    expect(sent).toEqual(["one", "two", "three"]);
  });

  it("is done one at a time without Web Locks, too", async () => {
    vi.stubGlobal("navigator", {});
    const outbox = open();
    await outbox.add(draft("one"));
    await outbox.add(draft("two"));
    const sent: string[] = [];
    const deliver = async (entry: OutboxEntry) => {
      await new Promise((resolve) => setTimeout(resolve));
      sent.push(entry.text);
      return { sessionId: SESSION };
    };
    await Promise.all([outbox.sendNext(SESSION, deliver), outbox.sendNext(SESSION, deliver)]);
    expect(sent).toEqual(["one", "two"]);
  });

  it("keeps a message that may not have arrived, unchanged, for the next time", async () => {
    const outbox = open();
    const { clientMessageId } = await outbox.add(draft("one"));
    const cut = async () => Promise.reject(new NetworkError("cut"));
    await expect(outbox.sendNext(SESSION, cut)).rejects.toBeInstanceOf(NetworkError);
    expect(states(outbox.entries)).toEqual(["waiting"]);
    expect(await outbox.edit(clientMessageId, "changed")).toBe(false);
  });

  it("lets others go past a message that was refused, which can be changed and then goes out", async () => {
    const outbox = open();
    const { clientMessageId } = await outbox.add(draft("one"));
    await outbox.add(draft("two"));
    await expect(outbox.sendNext(SESSION, async () => Promise.reject(refusal()))).rejects.toBeInstanceOf(Problem);
    expect(outbox.entries[0]).toMatchObject({ state: "failed", error: { code: "invalid-text" } });
    expect((await outbox.sendNext(SESSION, async () => ({ sessionId: SESSION })))?.text).toBe("two");
    expect(await outbox.sendNext(SESSION, async () => ({ sessionId: SESSION }))).toBeNull();
    expect(await outbox.edit(clientMessageId, "better")).toBe(true);
    const sent = await outbox.sendNext(SESSION, async () => ({ sessionId: SESSION }));
    expect(sent).toMatchObject({ text: "better", clientMessageId });
  });

  it("stops at a pause, which outlives a reload, and goes on when it is resumed", async () => {
    const outbox = open();
    await outbox.add(draft("one"));
    await outbox.pause(SESSION);
    const again = open();
    expect(await again.sendNext(SESSION, async () => ({ sessionId: SESSION }))).toBeNull();
    expect(states(again.entries)).toEqual(["paused"]);
    await again.resume(SESSION);
    expect((await again.sendNext(SESSION, async () => ({ sessionId: SESSION })))?.text).toBe("one");
  });

  it("puts all that was written in a draft into the session that its first message begins", async () => {
    const outbox = open();
    await outbox.add(draft("one", null));
    await outbox.add(draft("two", null));
    await outbox.sendNext("draft:1", async (entry) => {
      expect(requestOf(entry)).not.toHaveProperty("sessionId");
      return { sessionId: "fresh" };
    });
    expect(outbox.entries).toMatchObject([{ text: "two", conversation: "fresh", sessionId: "fresh" }]);
  });
});

it("outboxes of several users are apart", async () => {
  const alice = new Outbox({ name: "alice", storage: new MemoryStorage() });
  opened.push(alice);
  await alice.add(draft("one"));
  expect(await open().load()).toEqual([]);
});
