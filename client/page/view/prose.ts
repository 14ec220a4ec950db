/** Text of a message. The reader of Markdown is large and comes with the first one; until then text is shown as it is. */

import { setText } from "./dom.js";
import type { MarkdownView } from "./markdown.js";
import { frameWork } from "./work.js";

/** When it could not be loaded, the next text asks again after this time. */
const AGAIN_MS = 2_000;

type Markdown = typeof import("./markdown.js");

let markdown: Markdown | null = null;
let loading: Promise<void> | null = null;

/** Begins to load what shows messages. */
export function loadMarkdown(): void {
  loading ??= import("./markdown.js").then(
    (loaded) => {
      markdown = loaded;
    },
    () => {
      setTimeout(() => {
        loading = null;
      }, AGAIN_MS);
    },
  );
}

export class Prose {
  readonly #root: HTMLElement;
  #view: MarkdownView | null = null;

  readonly #indents: boolean;

  /** `indents`: spaces that lines begin with are shown. */
  constructor(root: HTMLElement, indents = false) {
    this.#root = root;
    this.#indents = indents;
    loadMarkdown();
  }

  /** `growing`: more will come. True when there is more to draw in another frame. */
  show(text: string, growing: boolean): boolean {
    if (markdown === null) {
      loadMarkdown();
      this.#root.classList.add("is-plain");
      setText(this.#root, text);
      return true;
    }
    if (this.#view === null) {
      this.#root.classList.remove("is-plain");
      this.#root.replaceChildren();
      this.#view = new markdown.MarkdownView(this.#root, this.#indents);
    }
    return this.#view.show(text, growing, frameWork);
  }
}
