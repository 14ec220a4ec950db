// Small screens, long replies.

import assert from "node:assert/strict";

import { scene } from "./stage/scene.js";
import { lastWords, words } from "./stage/texts.js";

const FORMULA = Array.from({ length: 60 }, (_, at) => `x^{${at}}`).join(" + ");
const PHONE = { context: { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }, retry: { tries: 1 } };
const WIDE = [
  `A-word-without-an-end-${"x".repeat(200)}`,
  `\`inline-${"y".repeat(120)}\` and https://example.org/${"z".repeat(150)}`,
  `\`\`\`rust\nlet line = "${"long ".repeat(60)}";\n\`\`\``,
  `| ${"column | ".repeat(12)}\n| ${"--- | ".repeat(12)}\n| ${"a cell of the table | ".repeat(12)}`,
  `In words $${FORMULA}$ and alone:\n\n$$${FORMULA}$$`,
  "- one\n  - two\n    - three\n      - four\n        - five",
  "> > > > quoted, and quoted again",
  "### A heading that is rather longer than the screen of a telephone is wide",
].join("\n\n");

const sideways = (tab) =>
  tab.page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX) && element.id !== "scroller";
    const isHeld = (element) => element !== null && (scrolls(element) || isHeld(element.parentElement));
    const outside = [...document.querySelectorAll("#main *")].filter(
      (element) => element.getBoundingClientRect().right > width + 1 && !isHeld(element.parentElement),
    );
    const { scrollWidth, clientWidth } = document.getElementById("scroller");
    return {
      page: document.documentElement.scrollWidth - width,
      conversation: scrollWidth - clientWidth,
      outside: outside.map((element) => `${element.tagName} ${element.className}`),
    };
  });

const NOT_AT_ALL = { page: 0, conversation: 0, outside: [] };

scene("a page 360 pixels wide never moves sideways", PHONE, async (stage) => {
  const tab = await stage.open();
  assert.deepEqual(await sideways(tab), NOT_AT_ALL);
  await tab.say(`Why? ${"w".repeat(300)}`);
  const call = await stage.upstream.nextCall();
  call.say(`${WIDE}\n\nThe end.`);
  await tab.shows("The end.");
  await tab.page.locator(".prose math").nth(1).waitFor();
  assert.deepEqual(await sideways(tab), NOT_AT_ALL);
  await tab.press("Stop reply");
  await tab.notices("You stopped this reply.");
  await tab.rests();
  assert.deepEqual(await sideways(tab), NOT_AT_ALL);
  await tab.say("And?");
  (await stage.upstream.nextCall()).refuse(500, "no");
  await tab.page.locator(".failure").waitFor();
  await tab.rests();
  assert.deepEqual(await sideways(tab), NOT_AT_ALL);
  await tab.press("Conversations");
  await tab.page.getByRole("link", { name: /^Why/ }).waitFor();
  assert.deepEqual(await sideways(tab), NOT_AT_ALL);
});

scene("what can be touched on a phone is large enough to be hit", PHONE, async (stage) => {
  const tab = await stage.open();
  await tab.say("What is a limit?");
  await stage.upstream.answer(lastWords(1, 20));
  await tab.shows("word 20");
  await tab.rests();
  // WCAG 2.2, 2.5.8: at least 24 by 24 CSS pixels.
  const small = await tab.page.$$eval("button, a.session-link, textarea, summary", (all) =>
    all
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]"))
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        return width < 24 || height < 24;
      })
      .map((element) => element.getAttribute("aria-label") ?? element.id),
  );
  assert.deepEqual(small, []);
});

scene("a reader who scrolls up stays there while the reply grows, and can jump to its end", {}, async (stage) => {
  const tab = await stage.open();
  await tab.page.setViewportSize({ width: 900, height: 420 });
  const place = () => tab.page.$eval("#scroller", ({ scrollTop }) => scrollTop);
  const isAtEnd = () => {
    const { scrollHeight, scrollTop, clientHeight } = document.getElementById("scroller");
    return scrollHeight - scrollTop - clientHeight < 3;
  };
  await tab.say("What is a limit?");
  const call = await stage.upstream.nextCall();
  call.say(words(1, 400));
  await tab.streams(words(1, 400));
  await tab.until(isAtEnd);
  await tab.page.hover("#scroller");
  await tab.page.mouse.wheel(0, -200);
  await tab.page.locator("#jump").waitFor();
  const before = await place();
  call.say(words(401, 600));
  await tab.streams(words(1, 600));
  assert.equal(await place(), before);
  await tab.press("Jump to the newest text");
  await tab.until(isAtEnd);
  call.say(lastWords(601, 800));
  call.finish();
  await tab.shows("word 800");
  await tab.rests();
  await tab.until(isAtEnd);
});
