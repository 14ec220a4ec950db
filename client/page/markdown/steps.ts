/**
 * What a text may cost. Readers of Markdown spend steps, not time: the same text is shown alike on a slow machine. The
 * limits are far above what a tutor writes; what goes beyond one is shown as it is.
 */

import type { MarkdownIt } from "markdown-it";

/** Characters of one block; a longer one is cut at a line's end, and the rest is read as a block of its own. */
export const LONGEST_BLOCK = 16_384;
/** Code is not read any further, so its blocks may be longer. */
export const LONGEST_CODE = 65_536;
/** Characters of one paragraph, heading or cell. */
export const LONGEST_LEAF = 16_384;
/** Calls of rules while one block, or one stretch of text that is looked at for blocks, is read. */
export const MOST_STEPS = 250_000;
/** Parts that become nodes, of one block and of one message. */
export const MOST_NODES = { block: 10_000, message: 60_000 } as const;

export class TooMuch extends Error {
  override name = "TooMuch";
}

let left = MOST_STEPS;
let taken = 0;

/** All steps so far. */
export function stepsTaken(): number {
  return taken;
}

export function spend(steps: number): void {
  taken += steps;
  left -= steps;
  if (left < 0) throw new TooMuch();
}

/** Runs `read` with all steps. */
export function counted<T>(read: () => T): T {
  left = MOST_STEPS;
  return read();
}

type Rule = (...subject: never[]) => unknown;

/** From now on each call of a rule is a step. To be called when all rules are in place. */
export function countSteps(md: MarkdownIt): void {
  for (const ruler of [md.block.ruler, md.inline.ruler]) countRules(ruler as unknown as { getRules(chain: string): Rule[] });
  const skip = md.inline.skipToken.bind(md.inline);
  md.inline.skipToken = (state) => {
    spend(1);
    skip(state);
  };
}

function countRules(ruler: { getRules(chain: string): Rule[] }): void {
  const find = ruler.getRules.bind(ruler);
  const chains = new Map<string, Rule[]>();
  const wrap = (rule: Rule) => (...subject: never[]) => {
    spend(1);
    return rule(...subject);
  };
  ruler.getRules = (chain) => {
    const known = chains.get(chain) ?? find(chain).map(wrap);
    chains.set(chain, known);
    return known;
  };
}
