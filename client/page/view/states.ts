/** What the conversation shows when it has no messages: welcome, loading, missing, unreachable. */

import type { ChatError } from "../../src/index.js";
import type { Actions } from "../main.js";
import { button, el, icon } from "./dom.js";

const STARTERS = [
  ["Explain an idea", "Why can’t we divide by zero?"],
  ["Test yourself", "Quiz me on the causes of the First World War."],
  ["Work through it", "Help me prove that the square root of 2 is irrational."],
  ["Compare", "What is the difference between mitosis and meiosis?"],
] as const;

const UNREACHABLE = "Your conversation is kept. This page tries again by itself; if that takes long, look at your connection.";

const SKELETON_WIDTHS = [38, 92, 84, 60];

export function welcome({ send }: Actions): HTMLElement {
  const cards = STARTERS.map(([title, question]) =>
    el(
      "button",
      { type: "button", class: "starter", on: { click: () => send(question) } },
      el("strong", { text: title }),
      el("span", { text: question }),
    ),
  );
  return el(
    "div",
    { class: "state welcome" },
    el("div", { class: "state-mark" }, icon("spark")),
    el("h2", { text: "What are we learning today?" }),
    el("p", { text: "Ask a question, paste your working, or start with one of these." }),
    el("div", { class: "starters" }, ...cards),
  );
}

export function loadingThread(): HTMLElement {
  return el(
    "div",
    { class: "state loading", role: "status" },
    el("span", { class: "visually-hidden", text: "Loading the conversation" }),
    ...SKELETON_WIDTHS.map((width) => el("span", { class: `skeleton w-${width}` })),
  );
}

export function missingThread({ startNew }: Actions): HTMLElement {
  return problem(
    "This conversation is not here",
    "It may have been deleted, or the address is not quite right.",
    button([icon("plus"), "New chat"], startNew, { class: "button primary" }),
  );
}

export function threadProblem({ code, title, detail }: ChatError, { reload }: Actions): HTMLElement {
  const again = button([icon("refresh"), "Try again"], reload, { class: "button primary" });
  return problem(title, code === "network" ? UNREACHABLE : detail, again);
}

function problem(title: string, detail: string, action: HTMLElement): HTMLElement {
  return el(
    "div",
    { class: "state problem-state", role: "alert" },
    el("div", { class: "state-mark" }, icon("alert")),
    el("h2", { text: title }),
    el("p", { text: detail }),
    action,
  );
}
