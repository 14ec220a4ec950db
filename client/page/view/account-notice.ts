/**
 * What concerns who is signed in: messages that earlier sign-ins have left and nobody can claim, another tab that has
 * signed in as somebody else, and what this browser does not let the page do.
 */

import type { Actions } from "../main.js";
import type { PageState } from "../state.js";
import { byId, button, el } from "./dom.js";

export class AccountNotice {
  readonly #actions: Actions;
  readonly #slot = el("div", { class: "account-notices", role: "status" });
  #shown = "";

  constructor(actions: Actions) {
    this.#actions = actions;
    byId("scroller").before(this.#slot);
  }

  update({ chat }: PageState): void {
    const { unclaimed, signedInElsewhere, warnings } = chat;
    const shape = [unclaimed.length, signedInElsewhere, ...warnings.map(({ code }) => code)].join();
    if (shape === this.#shown) return;
    this.#shown = shape;
    const left = unclaimed.length > 0 && this.#banner(leftWords(unclaimed.length), this.#discard());
    const elsewhere = signedInElsewhere !== null && this.#banner(`Another tab has signed in as ${signedInElsewhere}.`);
    const lacks = warnings.map(({ detail }) => this.#banner(detail));
    this.#slot.replaceChildren(...[left, elsewhere, ...lacks].filter((part): part is HTMLElement => part !== false));
  }

  #banner(words: string, action: HTMLElement | null = null): HTMLElement {
    return el("p", { class: "banner offline" }, words, action && " ", action);
  }

  #discard(): HTMLElement {
    return button("Discard", () => this.#actions.discardUnclaimed(), { class: "button small quiet" });
  }
}

function leftWords(count: number): string {
  return count === 1 ? "1 unsent message of an earlier sign-in." : `${count} unsent messages of an earlier sign-in.`;
}
