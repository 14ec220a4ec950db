// Nothing in a message freezes the page: texts cost what their length says, whatever stands in them.

import assert from "node:assert/strict";

import { readFile } from "node:fs/promises";

import { bundle } from "./stage/bundle.js";
import { FORMULAS, PIECES, floods } from "./stage/floods.js";
import { scene } from "./stage/scene.js";

const SEED = 20_261_129;
const LENGTH = 16_384;
/** Steps for each character, of which ordinary text takes one, and those that a block may spend before it is shown as it is. */
const STEPS = { each: 24, block: 250_000 };
/** A page that has frozen does not come back in this time; one that works hard on a busy machine does. */
const ANSWERS_MS = 20_000;

async function reader() {
  const code = await bundle("client/page/markdown/blocks.ts", { platform: "node" });
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

scene("what is repeated or mixed at random takes no more steps than its length allows", {}, async () => {
  const { Known, readBlocks, stepsTaken } = await reader();
  const texts = [...PIECES.map((piece) => piece.repeat(LENGTH / piece.length)), ...floods(SEED, { count: 120, longest: LENGTH })];
  for (const text of texts) {
    for (const growing of [true, false]) {
      const before = stepsTaken();
      const blocks = readBlocks(text, new Known(), growing);
      const steps = stepsTaken() - before;
      assert.ok(steps <= STEPS.each * text.length + STEPS.block, `${steps} steps for ${text.length} of ${JSON.stringify(text.slice(0, 40))}`);
      const largest = Math.max(0, ...blocks.map(({ size }) => size));
      assert.ok(largest <= 10_006, `${largest} nodes of ${JSON.stringify(text.slice(0, 40))}`);
    }
  }
});

/** A page with the code that shows Markdown as `Markdown`; formulas stay TeX. */
async function pageWithMarkdown({ context, network }) {
  const body = await bundle("tests/browser/stage/markdown-parts.js", { external: ["./typesetter.js"] });
  await context.route(/\/static\/dist\/page\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body }));
  await context.route(/\/static\/dist\/typesetter\.js$/, (route) => route.abort());
  const page = await context.newPage();
  await page.goto(network.origin);
  await page.evaluate(async () => {
    globalThis.Markdown = await import("/static/dist/page.js");
  });
  return page;
}

scene("whatever is written piece by piece ends as it does at once, also where it is cut", {}, async (stage) => {
  const page = await pageWithMarkdown(stage);
  const everyday = JSON.parse(await readFile(new URL("texts/everyday.json", import.meta.url), "utf8"));
  const all = everyday.map(({ text }) => text).join("\n\n");
  const texts = [
    ...floods(SEED, { count: 80, longest: 500 }),
    `${all}\n\n`.repeat(4),
    `\`\`\`js\n${"let x = 1; // é😀\n".repeat(6_000)}\`\`\`\n\nafter **x**`,
    "- a\n  b\n".repeat(3_000),
    "word ".repeat(9_000),
  ];
  for (const text of texts) {
    const isSame = await page.evaluate((source) => {
      const { MarkdownView } = globalThis.Markdown;
      const [grown, whole, slow] = [1, 2, 3].map(() => document.createElement("div"));
      new MarkdownView(whole).show(source);
      const view = new MarkdownView(grown);
      const step = Math.max(1, Math.floor(source.length / 40));
      for (let length = step, shows = 1; length < source.length; length += step, shows++) {
        view.show(source.slice(0, length), true);
        // It seems to end, and goes on after all.
        if (shows % 7 === 0) view.show(source.slice(0, length));
      }
      view.show(source);
      // As much in each frame as it allows.
      const slowly = new MarkdownView(slow);
      const frame = (left) => ({ take: (characters) => left > 0 && ((left -= characters), true) });
      let frames = 0;
      while (slowly.show(source, false, frame(49_152)) && frames < 1_000) frames++;
      return grown.isEqualNode(whole) && slow.isEqualNode(whole) && frames < 1_000;
    }, text);
    assert.ok(isSame, JSON.stringify(text.slice(0, 80)));
  }
});

