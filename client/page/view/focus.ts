/** The session focus: what the tutor is working towards and how far it has come, folded away until asked for. */

import type { SessionFocus } from "../../src/index.js";
import { el, icon, setText } from "./dom.js";

export class FocusPanel {
  readonly root: HTMLElement;
  readonly #topic = el("span", { class: "focus-topic" });
  readonly #progress = el("span", { class: "focus-progress" });
  readonly #body = el("div", { class: "focus-body" });
  #shown: SessionFocus | null = null;

  constructor() {
    const label = el("span", { class: "focus-label", text: "Focus" });
    const summary = el("summary", {}, icon("target"), label, this.#topic, this.#progress);
    this.root = el("details", { class: "focus" }, summary, this.#body);
  }

  update(focus: SessionFocus | null): void {
    if (focus === this.#shown || focus === null) return;
    this.#shown = focus;
    setText(this.#topic, focus.topic ?? "");
    setText(this.#progress, progressOf(focus));
    this.#body.replaceChildren(...describe(focus));
  }
}

/** A step as the server tells it: a word of its own, or with whether it is done. */
interface Step {
  text: string;
  done: boolean;
}

function stepsOf({ steps }: SessionFocus): Step[] {
  return list(steps).map((step) => ({ text: textOf(step), done: isRecord(step) && step["done"] === true }));
}

function progressOf(focus: SessionFocus): string {
  const steps = stepsOf(focus);
  return steps.length === 0 ? "" : `${steps.filter(({ done }) => done).length} of ${steps.length} steps`;
}

function describe(focus: SessionFocus): Node[] {
  const steps = stepsOf(focus).map(({ text, done }) =>
    el("li", { class: done ? "is-done" : false }, text, done && el("span", { class: "visually-hidden", text: " (done)" })),
  );
  const misconceptions = list(focus.misconceptions).map((each) => el("li", { text: textOf(each) }));
  return [
    ...line("Objective", focus.objective),
    ...line("Approach", focus.strategy),
    ...(steps.length > 0 ? [el("strong", { text: "Steps" }), el("ol", {}, ...steps)] : []),
    ...(misconceptions.length > 0 ? [el("strong", { text: "Watch out for" }), el("ul", {}, ...misconceptions)] : []),
    ...line("Level", focus.difficulty),
  ];
}

function line(label: string, value: unknown): Node[] {
  if (typeof value !== "string" || value === "") return [];
  return [el("p", {}, el("strong", { text: `${label} ` }), el("span", { text: value }))];
}

function list(values: unknown): unknown[] {
  return Array.isArray(values) ? values : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  if (!isRecord(value)) return String(value);
  const named = value["text"] ?? value["title"] ?? value["description"] ?? "";
  return typeof named === "string" ? named : "";
}
