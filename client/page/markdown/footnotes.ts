/** Footnotes: `[^1]` in a text, and `[^1]: …` where it is explained. They stay where they are written. */

import type { StateBlock } from "markdown-it";

import type { InlineState, ReadingEnv } from "./state.js";

const REFERENCE = /^\[\^([^\]\s[^]{1,32})\]/;
const DEFINITION = /^\[\^([^\]\s[^]{1,32})\]:[ \t]*/;
const NUMBER = /^\d{1,3}$/;

/** A number is always one; a word only where it is explained, or may still be. */
export function footnoteReference(state: InlineState, silent: boolean): boolean {
  if (!state.src.startsWith("[^", state.pos)) return false;
  const found = REFERENCE.exec(state.src.slice(state.pos, Math.min(state.posMax, state.pos + 36)));
  const label = found?.[1];
  if (found === null || label === undefined) return false;
  const { footnotes, growing } = state.env as ReadingEnv;
  if (!growing && !NUMBER.test(label) && !footnotes.has(label)) return false;
  if (!silent) state.push("footnote_reference", "sup", 0).content = label;
  state.pos += found[0].length;
  return true;
}

/** A definition goes on until an empty line, or the next one. */
export function footnote(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
  if (!state.src.startsWith("[^", start)) return false;
  const found = DEFINITION.exec(state.src.slice(start, state.eMarks[startLine]));
  const label = found?.[1];
  if (found === null || label === undefined) return false;
  if (silent) return true;
  let line = startLine + 1;
  while (line < endLine && !state.isEmpty(line) && !isDefinition(state, line)) line++;
  (state.env as ReadingEnv).footnotes.add(label);
  state.push("footnote_open", "p", 1).map = [startLine, line];
  state.push("footnote_label", "sup", 0).content = label;
  const body = state.push("inline", "", 0);
  body.content = state.getLines(startLine, line, state.blkIndent, false).trim().slice(found[0].trimEnd().length).trim();
  body.map = [startLine, line];
  body.children = [];
  state.push("footnote_close", "p", -1);
  state.line = line;
  return true;
}

function isDefinition(state: StateBlock, line: number): boolean {
  return state.src.startsWith("[^", (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0));
}
