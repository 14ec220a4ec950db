// What a learner takes away by the clipboard.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";

const CODE = "let epsilon = 0.1;\nlet delta = 2 * epsilon;\n";
const REPLY = `A **limit** is what a value *approaches*: $a_n \\to a$.\n\n\`\`\`rust\n${CODE}\`\`\``;
const MAY_COPY = { context: { permissions: ["clipboard-read", "clipboard-write"] } };

scene("a reply is copied as it was written, a message as it was typed, and code by itself", MAY_COPY, async (stage) => {
  const tab = await stage.open();
  const clipboard = () => tab.page.evaluate(() => navigator.clipboard.readText());
  await tab.say("What is a limit?");
  await stage.upstream.answer(REPLY);
  await tab.rests();
  for (const [name, expected] of [
    ["Copy reply", REPLY],
    ["Copy message", "What is a limit?"],
    ["Copy code", CODE],
  ]) {
    await tab.page.getByRole("button", { name, exact: true }).click();
    await tab.page.getByRole("button", { name: "Copied", exact: true }).waitFor();
    assert.equal(await clipboard(), expected, name);
    await tab.page.getByRole("button", { name, exact: true }).waitFor();
  }
});

scene("a page that may not use the clipboard copies all the same", {}, async (stage) => {
  const tab = await stage.open();
  await tab.page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    document.addEventListener("copy", () => (globalThis.copied = getSelection().toString() || document.activeElement.value));
  });
  await tab.say("What is a limit?");
  await stage.upstream.answer(REPLY);
  await tab.rests();
  await tab.press("Copy reply");
  await tab.page.getByRole("button", { name: "Copied", exact: true }).waitFor();
  assert.equal(await tab.page.evaluate(() => globalThis.copied), REPLY);
});
