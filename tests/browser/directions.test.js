// Text that is written from right to left, among text that is not.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";

const QUESTION = "ما هي النهاية؟ x = 1!";
const REPLY = [
  "# عنوان الدرس",
  "النهاية هي قيمة: 3 + 4 = 7.",
  "- نقطة أولى\n- نقطة ثانية",
  "> اقتباس",
  "| س | ص |\n|---|---|\n| أ | ب |",
  "שלום, זו תשובה. 123!",
  "English, too.",
  "```py\nprint(1)\n```",
].join("\n\n");

/** The directions of what matches, in order. */
const directions = (page, selector) => page.$$eval(selector, (all) => all.map((element) => getComputedStyle(element).direction));

scene("text goes the way that it is read: messages, lists, tables, titles and what is typed", {}, async (stage) => {
  const tab = await stage.open();
  await tab.page.fill("#input", QUESTION);
  assert.deepEqual(await directions(tab.page, "#input"), ["rtl"]);
  await tab.say(QUESTION);
  await stage.upstream.answer(REPLY);
  await tab.shows("print(1)");
  await tab.rests();
  const reply = ".from-tutor .prose";
  assert.deepEqual(await directions(tab.page, ".bubble > p"), ["rtl"]);
  assert.deepEqual(await directions(tab.page, `${reply} > p`), ["rtl", "rtl", "ltr"]);
  for (const part of ["> h3", "ul", "li", "blockquote", "table", "th", "td"]) {
    const all = await directions(tab.page, `${reply} ${part}`);
    assert.ok(all.length > 0 && all.every((direction) => direction === "rtl"), `${part}: ${all}`);
  }
  assert.deepEqual(await directions(tab.page, `${reply} pre`), ["ltr"]);
  await tab.page.locator(".session-link", { hasText: "النهاية" }).waitFor();
  assert.deepEqual(await directions(tab.page, ".session-link"), ["rtl"]);
  assert.deepEqual(await directions(tab.page, "#title"), ["rtl"]);
  // The last full stop of a sentence stands at its left end, and its list has its marks at the right.
  const ends = await tab.page.$eval(`${reply} > p`, (paragraph) => {
    const text = paragraph.firstChild;
    const place = (from) => {
      const range = document.createRange();
      range.setStart(text, from);
      range.setEnd(text, from + 1);
      return range.getBoundingClientRect().left;
    };
    return { first: place(0), last: place(text.length - 1) };
  });
  assert.ok(ends.last < ends.first, JSON.stringify(ends));
  const inset = await tab.page.$eval(`${reply} ul`, (list) => getComputedStyle(list).paddingRight);
  assert.notEqual(inset, "0px");
});
