// Text as models and learners write it, and what the page makes of it: whole, and cut at every character.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { bundle } from "./stage/bundle.js";
import { outline } from "./stage/outline.js";
import { scene } from "./stage/scene.js";

const EVERYDAY = JSON.parse(await readFile(new URL("texts/everyday.json", import.meta.url), "utf8"));

/** A page under the server's policy with the code that shows Markdown as `Markdown`; formulas stay TeX. */
async function pageWithMarkdown({ context, network }) {
  const body = await bundle("client/page/view/markdown.ts", { external: ["./typesetter.js"] });
  await context.route(/\/static\/dist\/page\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body }));
  await context.route(/\/static\/dist\/typesetter\.js$/, (route) => route.abort());
  const page = await context.newPage();
  await page.goto(network.origin);
  await page.evaluate(`globalThis.outline = ${outline}`);
  await page.evaluate(async () => {
    globalThis.Markdown = await import("/static/dist/page.js");
  });
  return page;
}

scene("everyday text is shown as it is meant", {}, async (stage) => {
  const page = await pageWithMarkdown(stage);
  const shown = await page.evaluate((texts) => {
    return texts.map(({ name, text }) => {
      const root = document.createElement("div");
      new globalThis.Markdown.MarkdownView(root).show(text);
      return { name, text, shown: globalThis.outline(root) };
    });
  }, EVERYDAY);
  for (const [at, { name, shown: expected }] of EVERYDAY.entries()) assert.equal(shown[at].shown, expected, name);
});

scene("a text that is written a character at a time ends as it does at once, and no mark shows and goes away", {}, async (stage) => {
  const page = await pageWithMarkdown(stage);
  const found = await page.evaluate((texts) => {
    const report = [];
    const words = (root) => root.innerText.replace(/\s+/g, "");
    for (const { name, text, flickers = [] } of texts) {
      const [root, whole] = [document.createElement("div"), document.createElement("div")];
      document.body.replaceChildren(root, whole);
      new globalThis.Markdown.MarkdownView(whole).show(text);
      const [view, end] = [new globalThis.Markdown.MarkdownView(root), words(whole)];
      const seen = new Set();
      for (let length = 1; length <= text.length; length++) {
        view.show(text.slice(0, length), true);
        // All that is shown stays: what comes later comes behind it, or is a mark that was held back.
        let at = -1;
        const lost = [...words(root)].find((character) => (at = end.indexOf(character, at + 1)) < 0);
        if (lost !== undefined) seen.add(lost);
      }
      view.show(text);
      if (!root.isEqualNode(whole)) report.push(`${name}: ends as ${root.innerHTML}`);
      const unforeseen = [...seen].filter((mark) => !flickers.includes(mark));
      if (unforeseen.length > 0) report.push(`${name}: ${unforeseen.join(" ")} went away`);
    }
    return report;
  }, EVERYDAY);
  assert.deepEqual(found, []);
});
