// Takes the pictures of `docs/images`: `TUTORSTREAM_BINARY=… node tests/browser/screenshots.js docs/images`.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { closeBrowser } from "./stage/browser.js";
import { Stage } from "./stage/stage.js";

const TITLES = ["What makes a good essay introduction?", "Quiz me on the water cycle", "Balancing chemical equations"];
const QUESTION = "Why does multiplying two negatives give a positive?";
const BEGINNING = [
  "Good question: most people are told the rule and never see *why* it has to be so. Let’s build it from something " +
    "you already trust.",
  "**Look for a pattern.** Multiply by −3 and let the other number fall by one each time:",
  "- 2 × (−3) = −6\n- 1 × (−3) = −3\n- 0 × (−3) = 0",
  "Each line is **3 more** than the one above. Keep going, and",
].join("\n\n");
const ENDING = [
  " the pattern has no choice:",
  "> (−1) × (−3) = **3**",
  "Now you: what would (−2) × (−3) be, and how does the pattern tell you?",
].join("\n\n");

const folder = process.argv[2];
await mkdir(folder, { recursive: true });
const stage = await Stage.set({ name: "local", model: "tutor-8b", context: { colorScheme: "light" } });

async function shoot(tab, name) {
  await tab.page.evaluate(() => document.fonts.ready);
  await tab.page.screenshot({ path: join(folder, name), animations: "disabled", caret: "hide" });
}

for (const title of TITLES) {
  const tab = await stage.open();
  await tab.say(title);
  await stage.upstream.answer("Let us begin.");
  await tab.rests();
  await tab.page.close();
}

const tab = await stage.open();
await tab.say(QUESTION);
const call = await stage.upstream.nextCall();
call.say(BEGINNING);
await tab.shows("Keep going");
await tab.page.getByRole("heading", { name: QUESTION }).waitFor();
await shoot(tab, "streaming.png");
call.say(ENDING);
call.finish();
await tab.rests();

const dark = await stage.open(tab.hash, await stage.newContext({ colorScheme: "dark" }));
await dark.rests();
await shoot(dark, "finished-dark.png");

const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };
const small = await stage.open(tab.hash, await stage.newContext(phone));
await small.rests();
await shoot(small, "phone.png");

await stage.check();
await stage.strike();
await closeBrowser();
