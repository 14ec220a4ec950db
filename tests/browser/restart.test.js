// The server dies or is replaced in the middle of a reply.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const WHOLE = lastWords(1, 60);
const GOES_ON = { continuesPartial: true };

async function begin(stage) {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  return { tab, call };
}

/** The next attempt is asked for the rest of the text and writes it. */
async function goOn(stage, tab) {
  const call = await stage.upstream.nextCall();
  assert.equal(call.kept, words(1, 20));
  call.say(words(21, 40));
  await tab.streams(words(1, 40));
  call.say(lastWords(41, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
}

scene("a reply is one text though its server was killed", GOES_ON, async (stage) => {
  const { tab } = await begin(stage);
  await stage.server.stop("SIGKILL");
  await tab.notices("Reconnecting…");
  await stage.server.startAgain();
  await goOn(stage, tab);
});

scene("a reply whose server was killed waits to be continued where the provider cannot", {}, async (stage) => {
  const { tab } = await begin(stage);
  await stage.server.stop("SIGKILL");
  await tab.notices("Reconnecting…");
  await stage.server.startAgain();
  await tab.notices("This reply was cut off.");
  await stage.tellsOnce(tab, words(1, 20), "interrupted");
  await tab.press("Continue");
  await goOn(stage, tab);
});

scene("what a power cut took from the database goes from the page as well", GOES_ON, async (stage) => {
  const { tab } = await begin(stage);
  await stage.server.stop("SIGKILL");
  await stage.server.keepDatabase();
  await stage.server.startAgain();
  (await stage.upstream.nextCall()).say(words(21, 40));
  await tab.streams(words(1, 40));
  await stage.server.stop("SIGKILL");
  await stage.server.restoreDatabase();
  await stage.server.startAgain();
  const call = await stage.upstream.nextCall();
  assert.equal(call.kept, words(1, 20));
  call.say(words(41, 50));
  await tab.streams(words(1, 20) + words(41, 50));
  call.say(lastWords(51, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, words(1, 20) + lastWords(41, 60));
});

scene("a reply whose server was killed before the first word is written by the next", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.nextCall();
  await tab.until(() => location.hash.startsWith("#/sessions/"));
  await stage.server.stop("SIGKILL");
  await stage.server.startAgain();
  await stage.upstream.answer(WHOLE);
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
});

scene("a page that was loaded while its server was down goes on by itself", GOES_ON, async (stage) => {
  const { tab } = await begin(stage);
  const { hash } = tab;
  await tab.press("New chat");
  await tab.page.waitForSelector(".welcome");
  await stage.server.stop("SIGKILL");
  await tab.page.getByRole("link", { name: "What is a limit?" }).click();
  await tab.page.getByText("The server cannot be reached").first().waitFor();
  assert.equal(tab.hash, hash);
  await stage.server.startAgain();
  await goOn(stage, tab);
});

scene("a deploy lets a running reply end", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  stage.server.signal("SIGTERM");
  call.say(words(21, 40));
  await tab.streams(words(1, 40));
  call.say(lastWords(41, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.server.ended();
  await stage.server.startAgain();
  await stage.tellsOnce(tab, WHOLE);
  assert.equal(stage.upstream.calls.length, 1);
});

scene("a deploy that cannot wait hands a running reply on", { ...GOES_ON, drainSeconds: 0 }, async (stage) => {
  const { tab, call } = await begin(stage);
  await stage.server.stop("SIGTERM");
  await call.left();
  await stage.server.startAgain();
  await goOn(stage, tab);
});

scene("a message that is sent during a deploy is answered once by the next server", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  const second = await stage.open();
  stage.server.signal("SIGTERM");
  await stage.isDraining();
  await second.say("And a derivative?");
  await second.page.locator(".from-user", { hasText: "The server is restarting" }).waitFor();
  call.say(lastWords(21, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.server.ended();
  await stage.server.startAgain();
  const next = await stage.upstream.answer(lastWords(1, 20));
  assert.equal(next.question, "And a derivative?");
  await second.shows("word 20");
  await stage.tellsOnce(second, lastWords(1, 20));
});
