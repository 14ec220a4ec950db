// What a reader does inside a reply while it is being written: nothing of it is undone by the next words.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";

const MAY_COPY = { context: { permissions: ["clipboard-read", "clipboard-write"] }, mergeWindowMs: 0 };
const LIVE = { mergeWindowMs: 0 };

/** Says one more line and waits until the reader sees what is new in it. */
async function more(tab, call, line, words = line) {
  call.say(`${line}\n`);
  await tab.shows(words);
}

async function begin(stage, text, sign) {
  const tab = await stage.open();
  await tab.say("Go on.");
  const call = await stage.upstream.nextCall();
  call.say(text);
  await tab.shows(sign);
  return { tab, call };
}

async function end(tab, call) {
  call.finish();
  await tab.rests();
}

scene("each press of “Copy code” counts while the code is being written", MAY_COPY, async (stage) => {
  const { tab, call } = await begin(stage, "```py\nline_0 = 0\n", "line_0");
  await tab.page.evaluate(() => {
    globalThis.presses = 0;
    const button = document.querySelector(".code-bar button");
    button.addEventListener("click", () => globalThis.presses++);
  });
  const button = tab.page.locator(".code-bar button");
  for (let press = 1; press <= 9; press++) {
    await button.hover();
    await tab.page.mouse.down();
    await more(tab, call, `line_${press} = ${press}`);
    await tab.page.mouse.up();
    assert.equal(await tab.page.evaluate(() => globalThis.presses), press);
  }
  await tab.page.locator(".code-bar button[aria-label=Copied]").waitFor();
  const copied = await tab.page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^line_0 = 0\n(line_\d = \d\n)*$/);
  await end(tab, call);
});

const WIDE = "wide ".repeat(60);
const KINDS = {
  "a paragraph": { text: "These words are chosen by the reader, and ", next: (word) => `more **${word}** comes` },
  "a list": { text: "- These words are chosen by the reader\n- next\n", next: (word) => `- ${word}` },
  "a table": { text: "| words |\n|---|\n| These words are chosen by the reader |\n", next: (word) => `| ${word} |` },
  "code": { text: "```\nThese words are chosen by the reader\n", next: (word) => `${word}()` },
};

for (const [kind, { text, next }] of Object.entries(KINDS)) {
  scene(`what is selected by drawing the mouse stays selected while ${kind} grows`, LIVE, async (stage) => {
    const { tab, call } = await begin(stage, text, "chosen by the reader");
    const [from, to] = await tab.page.evaluate(() => {
      const words = "These words are chosen";
      const walker = document.createTreeWalker(document.querySelector(".from-tutor .prose"), NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) if (walker.currentNode.data.includes(words)) break;
      const range = document.createRange();
      const start = walker.currentNode.data.indexOf(words);
      range.setStart(walker.currentNode, start);
      range.setEnd(walker.currentNode, start + words.length);
      const { left, right, top, height } = range.getBoundingClientRect();
      return [{ x: left + 0.5, y: top + height / 2 }, { x: right - 0.5, y: top + height / 2 }];
    });
    await tab.page.mouse.move(from.x, from.y);
    await tab.page.mouse.down();
    await more(tab, call, next("first"), "first");
    await tab.page.mouse.move(to.x, to.y, { steps: 4 });
    await more(tab, call, next("second"), "second");
    await tab.page.mouse.up();
    await more(tab, call, next("third"), "third");
    assert.equal(await tab.page.evaluate(() => String(getSelection())), "These words are chosen");
    await end(tab, call);
    assert.equal(await tab.page.evaluate(() => String(getSelection())), "These words are chosen");
  });
}

scene("what was moved sideways, and the focus, stay where they are while a block grows", LIVE, async (stage) => {
  const { tab, call } = await begin(stage, `\`\`\`js\n${WIDE} edge\n`, "edge");
  await tab.page.evaluate(() => {
    document.querySelector(".prose pre").scrollLeft = 300;
    document.querySelector(".code-bar button").focus();
  });
  const place = () =>
    tab.page.evaluate(() => ({
      left: document.querySelector(".prose pre").scrollLeft,
      focus: document.activeElement === document.querySelector(".code-bar button"),
    }));
  for (let line = 1; line <= 5; line++) {
    await more(tab, call, `line_${line}()`);
    assert.deepEqual(await place(), { left: 300, focus: true });
  }
  call.say(`\`\`\`\n\n| ${WIDE.trim().replaceAll(" ", " | ")} |\n${"|---".repeat(60)}|\n| first |\n`);
  await tab.shows("first");
  const table = (left) => tab.page.$eval(".prose table", (element, to) => (to === null ? element.scrollLeft : (element.scrollLeft = to)), left);
  await table(200);
  await more(tab, call, "| second |", "second");
  assert.equal(await table(null), 200);
  assert.deepEqual(await place(), { left: 300, focus: true });
  await end(tab, call);
  assert.deepEqual([await table(null), await place()], [200, { left: 300, focus: true }]);
});
