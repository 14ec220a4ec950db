/** Asks before something is lost for good. */

import { byId } from "./dom.js";

const dialog = byId<HTMLDialogElement>("confirm");

let answer: (agreed: boolean) => void = () => {};

/** Resolves to true when the reader agrees. */
export function confirmDelete(title: string): Promise<boolean> {
  answer(false);
  byId("confirm-text").textContent = `“${title}” and all its messages will be deleted.`;
  dialog.showModal();
  return new Promise((resolve) => {
    answer = resolve;
  });
}

for (const choice of dialog.querySelectorAll<HTMLElement>("[data-choice]")) {
  choice.addEventListener("click", () => {
    dialog.close();
    answer(choice.dataset["choice"] === "delete");
  });
}

// Escape. The event comes late, when the next question may be open already.
dialog.addEventListener("close", () => {
  if (!dialog.open) answer(false);
});
