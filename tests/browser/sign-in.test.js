// A server that wants to know who asks.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const ASKS = { asksForTokens: true };

async function signIn(tab, token) {
  await tab.page.locator("#sign-in[open]").waitFor();
  await tab.page.getByLabel("Token").fill(token);
  await tab.press("Sign in");
}

scene("a token that expires in the middle of a reply is asked for again, and the reply goes on", ASKS, async (stage) => {
  stage.token = await stage.server.token("alice", "1h");
  const tab = await stage.open();
  await signIn(tab, await stage.server.token("alice", "8s"));
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  await tab.page.locator("#sign-in[open]").waitFor();
  await tab.page.getByText("does not accept this token any more").waitFor();
  call.say(words(21, 40));
  await signIn(tab, stage.token);
  await tab.streams(words(1, 40));
  call.say(lastWords(41, 60));
  call.finish();
  await tab.rests();
  assert.deepEqual(await tab.replies(), [lastWords(1, 60)]);
  const stored = await stage.messages(tab);
  assert.deepEqual(stored.map(({ content }) => content), ["What is a limit?", lastWords(1, 60)]);
  assert.equal(stage.upstream.calls.length, 1);
});

scene("a token is kept by its tab alone, and one that is not accepted is asked for again", ASKS, async (stage) => {
  stage.token = await stage.server.token("alice", "1h");
  const tab = await stage.open();
  await signIn(tab, "not-a-token");
  await tab.page.getByText("does not accept this token any more").waitFor();
  await signIn(tab, stage.token);
  await tab.page.getByText("Your conversations will appear here.").waitFor();
  await tab.page.reload();
  await tab.page.getByText("Your conversations will appear here.").waitFor();
  assert.equal(await tab.page.locator("#sign-in[open]").count(), 0);
  const second = await stage.open();
  await second.page.locator("#sign-in[open]").waitFor();
});
