import { describe, expect, it } from "vitest";

import { Smoother } from "../src/index.js";
import { LONGEST_LAG_MS, Pacer } from "../src/smoothing/pacer.js";

/** A display of 60 frames a second in a test's hands. */
function display() {
  const shown: string[] = [];
  let now = 0;
  let frame: (() => void) | null = null;
  const smoother = new Smoother({
    onText: (text) => shown.push(text),
    now: () => now,
    schedule: (callback) => {
      frame = callback;
      return () => (frame = null);
    },
  });
  const nextFrame = () => {
    now += 1000 / 60;
    const callback = frame;
    frame = null;
    callback?.();
    return callback !== null;
  };
  return { smoother, shown, nextFrame };
}

describe("a text that comes in lumps", () => {
  const text = "The sky is blue because air scatters short waves more than long ones. ".repeat(20);

  it("is shown in many steps that are each a beginning of it", () => {
    const { smoother, shown, nextFrame } = display();
    smoother.show(text);
    while (nextFrame());
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.at(-1)).toBe(text);
    shown.forEach((each, at) => {
      expect(text.startsWith(each)).toBe(true);
      expect(each.length).toBeGreaterThanOrEqual(shown[at - 1]?.length ?? 0);
    });
  });

  it("is never behind for longer than a quarter of a second", () => {
    const { smoother, shown, nextFrame } = display();
    let arrived = "";
    const frames = Math.ceil(LONGEST_LAG_MS / (1000 / 60));
    const lengths: number[] = [];
    for (let step = 0; step < 400; step += 1) {
      if (step % 7 === 0) {
        arrived += text.slice(0, 1 + ((step * 37) % 900));
        smoother.show(arrived);
      }
      lengths.push(arrived.length);
      nextFrame();
      expect(shown.at(-1)?.length ?? 0).toBeGreaterThanOrEqual(lengths[step - frames] ?? 0);
    }
  });

  it("asks for no frames when all of it is shown", () => {
    const { smoother, nextFrame } = display();
    smoother.show("Hi");
    while (nextFrame());
    expect(nextFrame()).toBe(false);
  });

  it("is replaced at once when it begins anew", () => {
    const { smoother, shown, nextFrame } = display();
    smoother.show("Nothing of this");
    while (nextFrame());
    smoother.show("is left.");
    expect(shown.at(-1)).toBe("is left.");
  });

  it("shows nothing more after it was reset", () => {
    const { smoother, shown, nextFrame } = display();
    smoother.show(text);
    smoother.reset();
    expect(nextFrame()).toBe(false);
    expect(shown).toEqual([]);
  });
});

describe("characters", () => {
  it.each([
    ["emoji", "👍🏽".repeat(30)],
    ["joined emoji", "🧑‍🚀".repeat(30)],
    ["accents", "e\u0301".repeat(30)],
    ["Chinese characters beyond the first plane", "𠮷".repeat(30)],
  ])("are shown whole: %s", (_what, text) => {
    const whole = new Set<string>();
    let prefix = "";
    for (const { segment } of new Intl.Segmenter().segment(text)) whole.add((prefix += segment));
    whole.add("");
    const pacer = new Pacer();
    pacer.arrive(text, 0);
    for (let now = 0; pacer.behind; now += 1) {
      pacer.advance(now);
      expect(whole.has(pacer.visible), pacer.visible).toBe(true);
    }
  });
});
