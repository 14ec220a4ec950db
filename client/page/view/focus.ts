/** The session focus: what the tutor is working towards and how far it has come, folded away until asked for. */

import type { SessionFocus } from "../../src/index.js";
import { el, icon, setText } from "./dom.js";

export class FocusPanel {
  readonly root: HTMLElement;
  readonly #topic = el("span", { class: "focus-topic", dir: "auto" });
  readonly #progress = el("span", { class: "focus-progress" });
  readonly #body = el("dl", { class: "focus-body" });
  #shown: SessionFocus | null = null;

  constructor() {
    const label = el("span", { class: "focus-label", text: "Focus" });
    const summary = el("summary", {}, icon("target"), label, this.#topic, this.#progress);
    this.root = el("details", { class: "focus" }, summary, this.#body);
  }

  update(focus: SessionFocus | null): void {
    if (focus === this.#shown || focus === null) return;
    this.#shown = focus;
    setText(this.#topic, focus.topic);
    setText(this.#progress, progressOf(focus));
    this.#body.replaceChildren(...describe(focus));
  }
}

function progressOf({ steps }: SessionFocus): string {
  return steps.length === 0 ? "" : `${steps.filter(({ done }) => done).length} of ${steps.length} steps`;
}

function describe(focus: SessionFocus): Node[] {
  const steps = focus.steps.map(({ title, done }) =>
    el("li", { class: done ? "is-done" : false, dir: "auto" }, title, done && el("span", { class: "visually-hidden", text: " (done)" })),
  );
  const misconceptions = focus.misconceptions.map(({ text }) => el("li", { text, dir: "auto" }));
  return [
    ...line("Objective", focus.objective),
    ...line("Approach", focus.strategy.replaceAll("-", " ")),
    ...line("Level", focus.difficulty),
    ...line("Steps", steps.length > 0 && el("ol", {}, ...steps)),
    ...line("Watch out for", misconceptions.length > 0 && el("ul", {}, ...misconceptions)),
  ];
}

function line(label: string, content: string | false | Node): Node[] {
  return content ? [el("dt", { text: label }), el("dd", { dir: "auto" }, content)] : [];
}
