import { createHash } from "node:crypto";

import { describe, expect, it, vi } from "vitest";

import { TutorClient, WrongUserError } from "../src/index.js";
import type { Owner, TokenRequest } from "../src/index.js";
import { drawerOf } from "../src/identity/owner.js";
import { sha256 } from "../src/identity/sha256.js";
import { CHAT, bench, read, whole } from "./support/bench.js";
import { end, start } from "./support/frames.js";
import { type Recorded, json, problem, unreachable } from "./support/server.js";

const PROFILE = "GET /profile";
const world = bench();

/** A token as servers sign it; nobody verifies it here. */
function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** The server knows each token's user. */
function serverKnows(users: Record<string, string>): void {
  world.server.always(PROFILE, ({ headers }: Recorded) => {
    const user = users[headers.get("Authorization")?.replace("Bearer ", "") ?? ""];
    return user === undefined ? problem(401, "unauthorized") : json({ user });
  });
}

function client(token: string | null | ((request: TokenRequest) => string | null), user?: string): TutorClient {
  return new TutorClient({ baseUrl: "http://tutor.test", fetch: world.server.fetch, token, user });
}

describe("a digest without WebCrypto", () => {
  it.each(["", "abc", "a".repeat(55), "a".repeat(56), "a".repeat(63), "a".repeat(64), "x".repeat(119), "ü€😀".repeat(99)])(
    "is that of the standard: %s",
    (text) => expect(sha256(text)).toBe(createHash("sha256").update(text).digest("hex")),
  );
});

describe("the drawer of a caller", () => {
  it("stays when a JWT is renewed, and is another one for each issuer and subject", () => {
    const alice = { iss: "https://school.example", sub: "alice" };
    expect(drawerOf(jwt({ ...alice, exp: 1 }), null)).toBe(drawerOf(jwt({ ...alice, exp: 2 }), null));
    const others = [{ ...alice, iss: "https://other.example" }, { ...alice, sub: "bob" }, { sub: "alice" }];
    expect(new Set([alice, ...others].map((claims) => drawerOf(jwt(claims), null))).size).toBe(4);
  });

  it("takes subjects in any script", () => {
    expect(drawerOf(jwt({ sub: "Łucja 学" }), null)).toContain("Łucja 学");
  });

  it("is a digest of whatever is no JWT, and never has the token in it", () => {
    const odd = ["tut_0123456789", "a.b.c", "..", `${jwt({ iss: "x" })}`, `${jwt({ sub: 7 })}`, "a.!!!.c"];
    const drawers = odd.map((token) => drawerOf(token, null));
    expect(new Set(drawers).size).toBe(odd.length);
    drawers.forEach((drawer, at) => {
      expect(drawer).toMatch(/^token:[0-9a-f]{64}$/);
      expect(drawer).not.toContain(odd[at]);
    });
  });

  it("is that of the user whom the application names, whatever the token", () => {
    expect(drawerOf("one", "alice")).toBe(drawerOf("other", "alice"));
    expect(drawerOf(null, "alice")).not.toBe(drawerOf(null, "bob"));
  });
});

