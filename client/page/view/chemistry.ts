/**
 * Temml's chemistry is a script: it finds the library under the name that pages know it by. Its reader takes more than
 * quadratic time, so what it is given is short.
 */

import defineMacro from "temml/src/defineMacro.js";

import { TooMuchTeX, spendTeX } from "./tex-budget.js";

/** Characters of one formula, or unit. */
const LONGEST = 300;
/** What a character of chemistry costs beside one of mathematics. */
const PRICE = 4;

interface Context {
  consumeArgs(count: number): { text: string }[][];
}

type Macro = (context: Context) => string;

function bounded(macro: Macro): Macro {
  return (context) => {
    const consumeArgs = (count: number) => {
      const found = context.consumeArgs(count);
      const length = found.flat().reduce((sum, { text }) => sum + text.length, 0);
      if (length > LONGEST) throw new TooMuchTeX();
      spendTeX(length * PRICE);
      return found;
    };
    return macro({ consumeArgs });
  };
}

const define = (name: string, body: unknown) => defineMacro(name, typeof body === "function" ? bounded(body as Macro) : body);

Object.assign(globalThis, { temml: { __defineMacro: define } });
