import { describe, expect, it, vi } from "vitest";

import { NetworkError, Problem, TutorClient } from "../src/index.js";
import type { TokenRequest } from "../src/index.js";
import { CHAT, EVENTS, bench, fold, passing, read, whole } from "./support/bench.js";
import { IDS, NAMED, end, frame, start, text } from "./support/frames.js";
import { FakeStream, json, problem, unreachable } from "./support/server.js";

const world = bench();

function withTokens(...tokens: (string | null)[]) {
  const token = vi.fn((_request: TokenRequest) => Promise.resolve(tokens.shift() ?? null));
  const client = new TutorClient({ baseUrl: "http://tutor.test/", fetch: world.server.fetch, token });
  return { client, token };
}

const authorizations = () => world.server.requests.map(({ headers }) => headers.get("Authorization"));

describe("each route is asked as the server takes it", () => {
  it.each<[string, (client: TutorClient) => Promise<unknown>, unknown?]>([
    ["POST /sessions", (client) => client.createSession({ title: "T" }), { title: "T" }],
    ["GET /sessions?cursor=c&limit=5", (client) => client.listSessions({ cursor: "c", limit: 5 })],
    ["GET /sessions", (client) => client.listSessions()],
    ["GET /sessions/s", (client) => client.getSession("s")],
    ["PATCH /sessions/s", (client) => client.updateSession("s", { subject: "S" }), { subject: "S" }],
    ["GET /sessions/s/messages?limit=2", (client) => client.listMessages("s", { limit: 2 })],
    [
      "POST /sessions/s/messages",
      (client) => client.addMessage("s", { role: "user", content: "C" }),
      { role: "user", content: "C" },
    ],
    ["PATCH /sessions/s/messages/m", (client) => client.updateMessage("s", "m", "C"), { content: "C" }],
    ["GET /sessions/s/focus/history?limit=1", (client) => client.listFocuses("s", { limit: 1 })],
    ["GET /sessions/s/focus", (client) => client.getFocus("s")],
    ["GET /turns/t", (client) => client.getTurn("t")],
    ["POST /turns/t/stop", (client) => client.stopTurn("t")],
    [
      "POST /stream-tickets",
      (client) => client.createStreamTicket("/turns/t/events"),
      { path: "/turns/t/events" },
    ],
  ])("%s", async (route, call, body) => {
    world.server.next(route, json({ answer: route }));
    expect(await call(world.client)).toEqual({ answer: route });
    expect(world.server.to(route)[0]?.body).toEqual(body);
  });

  it("an answer without content is none", async () => {
    world.server.next("DELETE /sessions/s", new Response(null, { status: 204 }));
    expect(await world.client.deleteSession("s")).toBeUndefined();
  });

  it("an id cannot reach another route", async () => {
    await expect(world.client.getTurn("../sessions?x=1#")).rejects.toBeInstanceOf(Problem);
    expect(world.server.requests[0]?.path).toBe("/turns/..%2Fsessions%3Fx%3D1%23");
  });
});

it("requests that are refused at the same time ask for one token, and all have it", async () => {
  const asked: ((token: string) => void)[] = [];
  const token = ({ refused }: TokenRequest) =>
    asked.length === 0 && refused === null && world.server.requests.length === 0
      ? null
      : new Promise<string>((resolve) => asked.push(resolve));
  const client = new TutorClient({ baseUrl: "http://tutor.test/", fetch: world.server.fetch, token });
  const answer = ({ headers }: { headers: Headers }) => (headers.has("Authorization") ? json({}) : problem(401, "unauthorized"));
  for (const route of ["GET /sessions", "GET /profile", "GET /turns/t"]) world.server.always(route, answer);
  const all = Promise.all([client.listSessions(), client.getProfile(), client.getTurn("t")]);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(1);
  asked[0]?.("typed");
  expect(await passing(all)).toEqual([{}, {}, {}]);
});

