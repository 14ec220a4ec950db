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

/** A definition goes on until an empty line, over which indented lines carry it, or the next one. */
export function footnote(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
  if (!state.src.startsWith("[^", start)) return false;
  const found = DEFINITION.exec(state.src.slice(start, state.eMarks[startLine]));
  const label = found?.[1];
  if (found === null || label === undefined) return false;
  if (silent) return true;
  const line = lineAfter(state, startLine, endLine);
  (state.env as ReadingEnv).footnotes.add(label);
  state.push("footnote_open", "p", 1).map = [startLine, line];
  state.push("footnote_label", "sup", 0).content = label;
  const body = state.push("inline", "", 0);
  const text = state.getLines(startLine, line, state.blkIndent, false).trim().slice(found[0].trimEnd().length);
  body.content = text.trim().replace(/\n\s*/g, "\n");
  body.map = [startLine, line];
  body.children = [];
  state.push("footnote_close", "p", -1);
  state.line = line;
  return true;
}

function lineAfter(state: StateBlock, startLine: number, endLine: number): number {
  let last = startLine;
  for (let line = startLine + 1; line < endLine && !isDefinition(state, line); line++) {
    if (state.isEmpty(line)) continue;
    const isBehindGap = line > last + 1;
    if (isBehindGap && (state.sCount[line] ?? 0) < state.blkIndent + 2) break;
    last = line;
  }
  return last + 1;
}

function isDefinition(state: StateBlock, line: number): boolean {
  return state.src.startsWith("[^", (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0));
}
