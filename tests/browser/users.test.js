// Several people at one browser, and browsers that do not let a page do what it wants to.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords } from "./stage/texts.js";
import { within } from "./stage/waiting.js";

const ASKS = { asksForTokens: true };
const SENT = /^\/stream-chat$/;

async function signIn(tab, token) {
  await tab.page.locator("#sign-in[open]").waitFor();
  await tab.page.getByLabel("Token").fill(token);
  await tab.press("Sign in");
  await tab.page.locator("#sign-in:not([open])").waitFor({ state: "attached" });
}

/** Waits until the page knows from the server who is signed in. */
async function isNamed(tab) {
  await within(
    tab.page.waitForResponse((response) => response.url().endsWith("/profile") && response.ok()),
    "the server names the user",
  );
  await tab.isQuiet();
}

async function openAs(stage, token) {
  const tab = await stage.open();
  const named = isNamed(tab);
  await signIn(tab, token);
  await named;
  return tab;
}

scene("what one learner left unsent is not shown to the next one, and goes out as their own", ASKS, async (stage) => {
  const bob = await stage.server.token("bob", "1h");
  stage.token = await stage.server.token("alice", "1h");
  const first = await openAs(stage, stage.token);
  await stage.context.setOffline(true);
  await first.say("ALICE PRIVATE");
  await first.page.getByText("Will be sent when you are back online").waitFor();
  await first.page.close();
  await stage.context.setOffline(false);

  const second = await openAs(stage, bob);
  await second.say("What is a limit?");
  const call = await stage.upstream.answer(lastWords(1, 20));
  assert.equal(call.question, "What is a limit?");
  await second.rests();
  assert.equal(await second.page.getByText("ALICE PRIVATE").count(), 0);
  assert.equal(stage.requests("POST", SENT).length, 1);
  await second.page.close();

  // Another token of the same learner.
  const back = await openAs(stage, await stage.server.token("alice", "1h"));
  const answered = await stage.upstream.answer(lastWords(21, 40));
  assert.equal(answered.question, "ALICE PRIVATE");
  await back.isQuiet();
  const { sessions } = await stage.get("/sessions");
  assert.equal(sessions.length, 1);
  await within(ended(stage, sessions[0].id), "the reply ends");
});

async function ended(stage, sessionId) {
  for (;;) {
    const { messages } = await stage.get(`/sessions/${sessionId}/messages`);
    if (messages.every(({ status }) => status !== "streaming")) return;
  }
}

scene("a tab says when another one has signed in as somebody else", ASKS, async (stage) => {
  stage.token = await stage.server.token("alice", "1h");
  const first = await openAs(stage, stage.token);
  await openAs(stage, await stage.server.token("bob", "1h"));
  await first.page.getByText("Another tab has signed in as bob.").waitFor();
});

scene("a tab in which somebody else signs in shows nothing of the one before", ASKS, async (stage) => {
  stage.token = await stage.server.token("alice", "1h");
  const tab = await openAs(stage, await stage.server.token("alice", "8s"));
  await tab.say("ALICE PRIVATE");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  await signIn(tab, await stage.server.token("bob", "1h"));
  await tab.page.getByText("Your conversations will appear here.").waitFor();
  await tab.page.locator(".welcome").waitFor();
  assert.equal(await tab.page.getByText("ALICE PRIVATE").count(), 0);
  assert.equal(tab.hash, "#/");
  await tab.say("What is a limit?");
  const call = await stage.upstream.answer(lastWords(21, 40));
  assert.deepEqual(call.question, "What is a limit?");
  await tab.rests();
  assert.deepEqual(await tab.questions(), ["What is a limit?"]);
  assert.equal((await stage.get("/sessions")).sessions.length, 1);
});

scene("a message is sent where a page may neither store anything nor take locks", {}, async (stage) => {
  await stage.context.addInitScript(() => {
    const denied = () => {
      throw new DOMException("The request was denied.", "SecurityError");
    };
    // The empty page that comes first has none.
    if (!globalThis.LockManager) return;
    LockManager.prototype.request = () => Promise.reject(new DOMException("The request was denied.", "SecurityError"));
    IDBFactory.prototype.open = denied;
    for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: denied });
  });
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  await tab.page.getByText("does not let tabs take turns").waitFor();
  await tab.page.getByText("does not let the page store anything").waitFor();
});

scene("a message is sent where the browser says that there is no network", {}, async (stage) => {
  await stage.context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "onLine", { get: () => false });
  });
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  assert.equal(await tab.page.getByText("You are offline.").isVisible(), false);
});

scene("a message that is refused says why, and does not keep the next one", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("x".repeat(140_000));
  await tab.page.getByText("The message is too long").waitFor();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  const refused = tab.page.locator(".is-unsent");
  for (const name of ["Retry", "Edit", "Discard"]) await refused.getByRole("button", { name }).waitFor();
  await tab.press("Discard");
  await tab.until(() => document.querySelectorAll(".is-unsent").length === 0);
});
