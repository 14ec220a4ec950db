// The rules of axe-core on the states that a learner meets, in both colour schemes.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const REPLY = [
  "A **limit** is what a value *approaches*.",
  "1. Choose a `delta`.\n2. [Read on](https://example.org/).",
  "```rust\nlet epsilon = 0.1;\n```",
  "| n | 1/n |\n|---|-----|\n| 1 | 1 |\n| 2 | 0.5 |",
  "> Closer, and closer still.",
].join("\n\n");

async function violations(tab) {
  const found = await tab.page.evaluate(() => globalThis.axe.run());
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
}

async function openWithRules(stage) {
  await stage.context.addInitScript({ path: AXE });
  return stage.open();
}

for (const colorScheme of ["light", "dark"]) {
  const desk = { colorScheme };
  scene(`axe finds nothing from the welcome to a finished reply, ${colorScheme}`, { context: desk }, async (stage) => {
    const tab = await openWithRules(stage);
    assert.deepEqual(await violations(tab), [], "welcome");
    await tab.say("What is a limit?");
    const call = await stage.upstream.nextCall();
    await tab.page.getByText("Thinking…").waitFor();
    assert.deepEqual(await violations(tab), [], "thinking");
    call.say(REPLY);
    await tab.shows("closer still.");
    assert.deepEqual(await violations(tab), [], "streaming");
    call.finish();
    await tab.rests();
    assert.deepEqual(await violations(tab), [], "finished");
    await tab.press("Delete “What is a limit?”");
    await tab.page.locator("dialog[open]").waitFor();
    assert.deepEqual(await violations(tab), [], "dialog");
  });

  scene(`axe finds nothing when things go wrong, ${colorScheme}`, { context: desk, retry: { tries: 1 } }, async (stage) => {
    const tab = await openWithRules(stage);
    await tab.say("What is a limit?");
    (await stage.upstream.nextCall()).refuse(500, "no");
    await tab.page.locator(".failure").waitFor();
    await tab.rests();
    assert.deepEqual(await violations(tab), [], "failed");
    await tab.press("Retry");
    const call = await stage.upstream.nextCall();
    call.say(lastWords(1, 20));
    await tab.streams(words(1, 20));
    await tab.press("Stop reply");
    await tab.notices("You stopped this reply.");
    await tab.rests();
    assert.deepEqual(await violations(tab), [], "stopped, with an alternative");
    await stage.context.setOffline(true);
    await tab.say("Written offline");
    await tab.page.getByText("Will be sent when you are back online").waitFor();
    assert.deepEqual(await violations(tab), [], "offline");
    await stage.context.setOffline(false);
    await stage.upstream.answer(lastWords(1, 20));
    await tab.rests();
    await tab.page.goto(`${stage.network.origin}/#/sessions/unknown`);
    await tab.page.getByRole("heading", { name: "This conversation is not here" }).waitFor();
    assert.deepEqual(await violations(tab), [], "missing");
  });

  scene(`axe finds nothing when a token is asked for, ${colorScheme}`, { context: desk, asksForTokens: true }, async (stage) => {
    stage.token = await stage.server.token("alice", "1h");
    const tab = await openWithRules(stage);
    await tab.page.locator("#sign-in[open]").waitFor();
    assert.deepEqual(await violations(tab), [], "sign-in");
  });

  const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true, colorScheme };
  scene(`axe finds nothing on a phone, ${colorScheme}`, { context: phone }, async (stage) => {
    const tab = await openWithRules(stage);
    await tab.say("What is a limit?");
    await stage.upstream.answer(REPLY);
    await tab.shows("closer still.");
    await tab.rests();
    assert.deepEqual(await violations(tab), [], "finished");
    await tab.press("Conversations");
    await tab.page.getByRole("link", { name: "What is a limit?" }).waitFor();
    assert.deepEqual(await violations(tab), [], "drawer");
  });
}

scene("a screen reader is told that a reply begins and ends, not each delta", {}, async (stage) => {
  const tab = await stage.open();
  await tab.page.evaluate(() => {
    const live = "[aria-live]:not([aria-live='off']), [role='status'], [role='alert'], [role='log']";
    globalThis.told = [];
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const text = element?.closest(live)?.textContent.trim();
        if (text !== undefined && text !== globalThis.told.at(-1)) globalThis.told.push(text);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  for (let number = 1; number <= 20; number += 1) {
    call.say(words(number, number));
    await tab.streams(words(1, number));
  }
  assert.equal(await tab.page.getAttribute(".from-tutor", "aria-busy"), "true");
  call.finish();
  await tab.rests();
  assert.equal(await tab.page.getAttribute(".from-tutor", "aria-busy"), "false");
  assert.deepEqual(await tab.page.evaluate(() => globalThis.told), ["The tutor is answering.", "The reply is complete."]);
});