scene("of a reply that grows to two megabytes only what can still change is read again", {}, async (stage) => {
  const page = await pageWithMarkdown(stage);
  const share = await page.evaluate(() => {
    const { MarkdownView, stepsTaken } = globalThis.Markdown;
    const part = "## A part\n\nSome *words* and `code` of it.\n\n- one\n- two\n\n```js\nlet x = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n";
    const text = part.repeat(2 ** 21 / part.length);
    const once = stepsTaken();
    new MarkdownView(document.createElement("div")).show(text);
    const before = stepsTaken();
    const view = new MarkdownView(document.createElement("div"));
    for (let length = 8_192; length < text.length; length += 8_192) view.show(text.slice(0, length), true);
    view.show(text);
    return (stepsTaken() - before) / (before - once);
  });
  console.log(`      ${share.toFixed(2)} times what it takes at once`);
  assert.ok(share < 1.5, `${share} times what it takes at once`);
});

scene("no formula makes more nodes than a page can bear, and all of them end", {}, async ({ context, network }) => {
  const body = await bundle("client/page/view/typesetter.ts");
  await context.route(/\/static\/dist\/page\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body }));
  const page = await context.newPage();
  page.setDefaultTimeout(ANSWERS_MS);
  await page.goto(network.origin);
  for (const [name, formula] of Object.entries(FORMULAS)) {
    const [, tex] = /^\$+([^]*?)\$+$/.exec(formula);
    const nodes = await page.evaluate(async (text) => {
      const { typeset } = await import("/static/dist/page.js");
      const made = typeset(text, true);
      if (made !== null) document.body.replaceChildren(made.element);
      // Laid out, too.
      return made === null ? 0 : document.body.getBoundingClientRect().height && document.querySelectorAll("math, math *").length;
    }, tex);
    assert.ok(nodes <= 4_000, `${nodes} nodes of ${name}`);
  }
});

/** Runs in the page: how long each frame takes. */
function watchFrames() {
  globalThis.frames = [];
  let last = performance.now();
  requestAnimationFrame(function measure(now) {
    globalThis.frames.push(now - last);
    last = now;
    requestAnimationFrame(measure);
  });
}

const FLOODS = {
  "formulas": Object.values(FORMULAS).join("\n\n"),
  "a letter and a mark": "a_".repeat(65_536),
  "brackets": `${"[".repeat(LENGTH)}\n\n${"![".repeat(LENGTH / 2)}\n\n${"[a](\\".repeat(LENGTH / 5)}`,
  "spaces in a line": `a${" ".repeat(LENGTH)}b`,
  "addresses": `${"http://a.b/!?".repeat(LENGTH / 13)}\n\n${"a".repeat(LENGTH)}@`,
  "marks of formulas": `${"a$\\$".repeat(LENGTH / 4)}\n\n${"\\[".repeat(LENGTH / 2)}\n\n${"\\[\n".repeat(LENGTH / 3)}`,
  "headings without words": "#\n".repeat(30_000),
  "much code": `\`\`\`\n${"a line of code\n".repeat(16_000)}\`\`\``,
};

for (const [name, flood] of Object.entries(FLOODS)) {
  scene(`the page answers while it is told ${name}, and when it is opened again`, {}, async (stage) => {
    const tab = await stage.open();
    tab.page.setDefaultTimeout(ANSWERS_MS);
    await tab.page.evaluate(watchFrames);
    await tab.say("Go on.");
    const call = await stage.upstream.nextCall();
    for (let at = 0; at < flood.length; at += LENGTH) {
      call.say(flood.slice(at, at + LENGTH));
      await tab.page.evaluate(() => new Promise(requestAnimationFrame));
    }
    call.say("\n\nThe end of it.");
    call.finish();
    await tab.shows("The end of it.");
    await tab.rests();
    const frames = (await tab.page.evaluate(() => globalThis.frames)).toSorted((a, b) => a - b);
    const share = (part) => frames[Math.floor((frames.length - 1) * part)].toFixed(0);
    console.log(`      ${frames.length} frames, median ${share(0.5)} ms, 95 % ${share(0.95)} ms, longest ${share(1)} ms`);
    await tab.page.reload();
    await tab.shows("The end of it.");
    await tab.rests();
    await tab.page.fill("#input", "It answers.");
    assert.equal(await tab.page.inputValue("#input"), "It answers.");
  });
}
