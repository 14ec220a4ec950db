import { expect, it, vi } from "vitest";

/** What a runtime may lack, or forbid to touch where nothing is drawn. */
const GLOBALS = [
  "window",
  "document",
  "navigator",
  "fetch",
  "indexedDB",
  "localStorage",
  "sessionStorage",
  "BroadcastChannel",
  "EventSource",
  "requestAnimationFrame",
  "addEventListener",
];

it("the module, a client and a chat are made without touching a global", async () => {
  const touched: string[] = [];
  const before = GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  vi.resetModules();
  for (const name of GLOBALS) {
    const get = () => void touched.push(name);
    Object.defineProperty(globalThis, name, { configurable: true, get });
  }
  try {
    const { Chat, TutorClient, Outbox, MemoryStorage } = await import("../src/index.js");
    expect(touched).toEqual([]);
    const client = new TutorClient({ baseUrl: "http://tutor.test", token: "t" });
    const outbox = new Outbox({ storage: new MemoryStorage() });
    expect(new Chat({ client, outbox, sessionId: "s" }).getSnapshot()).toMatchObject({ status: "ready", messages: [] });
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
});
