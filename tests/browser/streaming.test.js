// A reply from its first word to its last, and what can be asked for afterwards.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const WHOLE = lastWords(1, 60);

scene("a reply is shown as it is written and stored once", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  assert.equal(call.question, "What is a limit?");
  await tab.page.getByText("Thinking…").waitFor();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  assert.equal((await stage.messages(tab))[1].status, "streaming");
  call.say(words(21, 40));
  await tab.streams(words(1, 40));
  call.say(lastWords(41, 60));
  call.finish();
  await stage.tellsOnce(tab, WHOLE);
  assert.equal(await tab.page.textContent("#announcer"), "The reply is complete.");
  assert.equal(await tab.page.textContent("#title"), "What is a limit?");
  assert.equal(stage.requests("POST", /^\/stream-chat$/).length, 1);
  assert.equal(stage.upstream.calls.length, 1);
});

scene("a reload in the middle of a reply repeats and loses nothing", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  await tab.page.reload();
  await tab.streams(words(1, 20));
  call.say(words(21, 40));
  await tab.streams(words(1, 40));
  await tab.page.reload();
  call.say(lastWords(41, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
  assert.equal(stage.upstream.calls.length, 1);
});

scene("a reply that ended while the page was gone is there when it comes back", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  const { hash } = tab;
  await tab.page.goto("about:blank");
  call.say(lastWords(21, 60));
  call.finish();
  const later = await stage.open(hash);
  await later.shows("word 60");
  await stage.tellsOnce(later, WHOLE);
});

scene("leaving a conversation in the middle of a reply and coming back shows all of it", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  await tab.press("New chat");
  await tab.page.waitForSelector(".welcome");
  call.say(words(21, 40));
  await tab.page.getByRole("link", { name: "What is a limit?" }).click();
  await tab.streams(words(1, 40));
  call.say(lastWords(41, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
});

scene("a new reply is an alternative, and both can be read", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 10));
  await tab.shows("word 10");
  await tab.rests();
  await tab.press("Regenerate reply");
  const call = await stage.upstream.nextCall();
  call.say(lastWords(11, 20));
  await tab.streams(words(11, 20));
  assert.equal((await tab.replies()).length, 1);
  call.finish();
  await tab.rests();
  assert.equal(await tab.page.textContent(".pager-label"), "2 / 2");
  await tab.press("Previous reply");
  await tab.shows("word 1 ");
  assert.deepEqual(await tab.replies(), [lastWords(1, 10)]);
  await tab.press("Next reply");
  await tab.shows("word 11 ");
  const stored = await stage.messages(tab);
  assert.deepEqual(stored.map(({ role, content }) => [role, content]), [
    ["user", "What is a limit?"],
    ["assistant", lastWords(1, 10)],
    ["assistant", lastWords(11, 20)],
  ]);
  await tab.page.reload();
  await tab.shows("word 20");
  assert.equal(await tab.page.textContent(".pager-label"), "2 / 2");
});

scene("the bundled tutor answers where no provider is set, and the page says so", { practice: true }, async (stage) => {
  const tab = await stage.open();
  await tab.page.getByText("Practice tutor").waitFor();
  await tab.say("Why can’t we divide by zero?");
  await tab.page.waitForSelector(".from-tutor.is-streaming");
  await tab.rests();
  const [, reply] = await stage.messages(tab);
  assert.equal(reply.status, "complete");
  assert.ok(reply.content.length > 40);
  assert.deepEqual(stage.upstream.calls, []);
});
