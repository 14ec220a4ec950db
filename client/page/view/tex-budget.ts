/**
 * What a formula may cost, counted in tokens: those it is written with and those its macros make of them. The library
 * bounds how often macros are replaced and not by how much.
 */

import MacroExpander, { type Token } from "temml/src/MacroExpander.js";

/** Tokens of one formula. */
const MOST_TOKENS = 16_000;
/** Tokens of one argument of a macro, and how often a macro may put its arguments in. */
const LONGEST_ARGUMENT = 1_000;
const MOST_PLACES = 18;

export class TooMuchTeX extends Error {
  override name = "TooMuchTeX";
}

let left = MOST_TOKENS;

export function spendTeX(tokens: number): void {
  left -= tokens;
  if (left < 0) throw new TooMuchTeX();
}

/** Runs `make` with all tokens. */
export function withTokens<T>(make: () => T): T {
  left = MOST_TOKENS;
  return make();
}

const { popToken, consumeArgs, _getExpansion } = MacroExpander.prototype;

Object.assign(MacroExpander.prototype, {
  popToken(this: MacroExpander) {
    spendTeX(1);
    return popToken.call(this);
  },
  pushTokens(this: MacroExpander, tokens: readonly Token[]) {
    spendTeX(tokens.length);
    // Not as arguments of one call: there may be more than a stack holds.
    for (const token of tokens) this.stack.push(token);
  },
  _getExpansion(this: MacroExpander, name: string) {
    const expansion = _getExpansion.call(this, name);
    const places = expansion?.tokens?.filter(({ text }) => text === "#").length ?? 0;
    if (places > MOST_PLACES) throw new TooMuchTeX();
    return expansion;
  },
  consumeArgs(this: MacroExpander, count: number, delimiters?: unknown) {
    const found = consumeArgs.call(this, count, delimiters);
    if (found.some(({ length }) => length > LONGEST_ARGUMENT)) throw new TooMuchTeX();
    return found;
  },
});
