// The same conversation in several tabs.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const WHOLE = lastWords(1, 60);

async function begin(stage) {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  return { tab, call };
}

scene("a second tab shows the running reply, and both end the same", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  const second = await stage.open(tab.hash);
  await second.streams(words(1, 20));
  call.say(words(21, 40));
  await Promise.all([tab.streams(words(1, 40)), second.streams(words(1, 40))]);
  call.say(lastWords(41, 60));
  call.finish();
  await second.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
  await stage.tellsOnce(second, WHOLE);
  assert.equal(stage.upstream.calls.length, 1);
});

scene("a stop in one tab ends the reply in the other", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  const second = await stage.open(tab.hash);
  await second.streams(words(1, 20));
  await second.press("Stop reply");
  await call.left();
  await Promise.all([tab.notices("You stopped this reply."), second.notices("You stopped this reply.")]);
  const [, { content }] = await stage.messages(tab);
  assert.equal(content, words(1, 20));
  await Promise.all([tab.rests(), second.rests()]);
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  assert.deepEqual(await second.replies(), [lastWords(1, 20)]);
});

scene("a tab at rest notices what another tab asks", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  call.finish();
  await tab.rests();
  const second = await stage.open(tab.hash, await stage.newContext());
  await second.rests();
  await tab.say("And a derivative?");
  const next = await stage.upstream.nextCall();
  next.say(words(21, 40));
  await second.streams(words(21, 40));
  next.finish();
  await Promise.all([tab.rests(), second.rests()]);
  assert.deepEqual(await second.questions(), ["What is a limit?", "And a derivative?"]);
  assert.deepEqual(await second.replies(), await tab.replies());
});

scene("what is sent while another tab's reply runs waits for it and is sent once", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  call.finish();
  await tab.rests();
  const second = await stage.open(tab.hash, await stage.newContext());
  await second.rests();
  await tab.say("From the first tab");
  const first = await stage.upstream.nextCall();
  // Before it knows of that reply, it would send at once and the server would queue the message.
  await second.page.getByRole("button", { name: "Stop reply" }).waitFor();
  await second.say("From the second tab");
  first.say(words(21, 30));
  await second.streams(words(21, 30));
  first.finish();
  const last = await stage.upstream.nextCall();
  assert.equal(last.question, "From the second tab");
  last.say(words(31, 40));
  last.finish();
  await Promise.all([tab.shows("word 40"), second.shows("word 40")]);
  await Promise.all([tab.rests(), second.rests()]);
  const questions = ["What is a limit?", "From the first tab", "From the second tab"];
  assert.deepEqual(await tab.questions(), questions);
  assert.deepEqual(await second.questions(), questions);
  const stored = await stage.messages(tab);
  assert.deepEqual(stored.filter(({ role }) => role === "user").map(({ content }) => content), questions);
});
