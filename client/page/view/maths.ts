/**
 * Formulas: found by the Markdown parser, shown as their TeX until the typesetter is there. It is large and loaded
 * when the first formula comes.
 */

import type { TokenizerAndRendererExtension } from "marked";

/** Longer ones stay TeX. */
const LONGEST = 10_000;

const INLINE = /^(?:\\\(([^\n]+?)\\\)|\$(?![\s$])((?:\\.|[^\\$`\n])+?)(?<!\s)\$(?![\d$]))/;
const DISPLAY = /^(?:\\\[([\s\S]+?)\\\]|\$\$([\s\S]+?)\$\$)[ \t]*(?:\n|$)/;

interface MathsToken {
  type: string;
  raw: string;
  tex: string;
}

export function mathsExtensions(escape: (text: string) => string): TokenizerAndRendererExtension[] {
  const extension = (
    name: string,
    level: "inline" | "block",
    { pattern, begin, look }: { pattern: RegExp; begin: RegExp; look: string },
  ): TokenizerAndRendererExtension => ({
    name,
    level,
    start: (source) => begin.exec(source)?.index,
    tokenizer(source): MathsToken | undefined {
      const match = pattern.exec(source);
      const tex = (match?.[1] ?? match?.[2] ?? "").trim();
      return match && tex !== "" ? { type: name, raw: match[0], tex } : undefined;
    },
    renderer: (token) => `<code class="maths ${look}">${escape((token as MathsToken).tex)}</code>`,
  });
  return [
    extension("maths", "inline", { pattern: INLINE, begin: /\$|\\\(/, look: "inline" }),
    extension("display-maths", "block", { pattern: DISPLAY, begin: /\$\$|\\\[/, look: "display" }),
  ];
}

type Typesetter = typeof import("./typesetter.js");

let typesetter: Typesetter | null = null;
let loading: Promise<Typesetter> | null = null;

/** Puts the formula in place of its TeX, at once if that is possible. */
export function typesetMaths(code: HTMLElement): void {
  if ((code.textContent ?? "").length > LONGEST) return;
  if (typesetter !== null) return replace(code, typesetter);
  loading ??= import("./typesetter.js");
  loading.then(
    (loaded) => {
      typesetter = loaded;
      replace(code, loaded);
    },
    () => {
      // The next formula asks again; until then TeX is readable.
      loading = null;
    },
  );
}

function replace(code: HTMLElement, { typeset }: Typesetter): void {
  const formula = typeset(code.textContent ?? "", code.classList.contains("display"));
  if (formula !== null) code.replaceWith(formula);
}
