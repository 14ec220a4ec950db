// Takes the pictures of `docs/page.md`: `TUTORSTREAM_BINARY=… node tests/browser/screenshots.js docs/images`.
// With the names of looks (`light`, `dark`, `phone`) behind the folder: every state in those looks.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { closeBrowser } from "./stage/browser.js";
import { STATES } from "./stage/states.js";
import { Stage } from "./stage/stage.js";

const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};
const DESK = { viewport: { width: 1100, height: 720 } };

const [folder, ...looks] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
for (const [name, { look, settings, play }] of Object.entries(STATES)) {
  for (const wanted of looks.length > 0 ? looks : [look]) {
    await shoot(looks.length > 0 ? `${name}-${wanted}` : name, { ...settings, context: { ...DESK, ...LOOKS[wanted] } }, play);
  }
}
await closeBrowser();

async function shoot(name, settings, play) {
  const stage = await Stage.set({ name: "local", model: "tutor-8b", ...settings });
  const page = await play(stage);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled", caret: "hide" });
  await stage.strike();
}
