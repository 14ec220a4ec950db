// Copy buttons, also where the clipboard interface is missing (plain HTTP on a local network).

import { icon, iconButton } from "./dom.js";

const CONFIRM_MS = 1600;

export function copyButton(label, readText) {
  const button = iconButton("copy", label, async () => {
    const copied = await copy(readText());
    button.replaceChildren(icon(copied ? "check" : "alert"));
    button.setAttribute("aria-label", copied ? "Copied" : "Couldn’t copy");
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.setAttribute("aria-label", label);
    }, CONFIRM_MS);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return copied;
}
