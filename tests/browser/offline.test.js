// What is written without a network.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const SENT = /^\/stream-chat$/;

scene("a message written offline is sent once when the network is back", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(words(1, 20));
  await tab.shows("word 20");
  await tab.rests();
  await stage.context.setOffline(true);
  await tab.page.getByText("You are offline.").waitFor();
  await tab.say("And a derivative?");
  await tab.page.getByText("Will be sent when you are back online").waitFor();
  await stage.context.setOffline(false);
  await stage.upstream.answer(words(21, 40));
  await tab.shows("word 40");
  await tab.rests();
  const stored = await stage.messages(tab);
  assert.deepEqual(stored.map(({ role }) => role), ["user", "assistant", "user", "assistant"]);
  assert.deepEqual(await tab.questions(), ["What is a limit?", "And a derivative?"]);
  assert.equal(stage.requests("POST", SENT).length, 2);
});

scene("messages written offline arrive once, in order, as they were changed last", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  await stage.context.setOffline(true);
  const unsent = tab.page.locator(".is-unsent");
  for (const text of ["First", "Second", "Third", "Fourth"]) {
    await tab.say(text);
    await unsent.filter({ hasText: text }).waitFor();
  }
  await unsent.filter({ hasText: "Second" }).getByRole("button", { name: "Edit" }).click();
  await tab.page.getByRole("textbox", { name: "Message that is not sent yet" }).fill("Second, in other words");
  await tab.press("Save");
  await unsent.filter({ hasText: "Third" }).getByRole("button", { name: "Discard" }).click();
  await tab.until(() => document.querySelectorAll(".is-unsent").length === 3);
  await stage.context.setOffline(false);
  const rest = ["First", "Second, in other words", "Fourth"];
  for (const question of rest) {
    const call = await stage.upstream.answer(lastWords(21, 40));
    assert.equal(call.question, question);
  }
  await tab.until(() => document.querySelectorAll(".from-tutor").length === 4);
  await tab.rests();
  const stored = await stage.messages(tab);
  const own = stored.filter(({ role }) => role === "user").map(({ content }) => content);
  assert.deepEqual(own, ["What is a limit?", ...rest]);
  assert.deepEqual(await tab.questions(), own);
  assert.equal(stage.requests("POST", SENT).length, 4);
  assert.equal(stage.upstream.calls.length, 4);
});

scene("what was written offline outlives its tab, and is sent once by the next", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  const { hash } = tab;
  await stage.context.setOffline(true);
  for (const text of ["First", "Second", "Third"]) {
    await tab.say(text);
    await tab.page.locator(".is-unsent", { hasText: text }).waitFor();
  }
  await tab.page.close();
  await stage.context.setOffline(false);
  const later = await stage.open(hash);
  for (const question of ["First", "Second", "Third"]) {
    const call = await stage.upstream.answer(lastWords(21, 40));
    assert.equal(call.question, question);
  }
  await later.until(() => document.querySelectorAll(".from-tutor").length === 4);
  await later.rests();
  const own = (await stage.messages(later)).filter(({ role }) => role === "user").map(({ content }) => content);
  assert.deepEqual(own, ["What is a limit?", "First", "Second", "Third"]);
  assert.equal(stage.upstream.calls.length, 4);
});
