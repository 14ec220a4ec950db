// TeX in replies.

import assert from "node:assert/strict";

import { inspect } from "./stage/inspection.js";
import { scene } from "./stage/scene.js";

const FORMULAS = [
  "Inline $x^2 + \\frac{1}{2}$, and \\(a_n\\).",
  "$$\\int_0^1 \\sqrt{x}\\,dx = \\frac{2}{3}$$",
  "\\[\\begin{aligned} a &= b + c \\\\ d &= e \\end{aligned}\\]",
  "$$\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix} \\begin{cases} 0 & x < 0 \\\\ 1 & x \\ge 0 \\end{cases}$$",
  "$$\\overbrace{a + \\cancel{b}}^{n} \\quad \\fbox{x} \\quad \\color{red} \\mathbb{R} \\tag{1}$$",
  "$\\ce{CO3^2- + 2H+ -> CO2 ^ + H2O}$ weighs $\\pu{62.03 g//mol}$",
].join("\n\n");

scene("formulas are typeset, and what only looks like one is not", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("Show me.");
  await stage.upstream.answer(`${FORMULAS}\n\nIt costs $5 and $10, or \`$x$\`, and $\\notacommand{x}$ stays.`);
  await tab.until(() => document.querySelectorAll(".prose math").length === 8);
  await tab.rests();
  const text = await tab.page.textContent(".from-tutor .prose");
  assert.match(text, /It costs \$5 and \$10, or \$x\$, and \\notacommand\{x\} stays\./);
  assert.deepEqual(await tab.page.evaluate(inspect), []);
  assert.equal(await tab.page.locator(".prose math[display=block]").count(), 4);
});

scene("a formula is typeset as soon as it is whole, in the middle of a paragraph that goes on", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("Show me.");
  const call = await stage.upstream.nextCall();
  call.say("In words ");
  await tab.shows("In words");
  call.say("$x^2$ and ");
  await tab.page.locator(".is-streaming .prose > p > math").waitFor();
  call.say("more.");
  call.finish();
  await tab.rests();
  assert.equal(await tab.page.locator(".prose > p > math").count(), 1);
});

const LOW = ["$$x$$", "$$\\hat{a}$$", "$$\\overline{AB}$$", "$$\\vec{v} \\cdot \\vec{w}$$", "$$a = b_j$$", "In words $\\overline{xyz}$ and $y_j$.", "- in a list $\\hat{H}$\n\n  $$\\ddot{q}$$"];

scene("low formulas are whole: nothing of them is cut at the edges of what can be moved sideways", {}, async (stage) => {
  const tab = await stage.open();
  await tab.say("Show me.");
  await stage.upstream.answer(LOW.join("\n\n"));
  await tab.until((count) => document.querySelectorAll(".prose math").length === count, 9);
  await tab.rests();
  await tab.page.evaluate(() => document.fonts.ready);
  const clip = await tab.page.evaluate(() => {
    const { x, y, width, height } = document.querySelector(".from-tutor .prose").getBoundingClientRect();
    document.activeElement.blur();
    return { x: x - 4, y: y - 4, width: width + 8, height: height + 8 };
  });
  const picture = async () => (await tab.page.screenshot({ clip, animations: "disabled" })).toString("base64");
  const cut = await picture();
  await tab.page.evaluate(() => {
    for (const element of document.querySelectorAll(".prose, .prose *")) element.style.overflow = "visible";
  });
  assert.equal(await picture(), cut);
});
