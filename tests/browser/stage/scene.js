// One test: it plays on a stage of its own and ends with the checks that every test ends with.

import { after, test } from "node:test";

import { closeBrowser } from "./browser.js";
import { Stage } from "./stage.js";

const LONGEST_MS = 60_000;

/** Plays `play(stage)` as a test. `settings`: see `Stage.set`. */
export function scene(name, settings, play) {
  test(name, { timeout: LONGEST_MS }, async () => {
    const stage = await Stage.set(settings);
    try {
      await play(stage);
      await stage.check();
    } catch (error) {
      error.stack += stage.describe();
      throw error;
    } finally {
      await stage.strike();
    }
  });
}

after(closeBrowser);