describe("what goes wrong", () => {
  it("is a problem with the server's code when the server refuses", async () => {
    world.server.next("GET /turns/t", () => problem(429, "too-many-requests", { "Retry-After": "7" }));
    await expect(world.client.getTurn("t")).rejects.toMatchObject({
      name: "Problem",
      status: 429,
      code: "too-many-requests",
      requestId: "r1",
      retryable: true,
      retryAfterMs: 7_000,
    });
  });

  it("is a problem also when a proxy answers with a page", async () => {
    world.server.next("GET /turns/t", new Response("<h1>Bad gateway</h1>", { status: 502 }));
    await expect(world.client.getTurn("t")).rejects.toMatchObject({ code: "http-502", retryable: true });
  });

  it("reads a date in Retry-After", async () => {
    vi.setSystemTime(new Date("2026-01-01T00:00:00Z"));
    const headers = { "Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT" };
    world.server.next("GET /turns/t", () => problem(503, "draining", headers));
    await expect(world.client.getTurn("t")).rejects.toMatchObject({ retryAfterMs: 30_000 });
  });

  it("is a network error when there is no answer", async () => {
    world.server.next("GET /turns/t", unreachable);
    await expect(world.client.getTurn("t")).rejects.toBeInstanceOf(NetworkError);
  });

  it("is a network error when the answer takes longer than 30 s", async () => {
    world.server.next("GET /turns/t", () => new Promise<Response>(() => {}));
    await expect(passing(world.client.getTurn("t"))).rejects.toBeInstanceOf(NetworkError);
  });

  it("is the caller's own reason when the caller gives up", async () => {
    world.server.next("GET /turns/t", () => new Promise<Response>(() => {}));
    const controller = new AbortController();
    const asking = world.client.getTurn("t", { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
  });
});

describe("a token", () => {
  it("is sent as it is when it is a text", async () => {
    const client = new TutorClient({ baseUrl: "http://tutor.test", fetch: world.server.fetch, token: "abc" });
    world.server.next("GET /turns/t", json({}));
    await client.getTurn("t");
    expect(authorizations()).toEqual(["Bearer abc"]);
  });

  it("is asked for once and kept", async () => {
    const { client, token } = withTokens("one");
    world.server.next("GET /turns/t", json({}), json({}));
    await Promise.all([client.getTurn("t"), client.getTurn("t")]);
    expect(token).toHaveBeenCalledExactlyOnceWith({ refused: null });
  });

  it("is renewed when the server refuses it, and the request is made again", async () => {
    const { client, token } = withTokens("old", "new");
    world.server.next("GET /turns/t", () => problem(401, "token-expired"), json({ turnId: "t" }));
    expect(await client.getTurn("t")).toEqual({ turnId: "t" });
    expect(authorizations()).toEqual(["Bearer old", "Bearer new"]);
    expect(token).toHaveBeenLastCalledWith({ refused: "old" });
  });

  it("is renewed once for requests that are refused at the same time", async () => {
    const { client, token } = withTokens("old", "new");
    const refusals = [() => problem(401, "token-expired"), () => problem(401, "token-expired")];
    world.server.next("GET /turns/t", ...refusals, json({}), json({}));
    await Promise.all([client.getTurn("t"), client.getTurn("t")]);
    expect(token).toHaveBeenCalledTimes(2);
  });

  it("is renewed once for each failure, and then refused for good", async () => {
    const { client } = withTokens("old", "new", "newer");
    world.server.always("GET /turns/t", () => problem(401, "invalid-token"));
    await expect(client.getTurn("t")).rejects.toMatchObject({ status: 401 });
    expect(world.server.requests).toHaveLength(2);
  });

  it("that cannot be had now may be had later", async () => {
    const token = vi.fn().mockRejectedValueOnce(new Error("offline")).mockResolvedValue("late");
    const client = new TutorClient({ baseUrl: "http://tutor.test", fetch: world.server.fetch, token });
    world.server.next(CHAT, whole(start(), end(2)));
    await read(client.streamChat({ message: "Hi" }));
    expect(authorizations()).toEqual(["Bearer late"]);
  });

  it("that expires in the middle of a stream is renewed, and the stream goes on", async () => {
    const { client } = withTokens("old", "new");
    const stream = new FakeStream(start(), text(2, "Hel"), frame(null, "auth-expired", {}));
    world.server.next(CHAT, stream.response(NAMED));
    world.server.next(EVENTS, whole(text(3, "lo"), end(4)));
    expect(fold(await read(client.streamChat({ message: "Hi" }))).text).toBe("Hello");
    expect(authorizations()).toEqual(["Bearer old", "Bearer new"]);
    expect(world.server.to(EVENTS)[0]?.headers.get("Last-Event-ID")).toBe("2");
  });

  it("that is refused when a stream reconnects is renewed, and the stream goes on", async () => {
    const { client } = withTokens("old", "new");
    world.server.next(CHAT, whole(start(), text(2, "Hel")));
    world.server.next(EVENTS, () => problem(401, "token-expired"), whole(text(3, "lo"), end(4)));
    expect(fold(await read(client.streamChat({ message: "Hi" }))).text).toBe("Hello");
    expect(authorizations()).toEqual(["Bearer old", "Bearer old", "Bearer new"]);
  });
});

it("a request goes to the page's own origin when no server is named", async () => {
  const fetch = vi.fn(() => Promise.resolve(json({})));
  await new TutorClient({ fetch }).getTurn(IDS.turnId);
  expect(fetch).toHaveBeenCalledWith(`/turns/${IDS.turnId}`, expect.anything());
});
