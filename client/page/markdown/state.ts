/** The state in which a paragraph is read, with what this page's rules know besides. */

import MarkdownIt, { type Env, type MarkdownIt as Reader, type Token } from "markdown-it";

export interface ReadingEnv extends Env {
  /** The next paragraph is the one that is still being written. */
  open: boolean;
  /** The text ends in the middle of a block that more may come of. */
  growing: boolean;
  footnotes: Set<string>;
  /** Spaces that lines begin with are shown. */
  indents: boolean;
}

export class InlineState extends MarkdownIt.StateInline {
  /** Half-written marks at its end are completed or held back. */
  readonly #open: boolean;
  /** For closing marks: up to where it is known that there is none. */
  readonly endless = new Map<string, number>();

  #lastBracket: number | null = null;
  #lastRuns: Map<number, number> | null = null;

  constructor(source: string, md: Reader, env: Env, tokens: Token[]) {
    super(source, md, env, tokens);
    this.#open = (env as ReadingEnv).open;
    // It is for this paragraph, not for those in it.
    (env as ReadingEnv).open = false;
  }

  /** Where the last `]` stands. */
  get lastBracket(): number {
    return (this.#lastBracket ??= this.src.lastIndexOf("]"));
  }

  /** Where the last run of so many backticks begins. */
  lastRun(length: number): number {
    this.#lastRuns ??= new Map(Array.from(this.src.matchAll(/`+/g), ({ 0: run, index }) => [run.length, index]));
    return this.#lastRuns.get(length) ?? -1;
  }

  /** Whether what is read here reaches to where the text is being written. */
  get open(): boolean {
    return this.#open && this.posMax === this.src.length;
  }
}

/** A rule for inline text, at `state.pos`. */
export type InlineRule = (state: InlineState, silent: boolean) => boolean;
