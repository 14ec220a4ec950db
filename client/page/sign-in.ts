/** Where the server wants to know who asks: a token that the learner gives, kept as long as the tab. */

import type { TokenRequest } from "../src/index.js";
import { byId } from "./view/dom.js";

const KEY = "tutorstream.token";

export class SignIn {
  readonly #dialog = byId<HTMLDialogElement>("sign-in");
  readonly #form = byId<HTMLFormElement>("sign-in-form");
  readonly #input = byId<HTMLInputElement>("token");
  readonly #refusal = byId("sign-in-refused");
  #asked = false;

  constructor() {
    // Without a token there is nothing to come back to.
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
  }

  /** What the client asks when it needs a token, and again when the server has refused the last one. */
  readonly token = ({ refused }: TokenRequest): string | null | Promise<string | null> => {
    const kept = recall();
    const first = !this.#asked;
    this.#asked = true;
    // Without authentication the server asks for nothing.
    if (first || (kept !== null && kept !== refused)) return kept;
    forget();
    return this.#ask(refused !== null);
  };

  #ask(wasRefused: boolean): Promise<string> {
    this.#refusal.hidden = !wasRefused;
    if (!this.#dialog.open) this.#dialog.showModal();
    return new Promise((resolve) => {
      const submit = (event: Event) => {
        event.preventDefault();
        const token = this.#input.value.trim();
        if (token === "") return;
        this.#form.removeEventListener("submit", submit);
        this.#input.value = "";
        this.#dialog.close();
        keep(token);
        resolve(token);
      };
      this.#form.addEventListener("submit", submit);
    });
  }
}

function recall(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Without storage the token lives as long as the page.
  }
}

function forget(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There was nothing to forget.
  }
}
