// Asks before something is lost for good.

const dialog = document.getElementById("confirm");

/** Resolves to true when the reader agrees. */
export function confirmDelete(title) {
  document.getElementById("confirm-text").textContent = `“${title}” and all its messages will be deleted.`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "delete"), { once: true });
  });
}

for (const choice of dialog.querySelectorAll("[data-choice]")) {
  choice.addEventListener("click", () => dialog.close(choice.dataset.choice));
}
