/**
 * Formulas: shown as their TeX until the typesetter is there. It is large and loaded when the first formula comes. Many
 * formulas are typeset a few at a time, so that the page answers meanwhile.
 */

import { LONGEST_FORMULA } from "../markdown/formulas.js";

/** Nodes of all formulas of one message; when they are spent, the rest stays TeX. */
const MOST_NODES = 60_000;
/** Characters of TeX that are typeset before others may do something. */
const SLICE = 1_500;

type Typesetter = typeof import("./typesetter.js");

interface Job {
  readonly code: HTMLElement;
  readonly formulas: Formulas;
}

let typesetter: Typesetter | null = null;
let loading: Promise<void> | null = null;
let left = SLICE;
let waiting: Job[] = [];
let timer = 0;

const shown = new WeakMap<Element, string>();
const keyOf = (code: Element) => `${code.classList.contains("display")} ${code.textContent}`;

/** Whether `old` shows what `code` is the TeX of. */
export function sameFormula(old: Element, code: Element): boolean {
  return !code.classList.contains("is-open") && shown.get(old) === keyOf(code);
}

/** The formulas of one message. */
export class Formulas {
  #nodes = MOST_NODES;

  /** Puts the formula in place of its TeX, at once if that is possible. */
  typeset(code: HTMLElement): void {
    if (code.classList.contains("is-open") || (code.textContent ?? "").length > LONGEST_FORMULA) return;
    waiting.push({ code, formulas: this });
    if (waiting.length === 1 && typesetter !== null) work(typesetter);
    else schedule();
  }

  /** Null when it cannot be shown. */
  make(code: HTMLElement, { typeset }: Typesetter): Element | null {
    if (this.#nodes <= 0) return null;
    const formula = typeset(code.textContent ?? "", code.classList.contains("display"));
    this.#nodes -= formula?.nodes ?? 0;
    return formula?.element ?? null;
  }
}

/** Goes on when others have had their turn. */
function schedule(): void {
  if (typesetter === null) return load();
  timer ||= window.setTimeout(() => {
    timer = 0;
    left = SLICE;
    if (typesetter !== null) work(typesetter);
  });
}

function load(): void {
  loading ??= import("./typesetter.js").then(
    (loaded) => {
      typesetter = loaded;
      schedule();
    },
    () => {
      // The next formula asks again; until then TeX is readable.
      loading = null;
      waiting = [];
    },
  );
}

function work(loaded: Typesetter): void {
  let done = 0;
  for (; done < waiting.length && left > 0; done++) {
    const job = waiting[done];
    if (job !== undefined) replace(job, loaded);
  }
  waiting = waiting.slice(done);
  // The rest of this slice is drawn with the next one.
  if (done > 0) schedule();
}

function replace({ code, formulas }: Job, loaded: Typesetter): void {
  if (code.parentNode === null || code.classList.contains("is-open") || shown.get(code) === keyOf(code)) return;
  left -= code.textContent?.length ?? 0;
  const formula = formulas.make(code, loaded);
  // A formula that cannot be shown is not tried again.
  shown.set(formula ?? code, keyOf(code));
  if (formula !== null) code.replaceWith(formula);
}
