import { EventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";

import { Chat, MemoryStorage, Outbox, SessionFeed, TutorClient } from "../../src/index.js";
import type { ChatSnapshot, FeedEvent } from "../../src/index.js";
import { type Conversation, emptyConversation, foldFeed } from "../../src/chat/conversation.js";
import { outline } from "../support/chat.js";
import { eventually } from "../support/eventually.js";
import { FakeLocks } from "../support/locks.js";
import { ServerProcess } from "../support/process.js";

// The practice tutor takes its time, as a model does.
vi.setConfig({ testTimeout: 60_000 });

let server: ServerProcess;
let client: TutorClient;
let sessionId: string;
const endings: (() => void)[] = [];

beforeAll(async () => {
  server = await ServerProcess.start();
  client = new TutorClient({ baseUrl: server.origin });
  sessionId = (await client.createSession({ title: "Shared" })).id;
});

afterAll(() => server.stop());

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** A chat that is open on a device of its own. */
function device(of = client): Chat {
  const outbox = new Outbox({ name: `device-${endings.length}`, storage: new MemoryStorage() });
  const chat = new Chat({ client: of, outbox, sessionId });
  endings.push(() => chat.close());
  chat.open();
  return chat;
}

function until(chat: Chat, wanted: (snapshot: ChatSnapshot) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => wanted(chat.getSnapshot()) && resolve();
    chat.subscribe(look);
    look();
  });
}

async function stored(): Promise<string[]> {
  const { messages } = await client.listMessages(sessionId);
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

const growing = ({ status, streamingMessage }: ChatSnapshot) =>
  status === "streaming" && (streamingMessage?.content.length ?? 0) > 10;
const following = ({ session }: ChatSnapshot) => session !== null;

it("two devices show the same reply while it is written, and one stops what the other sent", async () => {
  const [one, two] = [device(), device()];
  await Promise.all([until(one, following), until(two, following)]);
  const sending = one.send("Why is the sky blue?");
  await until(two, growing);
  await two.stop();
  expect((await sending)?.status).toBe("stopped");
  await until(two, ({ status }) => status === "ready");
  expect(outline(two.getSnapshot())).toEqual(await stored());
  expect(outline(one.getSnapshot())).toEqual(await stored());
});

it("a device that comes in the middle of a reply, and a server that dies, lose and repeat nothing", async () => {
  const one = device();
  await until(one, following);
  const sending = one.send("What is a prime number?");
  await until(one, growing);
  const late = device();
  await until(late, growing);
  await server.killAndStart();
  await sending;
  const expected = await stored();
  for (const chat of [one, late]) {
    await until(chat, (snapshot) => snapshot.status === "ready" && outline(snapshot).length === expected.length);
    expect(outline(chat.getSnapshot())).toEqual(expected);
  }
});

it("titles, messages and the end of the session show on every device", async () => {
  const { id } = await client.createSession({ title: "Old" });
  const events: FeedEvent[] = [];
  const reading = (async () => {
    for await (const event of client.followSession(id)) events.push(event);
  })();
  const seen = (type: string) => eventually(() => expect(events.map((event) => event.type)).toContain(type));
  await seen("session-snapshot");
  await client.updateSession(id, { title: "New" });
  await seen("session-updated");
  const message = await client.addMessage(id, { role: "user", content: "Hi" });
  await seen("message-created");
  await client.updateMessage(id, message.id, "Hello");
  await seen("message-updated");
  const folded = events.reduce<Conversation>((each, event) => foldFeed(each, event), emptyConversation);
  expect(folded).toMatchObject({ session: { title: "New" }, messages: [{ content: "Hello" }] });
  await client.deleteSession(id);
  await reading;
  expect(events.at(-1)?.type).toBe("session-deleted");
});

it("the tabs of a browser share one connection, and another tab takes it over", async () => {
  vi.stubGlobal("navigator", { onLine: true, locks: new FakeLocks() });
  let feeds = 0;
  const counting = new TutorClient({
    baseUrl: server.origin,
    fetch: (...request) => {
      if (String(request[0]).endsWith(`/sessions/${sessionId}/events`)) feeds += 1;
      return fetch(...request);
    },
  });
  // Who asks first leads: the others come when that is settled.
  const one = device(counting);
  await until(one, following);
  const [two, three] = [device(counting), device(counting)];
  await Promise.all([two, three].map((chat) => until(chat, following)));
  expect(feeds).toBe(1);
  await client.updateSession(sessionId, { title: "Before" });
  await until(three, ({ session }) => session?.title === "Before");
  one.close();
  await client.updateSession(sessionId, { title: "After" });
  await Promise.all([two, three].map((chat) => until(chat, ({ session }) => session?.title === "After")));
  expect(feeds).toBe(2);
});

it("the feed can be read by an EventSource with tickets", async () => {
  const viaEvents = new TutorClient({
    baseUrl: server.origin,
    streamBy: "event-source",
    EventSource: EventSource as unknown as typeof globalThis.EventSource,
  });
  const titles: string[] = [];
  const feed = new SessionFeed(viaEvents, sessionId, {
    onEvent: (event) => {
      if (event.type === "session-snapshot" || event.type === "session-updated") titles.push(event.data.session.title);
    },
  });
  endings.push(() => feed.close());
  await eventually(() => expect(titles).toHaveLength(1));
  await client.updateSession(sessionId, { title: "By tickets" });
  await eventually(() => expect(titles.at(-1)).toBe("By tickets"));
});
