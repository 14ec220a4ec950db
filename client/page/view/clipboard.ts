/** Copy buttons, also where the clipboard interface is missing (plain HTTP on a local network). */

import { icon, iconButton } from "./dom.js";

const CONFIRM_MS = 1600;

export function copyButton(label: string, readText: () => string): HTMLButtonElement {
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

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
