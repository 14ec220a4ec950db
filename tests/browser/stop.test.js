// Stopping a reply, and going on with one that was stopped.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

async function beginAndStop(stage) {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  await tab.press("Stop reply");
  await call.left();
  await tab.notices("You stopped this reply.");
  return tab;
}

scene("a stopped reply keeps what was shown and costs nothing more", {}, async (stage) => {
  const tab = await beginAndStop(stage);
  await tab.rests();
  const stored = await stage.messages(tab);
  assert.deepEqual(stored.map(({ status }) => status), ["complete", "stopped"]);
  assert.equal(stored[1].content, words(1, 20));
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  await tab.page.reload();
  await tab.notices("You stopped this reply.");
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
});

for (const continuesPartial of [true, false]) {
  const provider = continuesPartial ? "can go on" : "has to be asked in words";
  scene(`a stopped reply becomes one text with a provider that ${provider}`, { continuesPartial }, async (stage) => {
    const tab = await beginAndStop(stage);
    await tab.press("Continue");
    const call = await stage.upstream.nextCall();
    assert.equal(call.kept, words(1, 20));
    assert.equal(call.body.messages.at(-1).role, continuesPartial ? "assistant" : "user");
    call.say(words(21, 40));
    await tab.streams(words(1, 40));
    call.say(lastWords(41, 60));
    call.finish();
    await tab.shows("word 60");
    await stage.tellsOnce(tab, lastWords(1, 60));
  });
}

scene("a reply that is stopped before its first word can be asked for again", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  await tab.press("Stop reply");
  await call.left();
  await tab.notices("You stopped this reply.");
  await tab.press("Regenerate reply");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.shows("word 20");
  await tab.rests();
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  assert.deepEqual(await tab.questions(), ["What is a limit?"]);
});
