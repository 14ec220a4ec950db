/** How long something still takes: seconds that pass, or for a long time the hour at which it is over. */

import { el, setText } from "./dom.js";

const TICK_MS = 250;
const LONG_MS = 120_000;

export function countDown(milliseconds: number): HTMLElement {
  const label = el("span", { class: "count-down" });
  const end = performance.now() + milliseconds;
  const timer = setInterval(show, TICK_MS);
  show();
  return label;

  function show(): void {
    const seconds = Math.ceil((end - performance.now()) / 1000);
    setText(label, seconds > 0 ? `in ${seconds} s…` : "now…");
    if (seconds <= 0) clearInterval(timer);
  }
}

/** `at` in milliseconds since 1970. */
export function until(at: number): HTMLElement {
  const left = at - Date.now();
  if (left < LONG_MS) return countDown(left);
  const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(at);
  return el("time", { class: "count-down", datetime: new Date(at).toISOString(), text: `at ${time}` });
}
