// What the page weighs, and what a long reply costs.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";

import { scene } from "./stage/scene.js";
import { Tab } from "./stage/tab.js";

const PAGE = new URL("../../static/dist/", import.meta.url);
const FIRST_BYTES = 60_000;
const LATER_BYTES = 50_000;
const SMOOTH_MS = 50;
const LONG_BYTES = 200_000;

/** What has come over the network so far, headers left out, by its path. */
function weighing(page) {
  const loaded = [];
  page.on("requestfinished", (request) => {
    const { pathname } = new URL(request.url());
    if (/^\/($|static\/)/.test(pathname)) loaded.push({ pathname, sizes: request.sizes() });
  });
  return async () => {
    const parts = {};
    for (const { pathname, sizes } of loaded) {
      parts[pathname] = (parts[pathname] ?? 0) + (await sizes).responseBodySize;
    }
    return parts;
  };
}

/** What has come since. */
async function later(weigh, before) {
  return Object.fromEntries(Object.entries(await weigh()).filter(([name]) => !(name in before)));
}

const sum = (parts) => Object.values(parts).reduce((total, size) => total + size, 0);
const kilobytes = (parts) => `${sum(parts)} bytes: ${JSON.stringify(parts)}`;

scene("the page begins with less than 60 kB, and each later part comes with its first use and is less than 50 kB", {}, async (stage) => {
  const tab = new Tab(await stage.context.newPage());
  const weigh = weighing(tab.page);
  await tab.page.goto(stage.network.origin);
  await tab.page.waitForSelector("#input");
  await tab.isQuiet();
  const first = await weigh();
  assert.ok(sum(first) < FIRST_BYTES, kilobytes(first));
  assert.ok(!Object.keys(first).some((name) => /markdown|typesetter/.test(name)), kilobytes(first));
  await tab.say("What is a limit?");
  await stage.upstream.answer("A **value** that is approached, `code`.");
  await tab.page.locator(".prose strong").waitFor();
  await tab.rests();
  const second = await later(weigh, first);
  assert.deepEqual(Object.keys(second), ["/static/dist/markdown.js"]);
  await tab.say("And with a formula?");
  await stage.upstream.answer("$\\frac{1}{n}$ and $\\ce{2H2 + O2 -> 2H2O}$.");
  await tab.page.locator(".prose math").nth(1).waitFor();
  await tab.rests();
  const third = await later(weigh, { ...first, ...second });
  assert.deepEqual(Object.keys(third), ["/static/dist/typesetter.js"]);
  for (const part of [second, third]) assert.ok(sum(part) < LATER_BYTES, kilobytes(part));
  const ever = (await readdir(PAGE)).filter((name) => /\.(js|css)$/.test(name)).map((name) => `/static/dist/${name}`);
  const all = { ...first, ...second, ...third };
  assert.deepEqual(Object.keys(all).sort(), ["/", "/static/icon.svg", ...ever].sort());
  console.log(`      first ${kilobytes(first)}, later ${kilobytes(second)}, ${kilobytes(third)}`);
});

/** A section of a reply with all that Markdown has. */
function section(number) {
  const lines = Array.from({ length: 8 }, (_, at) => `  let step_${at} = ${number} * ${at};`).join("\n");
  const words = `Each of these **${number}** words is one that a *learner* reads. `.repeat(6);
  return [
    `## Part ${number}`,
    words,
    `- one of ${number}\n- \`two\`\n- [three](https://example.org/${number})`,
    `\`\`\`rust\n${lines}\n\`\`\``,
    `| n | square |\n|---|---|\n| ${number} | ${number ** 2} |`,
  ].join("\n\n");
}

scene("a reply of 200 kB is drawn without half of the frames being late", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("Tell me everything.");
  const call = await stage.upstream.nextCall();
  await tab.page.evaluate(() => {
    globalThis.frames = [];
    let last = performance.now();
    requestAnimationFrame(function measure(now) {
      globalThis.frames.push(now - last);
      last = now;
      requestAnimationFrame(measure);
    });
  });
  let sent = 0;
  for (let number = 1; sent < LONG_BYTES; number++) {
    const text = `${section(number)}\n\n`;
    call.say(text);
    sent += text.length;
    // As fast as the page draws, and no faster.
    await tab.page.evaluate(() => new Promise(requestAnimationFrame));
  }
  call.say("The end of it.");
  call.finish();
  await tab.shows("The end of it.");
  const frames = (await tab.page.evaluate(() => globalThis.frames)).toSorted((a, b) => a - b);
  const median = frames[Math.floor(frames.length / 2)];
  assert.ok(frames.length > 100, `${frames.length} frames`);
  assert.ok(median < SMOOTH_MS, `a median of ${median} ms`);
  console.log(`      ${frames.length} frames, median ${median.toFixed(1)} ms, 95 % ${frames[Math.floor(frames.length * 0.95)].toFixed(1)} ms, longest ${frames.at(-1).toFixed(0)} ms`);
  await tab.rests();
  const [, stored] = await stage.messages(tab);
  assert.equal(stored.content.length, sent + "The end of it.".length);
});
