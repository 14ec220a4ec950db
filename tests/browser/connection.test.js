// The network between browser and server breaks; the reply does not.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { Tab } from "./stage/tab.js";
import { lastWords, words } from "./stage/texts.js";

const WHOLE = lastWords(1, 60);
const FOLLOWS = /^\/turns\/[^/]+\/events$/;

async function begin(stage) {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  return { tab, call };
}

async function finish(stage, { tab, call }) {
  call.say(lastWords(41, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
  assert.equal(stage.requests("POST", /^\/stream-chat$/).length, 1);
  assert.equal(stage.upstream.calls.length, 1);
}

scene("a reply goes on after its connection was cut, twice", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  stage.network.cut();
  call.say(words(21, 30));
  await tab.streams(words(1, 30));
  stage.network.cut();
  call.say(words(31, 40));
  await tab.streams(words(1, 40));
  const places = stage.requests("GET", FOLLOWS).map(({ lastEventId }) => lastEventId);
  assert.equal(places.length, 2);
  assert.ok(0 < places[0] && places[0] < places[1], `resumed after event ${places.join(" and ")}`);
  await finish(stage, { tab, call });
});

scene("an outage shows a quiet notice, and nothing of what was written meanwhile is missing", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  stage.network.breakDown();
  await tab.notices("Reconnecting…");
  call.say(words(21, 40));
  stage.network.restore();
  await tab.streams(words(1, 40));
  await tab.page.waitForSelector(".notice", { state: "detached" });
  await finish(stage, { tab, call });
});

scene("a reply that ended during an outage is whole afterwards", {}, async (stage) => {
  const { tab, call } = await begin(stage);
  stage.network.breakDown();
  await tab.notices("Reconnecting…");
  call.say(words(21, 40));
  call.say(lastWords(41, 60));
  call.finish();
  stage.network.restore();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
});

scene("a connection that falls silent is given up and the reply goes on over another", {}, async (stage) => {
  const tab = await stage.open();
  await tab.page.clock.install();
  await tab.page.reload();
  await tab.page.waitForSelector(".welcome");
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  assert.equal(stage.network.silence("POST /stream-chat"), 1);
  call.say(words(21, 40));
  await tab.page.clock.fastForward(41_000);
  await tab.streams(words(1, 40));
  await finish(stage, { tab, call });
});

scene("on a slow network the page comes, and a reply is shown as it is written", {}, async (stage) => {
  const tab = new Tab(await stage.context.newPage());
  const network = await stage.context.newCDPSession(tab.page);
  const slow = { offline: false, latency: 400, downloadThroughput: 40_000, uploadThroughput: 20_000 };
  await network.send("Network.emulateNetworkConditions", slow);
  await tab.page.goto(stage.network.origin);
  await tab.page.waitForSelector(".welcome");
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  call.say(words(21, 40));
  await tab.streams(words(1, 40));
  await finish(stage, { tab, call });
});

for (const [lost, bytes] of [
  ["", 0],
  [" but for its first bytes", 20],
]) {
  scene(`a message whose answer was lost${lost} is sent again and answered once`, {}, async (stage) => {
    const tab = await stage.open();
    stage.network.cutAnswerTo("POST /stream-chat", { bytes });
    await tab.say("What is a limit?");
    await stage.upstream.answer(WHOLE);
    await tab.shows("word 60");
    await stage.tellsOnce(tab, WHOLE);
    assert.equal(stage.network.count("POST /stream-chat"), 2);
    assert.equal(stage.upstream.calls.length, 1);
  });
}

scene("a message that a reloaded page sends again is one message with what had arrived", {}, async (stage) => {
  const tab = await stage.open();
  stage.network.cutAnswerTo("POST /stream-chat", { forLong: true });
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  await tab.page.getByText("The server cannot be reached").first().waitFor();
  call.say(words(1, 20));
  stage.network.restore();
  await tab.page.reload();
  await tab.streams(words(1, 20));
  call.say(lastWords(21, 60));
  call.finish();
  await tab.shows("word 60");
  await stage.tellsOnce(tab, WHOLE);
  assert.equal(stage.upstream.calls.length, 1);
});
