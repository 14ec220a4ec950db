// Everything without a mouse, with a focus that can be seen.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

/** What has the focus: its name, and whether one sees that. */
function focused(tab) {
  return tab.page.evaluate(() => {
    const element = document.activeElement;
    const name = element.getAttribute("aria-label") ?? (element.id || element.textContent.trim());
    // The text field shows it by the shadow of the frame around it.
    const frame = element.id === "input" ? getComputedStyle(element.closest(".composer-box")).boxShadow : "none";
    return { name, isVisible: getComputedStyle(element).outlineStyle !== "none" || frame !== "none" };
  });
}

/** Presses Tab until the thing with this name has the focus; everything on the way shows its focus. */
async function tabTo(tab, name) {
  const seen = [];
  while (seen.length < 60) {
    await tab.page.keyboard.press("Tab");
    const found = await focused(tab);
    seen.push(found.name);
    assert.ok(found.isVisible, `the focus on “${found.name}” cannot be seen`);
    if (found.name === name) return;
  }
  assert.fail(`Tab does not reach “${name}”, only: ${seen.join(", ")}`);
}

async function startAtTheTop(tab) {
  await tab.page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
  });
}

scene("a conversation needs no mouse", {}, async (stage) => {
  const tab = await stage.open();
  const { keyboard } = tab.page;
  await startAtTheTop(tab);
  await tabTo(tab, "skip");
  await keyboard.press("Enter");
  assert.equal((await focused(tab)).name, "input");
  await keyboard.type("line one");
  await keyboard.press("Shift+Enter");
  await keyboard.type("line two");
  await keyboard.press("Enter");
  const call = await stage.upstream.nextCall();
  assert.equal(call.question, "line one\nline two");
  call.say(words(1, 20));
  await tab.streams(words(1, 20));
  assert.equal((await focused(tab)).name, "input");
  await tabTo(tab, "Stop reply");
  await keyboard.press("Enter");
  await tab.notices("You stopped this reply.");
  await tab.rests();
  assert.equal((await focused(tab)).name, "input");
  await startAtTheTop(tab);
  await tabTo(tab, "Continue");
  await keyboard.press("Space");
  await stage.upstream.answer(lastWords(21, 40));
  await tab.shows("word 40");
  await stage.tellsOnce(tab, lastWords(1, 40));
  assert.equal((await focused(tab)).name, "input");
});

scene("conversations are renamed and deleted without a mouse", {}, async (stage) => {
  const tab = await stage.open();
  const { keyboard } = tab.page;
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.shows("word 20");
  await tab.rests();
  await startAtTheTop(tab);
  await tabTo(tab, "Rename “What is a limit?”");
  await keyboard.press("Enter");
  await keyboard.press("Control+A");
  await keyboard.type("Limits");
  await keyboard.press("Enter");
  await tab.until(() => document.getElementById("title").textContent === "Limits");
  await tab.isQuiet();
  assert.equal((await stage.get(`/sessions/${tab.sessionId}`)).title, "Limits");
  assert.equal((await focused(tab)).name, "Rename “Limits”");
  await tabTo(tab, "Delete “Limits”");
  await keyboard.press("Enter");
  assert.equal((await focused(tab)).name, "Cancel");
  await keyboard.press("Escape");
  await tab.page.waitForSelector("dialog[open]", { state: "detached" });
  assert.equal((await focused(tab)).name, "Delete “Limits”");
  await keyboard.press("Enter");
  await tabTo(tab, "Delete");
  await keyboard.press("Enter");
  await tab.page.waitForSelector(".welcome");
  await tab.isQuiet();
  assert.deepEqual((await stage.get("/sessions")).sessions, []);
});

scene("a deletion that is called off and asked for again at once is carried out", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.rests();
  await tab.press("Delete “What is a limit?”");
  await tab.page.evaluate(() => {
    document.getElementById("confirm").close();
    document.querySelector("[aria-label^='Delete “']").click();
  });
  await tab.press("Delete");
  await tab.page.waitForSelector(".welcome");
  await tab.isQuiet();
  assert.deepEqual((await stage.get("/sessions")).sessions, []);
});
