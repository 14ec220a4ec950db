// The session focus: what the tutor is working towards, folded away until asked for.

import { el, icon } from "./dom.js";

export function focusPanel() {
  const topic = el("span", { class: "focus-topic" });
  const body = el("div", { class: "focus-body" });
  const summary = el("summary", {}, icon("target"), el("span", { class: "focus-label", text: "Focus" }), topic);
  const root = el("details", { class: "focus" }, summary, body);
  let shown = null;
  return {
    root,
    update(focus) {
      if (focus === shown || !focus) return;
      shown = focus;
      topic.textContent = focus.topic ?? "";
      body.replaceChildren(...describe(focus));
    },
  };
}

function describe({ objective, strategy, steps, misconceptions, difficulty }) {
  return [
    ...line("Objective", objective),
    ...line("Approach", strategy),
    ...list("Steps", steps, "ol"),
    ...list("Watch out for", misconceptions, "ul"),
    ...line("Level", difficulty),
  ];
}

function line(label, value) {
  if (value === null || value === undefined || value === "") return [];
  return [el("p", {}, el("strong", { text: `${label} ` }), el("span", { text: String(value) }))];
}

function list(label, values, tag) {
  if (!Array.isArray(values) || values.length === 0) return [];
  const items = values.map((value) => el("li", { text: String(value?.title ?? value?.text ?? value) }));
  return [el("strong", { text: label }), el(tag, {}, items)];
}
