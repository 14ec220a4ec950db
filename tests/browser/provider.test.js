// The provider fails; the learner is told and can try again.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const AT_ONCE = { retry: { tries: 1, further_attempts: 0 } };

for (const [status, detail] of [
  [500, /Try again in a moment\.$/],
  [429, /Try again in a moment\.$/],
  [401, /^The operator of this service has to look at this/],
]) {
  scene(`an answer ${status} of the provider is shown as an error, and a retry works`, AT_ONCE, async (stage) => {
    const tab = await stage.open();
    await tab.say("What is a limit?");
    (await stage.upstream.nextCall()).refuse(status, "no");
    await tab.page.locator(".failure strong").waitFor();
    await tab.rests();
    assert.match(await tab.page.textContent(".failure strong"), /^The tutor's model provider /);
    assert.match(await tab.page.textContent(".failure p"), detail);
    await tab.page.reload();
    await tab.page.locator(".failure").waitFor();
    await tab.rests();
    await tab.press("Retry");
    await stage.upstream.answer(lastWords(1, 20));
    await tab.shows("word 20");
    await tab.rests();
    assert.equal(await tab.page.locator(".failure").count(), 0);
    assert.deepEqual(await tab.questions(), ["What is a limit?"]);
    assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  });
}

scene("an error in the middle of a reply keeps what was written, and a retry works", AT_ONCE, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  call.fail("out of memory");
  await tab.page.locator(".failure strong").waitFor();
  assert.deepEqual(await tab.replies(), [lastWords(1, 20)]);
  await tab.rests();
  await tab.press("Retry");
  await stage.upstream.answer(lastWords(21, 40));
  await tab.shows("word 40");
  await tab.rests();
  assert.deepEqual(await tab.replies(), [lastWords(21, 40)]);
});

scene("a reply that the provider cut is kept and can be continued", { ...AT_ONCE, continuesPartial: true }, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  call.cut();
  await tab.notices("This reply was cut off.");
  await tab.rests();
  await tab.press("Continue");
  const next = await stage.upstream.nextCall();
  assert.equal(next.kept, words(1, 20));
  next.say(lastWords(21, 40));
  next.finish();
  await tab.shows("word 40");
  await stage.tellsOnce(tab, lastWords(1, 40));
});

scene("a reply that met the model's length limit says so", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(lastWords(1, 20));
  call.finish("length");
  await tab.notices("length limit");
  await stage.tellsOnce(tab, lastWords(1, 20));
});

scene("a provider that asks for patience is asked again, and the page counts down", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  (await stage.upstream.nextCall()).refuse(503, "busy", { "Retry-After": "3" });
  await tab.page.locator(".notice", { hasText: /trying again\s*in [123] s/ }).waitFor();
  await stage.upstream.answer(lastWords(1, 20));
  await tab.shows("word 20");
  await stage.tellsOnce(tab, lastWords(1, 20));
});

scene("a reply that is begun anew says so and leaves nothing of the old text", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  call.cut();
  const next = await stage.upstream.nextCall();
  next.say(words(21, 40));
  await tab.streams(words(21, 40));
  await tab.notices("has begun this reply anew");
  next.finish();
  await tab.shows("word 40");
  await stage.tellsOnce(tab, words(21, 40));
});

scene("the session's focus stands beside the conversation, with its steps", { practice: true, plans: true }, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is the derivative of a square?");
  const focus = tab.page.locator(".focus");
  await focus.waitFor();
  await tab.rests();
  const { objective, steps } = await stage.get(`/sessions/${tab.sessionId}/focus`);
  assert.ok(steps.length > 0);
  await focus.locator("summary").click();
  await focus.getByText(objective).waitFor();
  const shown = await focus.locator("ol > li").allTextContents();
  assert.deepEqual(shown.map((text) => text.replace(" (done)", "")), steps.map(({ title }) => title));
});
