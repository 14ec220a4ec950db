import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";

import { Chat, MemoryStorage, Outbox, TutorClient } from "../../src/index.js";
import type { ChatOptions, ChatSnapshot } from "../../src/index.js";
import { outline } from "../support/chat.js";
import { ServerProcess } from "../support/process.js";

// The practice tutor takes its time, as a model does.
vi.setConfig({ testTimeout: 60_000 });

let server: ServerProcess;
let client: TutorClient;
const chats: Chat[] = [];

beforeAll(async () => {
  server = await ServerProcess.start();
  client = new TutorClient({ baseUrl: server.origin });
});

afterAll(() => server.stop());

afterEach(() => {
  for (const chat of chats.splice(0)) chat.close();
});

/** A chat as on a device of its own. */
function device(options: Partial<ChatOptions> = {}): Chat {
  const outbox = new Outbox({ name: `device-${chats.length}`, storage: new MemoryStorage() });
  const chat = new Chat({ client, outbox, ...options });
  chats.push(chat);
  return chat;
}

function until(chat: Chat, wanted: (snapshot: ChatSnapshot) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => wanted(chat.getSnapshot()) && resolve();
    chat.subscribe(look);
    look();
  });
}

const growing = ({ streamingMessage }: ChatSnapshot) => (streamingMessage?.content.length ?? 0) > 10;

async function stored(chat: Chat): Promise<string[]> {
  const { messages } = await client.listMessages(chat.getSnapshot().sessionId ?? "");
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

it("a reply is stopped, continued and regenerated, and what shows is what is stored", async () => {
  const chat = device();
  const sending = chat.send("Why is the sky blue?");
  await until(chat, growing);
  await chat.stop();
  const shown = (await sending)?.content ?? "";
  expect(chat.getSnapshot().messages.at(-1)).toMatchObject({ status: "stopped", content: shown });
  expect(outline(chat.getSnapshot())).toEqual(await stored(chat));

  await chat.continue();
  expect(chat.getSnapshot().messages.at(-1)).toMatchObject({ status: "complete" });
  expect(chat.getSnapshot().messages.at(-1)?.content.startsWith(shown)).toBe(true);
  expect(outline(chat.getSnapshot())).toEqual(await stored(chat));

  await chat.regenerate();
  expect(chat.getSnapshot().messages.at(-1)?.alternatives).toHaveLength(2);
  expect(await stored(chat)).toHaveLength(3);
});

it("a page that is loaded in the middle of a reply shows all of it", async () => {
  const first = device();
  const sending = first.send("What is a prime number?");
  await until(first, growing);
  const second = device({ sessionId: first.getSnapshot().sessionId, feed: false });
  second.open();
  await until(second, ({ messages, status }) => messages.length === 2 && status === "ready");
  await sending;
  expect(outline(second.getSnapshot())).toEqual(await stored(first));
});

it("a reply goes on when the server dies in the middle of it", async () => {
  const chat = device();
  const sending = chat.send("What is a fraction?");
  await until(chat, growing);
  const seen = chat.getSnapshot().streamingMessage?.content ?? "";
  await server.killAndStart();
  const reply = await sending;
  expect(reply?.content.startsWith(seen)).toBe(true);
  expect(outline(chat.getSnapshot())).toEqual(await stored(chat));
});

it("three messages that were written without a network arrive once and in order when it is back", async () => {
  const network = { onLine: false };
  vi.stubGlobal("navigator", network);
  const page = new EventTarget();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  const cut: typeof fetch = (...request) =>
    network.onLine ? fetch(...request) : Promise.reject(new TypeError("no network"));
  const chat = device({ client: new TutorClient({ baseUrl: server.origin, fetch: cut }) });
  for (const text of ["one", "two", "three"]) expect(await chat.send(text)).toBeNull();
  network.onLine = true;
  page.dispatchEvent(new Event("online"));
  await until(chat, ({ messages, status }) => messages.length === 6 && status === "ready");
  const learner = (await stored(chat)).filter((message) => message.startsWith("user"));
  expect(learner).toEqual(["user: one", "user: two", "user: three"]);
});

it("a message whose answer was lost is stored once", async () => {
  let lose = true;
  const losing: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    if (!lose || !String(request[0]).endsWith("/stream-chat")) return response;
    lose = false;
    await response.body?.cancel();
    throw new TypeError("connection reset");
  };
  const chat = device({ client: new TutorClient({ baseUrl: server.origin, fetch: losing }) });
  await chat.send("Only once?");
  expect((await stored(chat)).filter((message) => message.startsWith("user"))).toEqual(["user: Only once?"]);
  expect(outline(chat.getSnapshot())).toEqual(await stored(chat));
});