describe("who acts", () => {
  it("is asked of the server where the credentials are not in a token", async () => {
    world.server.always(PROFILE, () => json({ user: "local" }));
    expect(await client(null).identity.owner()).toEqual({ drawer: "user:local", user: "local" });
  });

  it("is nobody in particular where the server names nobody", async () => {
    expect(await client(null).identity.owner()).toEqual({ drawer: "nobody", user: null });
  });

  it("is remembered for the times without a server", async () => {
    const kept = new Map<string, string>();
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    });
    serverKnows({ "token-1": "alice" });
    expect(await client("token-1").identity.named()).toBe("alice");
    world.server.always(PROFILE, unreachable);
    expect(await client("token-1").identity.owner()).toMatchObject({ user: "alice" });
    expect(await client("token-2").identity.owner()).toMatchObject({ user: null });
  });

  it("is told when the credentials are replaced, at once and when it is known", async () => {
    serverKnows({ a: "alice", b: "bob" });
    const tutor = client("a");
    await tutor.identity.named();
    const seen: (Owner | null)[] = [];
    tutor.identity.onChange((owner) => seen.push(owner));
    tutor.setCredentials({ token: "b" });
    expect(seen).toEqual([null]);
    expect(await tutor.identity.named()).toBe("bob");
    expect(seen.at(-1)).toMatchObject({ user: "bob" });
  });

  it("is the same when a refused token is renewed for the same user", async () => {
    serverKnows({ old: "alice", new: "alice" });
    const tutor = client(({ refused }) => (refused === "old" ? "new" : "old"));
    expect(await tutor.identity.named()).toBe("alice");
    world.server.next("GET /sessions", problem(401, "unauthorized"), json({ sessions: [] }));
    await tutor.listSessions();
    expect(await tutor.identity.named()).toBe("alice");
    expect(tutor.identity.current).toEqual({ drawer: drawerOf("new", null), user: "alice" });
  });

  it("is what the answer says of the token that it was asked with, not of the one before", async () => {
    serverKnows({ new: "bob" });
    const tutor = client(({ refused }) => (refused === "old" ? "new" : "old"));
    expect(await tutor.identity.named()).toBe("bob");
    expect(tutor.identity.current).toEqual({ drawer: drawerOf("new", null), user: "bob" });
  });
});

describe("what somebody wrote", () => {
  const send = (tutor: TutorClient, owner: Owner) => read(tutor.streamChat({ message: "Hi" }, { owner }));
  const sentAs = () => world.server.to(CHAT).map(({ headers }) => headers.get("Authorization"));

  it("is not sent under a token that another user has renewed", async () => {
    serverKnows({ b: "bob" });
    const tutor = client(({ refused }) => (refused === "a" ? "b" : "a"));
    const owner = await tutor.identity.owner();
    world.server.next(CHAT, problem(401, "unauthorized"), whole(start(), end(2)));
    await expect(send(tutor, { ...owner, user: "alice" })).rejects.toBeInstanceOf(WrongUserError);
    expect(sentAs()).toEqual(["Bearer a"]);
  });

  it("is sent under a token that the same user has renewed", async () => {
    serverKnows({ b: "alice" });
    const tutor = client(({ refused }) => (refused === "a" ? "b" : "a"));
    const owner = await tutor.identity.owner();
    world.server.next(CHAT, problem(401, "unauthorized"), whole(start(), end(2)));
    await send(tutor, { ...owner, user: "alice" });
    expect(sentAs()).toEqual(["Bearer a", "Bearer b"]);
  });

  it("is not sent with the cookie of somebody else", async () => {
    world.server.always(PROFILE, () => json({ user: "bob" }));
    await expect(send(client(null), { drawer: "user:alice", user: "alice" })).rejects.toBeInstanceOf(WrongUserError);
    expect(sentAs()).toEqual([]);
  });

  it("is not sent under another user whom the application names", async () => {
    await expect(send(client("t", "bob"), { drawer: "user:alice", user: "alice" })).rejects.toBeInstanceOf(WrongUserError);
  });
});

it("headers may be a function, asked before each request, and cookies may go elsewhere", async () => {
  let count = 0;
  const calls: RequestInit[] = [];
  const tutor = new TutorClient({
    baseUrl: "http://tutor.test",
    headers: async () => ({ "X-Count": String((count += 1)) }),
    credentials: "include",
    fetch: (input, init) => {
      calls.push(init ?? {});
      return world.server.fetch(input, init);
    },
  });
  world.server.always("GET /sessions", () => json({ sessions: [] }));
  await tutor.listSessions();
  await tutor.listSessions();
  expect(world.server.requests.map(({ headers }) => headers.get("X-Count"))).toEqual(["1", "2"]);
  expect(calls.map(({ credentials }) => credentials)).toEqual(["include", "include"]);
});
