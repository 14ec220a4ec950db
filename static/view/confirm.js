// Asks before something is lost for good.

const dialog = document.getElementById("confirm");

let answer = () => {};

/** Resolves to true when the reader agrees. */
export function confirmDelete(title) {
  answer(false);
  document.getElementById("confirm-text").textContent = `“${title}” and all its messages will be deleted.`;
  dialog.showModal();
  return new Promise((resolve) => {
    answer = resolve;
  });
}

for (const choice of dialog.querySelectorAll("[data-choice]")) {
  choice.addEventListener("click", () => {
    dialog.close();
    answer(choice.dataset.choice === "delete");
  });
}

// Escape. The event comes late, when the next question may be open already.
dialog.addEventListener("close", () => dialog.open || answer(false));
