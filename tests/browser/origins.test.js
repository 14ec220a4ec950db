// Pages of another origin, in a real browser: one that is configured may do all that it should, another one nothing.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";

import { browser } from "./stage/browser.js";
import { scene } from "./stage/scene.js";

// Somebody's site, with nothing on it.
const site = createServer((request, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html>"));
site.listen(0, "127.0.0.1");
await once(site, "listening");
after(() => {
  site.closeAllConnections();
  site.close();
});
const ORIGIN = `http://127.0.0.1:${site.address().port}`;

/** A page of that site. */
async function visit(context) {
  const page = await context.newPage();
  await page.goto(ORIGIN);
  return page;
}

scene("a page of a configured origin asks, reads the stream and its headers, and resumes", { allowedOrigins: [ORIGIN] }, async (stage) => {
  const context = await (await browser()).newContext();
  const page = await visit(context);
  const answered = page.evaluate(async (server) => {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": "k1" };
    const body = JSON.stringify({ message: "Why is the sky blue?" });
    const response = await fetch(`${server}/stream-chat`, { method: "POST", headers, body });
    const text = await response.text();
    const resumed = await fetch(server + response.headers.get("Location"), { headers: { "Last-Event-ID": "2" } });
    const missing = await fetch(`${server}/sessions/nonsense`);
    return {
      turnId: response.headers.get("X-Turn-Id"),
      sessionId: response.headers.get("X-Session-Id"),
      text,
      resumed: await resumed.text(),
      refused: [missing.status, (await missing.json()).code],
    };
  }, stage.server.origin);
  await stage.upstream.answer("Because of scattering.");
  const { turnId, sessionId, text, resumed, refused } = await answered;
  assert.ok(turnId && sessionId);
  assert.match(text, /^:[^]*id: 1\nevent: turn-start\n[^]*event: turn-end\n/);
  assert.ok(!resumed.includes("id: 2\n") && resumed.includes("id: 3\n") && resumed.includes("turn-end"), resumed);
  assert.deepEqual(refused, [400, "invalid-id"]);
  await context.close();
});

/** Runs inside a page of another origin: everything that it can try without asking first. */
async function tryEverything(server) {
  const body = JSON.stringify({ message: "?" });
  const form = document.createElement("form");
  form.append(Object.assign(document.createElement("input"), { name: '{"message":"?","subject":"', value: '"}' }));
  Object.assign(form, { method: "POST", action: `${server}/stream-chat`, enctype: "text/plain", target: "frame" });
  const frame = Object.assign(document.createElement("iframe"), { name: "frame" });
  document.body.append(form, frame);
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  form.submit();
  await loaded;
  const tried = {
    read: () => fetch(`${server}/sessions`, { credentials: "include" }).then((response) => response.text()),
    post: () => fetch(`${server}/stream-chat`, { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "include" }),
    remove: () => fetch(`${server}/account`, { method: "DELETE", credentials: "include" }),
    blind: () => fetch(`${server}/stream-chat`, { method: "POST", mode: "no-cors", body, credentials: "include" }).then(({ type }) => type),
    source: () => new Promise((resolve, reject) => {
      const source = new EventSource(`${server}/sessions`, { withCredentials: true });
      Object.assign(source, { onmessage: resolve, onopen: resolve, onerror: reject });
    }),
  };
  const found = {};
  for (const [name, attempt] of Object.entries(tried)) {
    found[name] = await attempt().then((value) => value, () => "refused");
  }
  return found;
}

const NOTHING = { read: "refused", post: "refused", remove: "refused", blind: "opaque", source: "refused" };

scene("a page of any other origin reads nothing and changes nothing", { allowedOrigins: ["https://chat.example"] }, async (stage) => {
  const context = await (await browser()).newContext();
  const page = await visit(context);
  assert.deepEqual(await page.evaluate(tryEverything, stage.server.origin), NOTHING);
  assert.deepEqual((await stage.get("/sessions")).sessions, []);
  assert.equal(stage.upstream.calls.length, 0);
  await context.close();
});

scene("the cookie of a learner is of no use to a page of another origin", { asksForTokens: true, cookie: true }, async (stage) => {
  const context = await (await browser()).newContext();
  stage.token = await stage.server.token("alice", "1h");
  const own = await context.newPage();
  await own.goto(stage.server.origin);
  const statuses = await own.evaluate(async (token) => {
    const headers = { Authorization: `Bearer ${token}` };
    const login = await fetch("/login", { method: "POST", headers });
    const json = { "Content-Type": "application/json" };
    const session = await fetch("/sessions", { method: "POST", headers: json, body: '{"title":"Mine"}' });
    return [login.status, session.status];
  }, stage.token);
  assert.deepEqual(statuses, [200, 201], "a page of its own origin needs no more than the cookie");
  const page = await visit(context);
  assert.deepEqual(await page.evaluate(tryEverything, stage.server.origin), NOTHING);
  const { sessions } = await stage.get("/sessions");
  assert.deepEqual(sessions.map(({ title }) => title), ["Mine"]);
  assert.equal(stage.upstream.calls.length, 0);
  await context.close();
});
