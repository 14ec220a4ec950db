/**
 * Formulas as they are written every day: `$…$` and `\(…\)` in a line, `$$…$$`, `\[…\]` and environments in a line or
 * alone. One ends at the first mark that can end it, and at an empty line at the latest. Prices are no formulas.
 */

import type { StateBlock } from "markdown-it";

import type { InlineState, ReadingEnv } from "./state.js";
import { spend } from "./steps.js";

/** Longer ones stay text. */
export const LONGEST_FORMULA = 5_000;
/** While a line is written, so much of it may be a formula with `$`. */
const LONGEST_OPEN = 200;

/** So much of a paragraph is looked at for a mark that was opened in it. */
const LONGEST_PARAGRAPH = 1_000;

const ENVIRONMENT =
  /^\\begin\{((?:equation|align|alignat|aligned|alignedat|gather|gathered|multline|flalign|eqnarray|split|cases|[dr]cases|array|subarray|[pbBvV]?matrix|smallmatrix|CD)\*?)\}/;

interface Marks {
  readonly open: string;
  readonly close: string;
  readonly display: boolean;
}

/** The marks of the formula that begins at `at`, if there is one. */
function marksAt(source: string, at: number): Marks | null {
  if (source[at] === "$") {
    const run = source.startsWith("$$", at) ? "$$" : "$";
    return { open: run, close: run, display: run === "$$" };
  }
  if (source.startsWith("\\(", at)) return { open: "\\(", close: "\\)", display: false };
  if (source.startsWith("\\[", at)) return { open: "\\[", close: "\\]", display: true };
  const name = source.startsWith("\\begin{", at) && ENVIRONMENT.exec(source.slice(at, at + 40))?.[1];
  return name ? { open: `\\begin{${name}}`, close: `\\end{${name}}`, display: true } : null;
}

/** Where `marks.close` stands in `text`, at `from` or later, what is escaped left out; -1 when nowhere. */
function findClose(text: string, from: number, { open, close }: Marks): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x5c && code !== 0x24) continue;
    if (text.startsWith(close, at) && depth-- === 0) return at;
    if (code !== 0x5c) continue;
    if (open.length > 2 && text.startsWith(open, at)) depth++;
    at++;
  }
  return -1;
}

const WORD = String.raw`(?<![\\A-Za-z{])[A-Za-z]{2,}`;
const PROSE = new RegExp(String.raw`${WORD},? ${WORD}(?![A-Za-z}])`);
const BETWEEN_PRICES = /^[\d.,]+[kKmM]? ?(?:(?:and|or|to|for|per|vs|is|at|of|from|with|plus|off|each|but|than|in|on)\b|\/[a-z]+\b|[/–—-]$|\/?[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])/u;

/** What stands between single `$` is a formula and no text between two prices. */
function isFormula(source: string, at: number, end: number): boolean {
  const content = source.slice(at + 1, end);
  if (content === "" || /^\s|\s$|[`\n]|\*\*/.test(content) || /[A-Za-z0-9]/.test(source[at - 1] ?? "")) return false;
  if (/^(?:\$|[-–—]?\d)/.test(source.slice(end + 1, end + 3))) return false;
  return !PROSE.test(content.replace(/\\[a-z]+ ?\{[^{}]*\}/gi, "")) && !BETWEEN_PRICES.test(content);
}

export function inlineFormula(state: InlineState, silent: boolean): boolean {
  const { src, pos, posMax } = state;
  const marks = marksAt(src, pos);
  if (marks === null) return false;
  const start = pos + marks.open.length;
  const limit = Math.min(posMax, start + LONGEST_FORMULA);
  // Text that was searched for an earlier mark is not searched again.
  const from = Math.max(start, Math.min(state.endless.get(marks.close) ?? 0, limit));
  const end = findClose(src.slice(0, limit), from, marks);
  if (end < 0) state.endless.set(marks.close, limit);
  if (end < 0) return state.open && openFormula(state, silent, marks);
  const closed = marks.open === "$" ? isFormula(src, pos, end) : isClosed(src, { start, end, marks });
  if (!closed) return false;
  push(state, silent, { marks, tex: src.slice(start, end), end: end + marks.close.length });
  return true;
}

function isClosed(source: string, { start, end, marks }: { start: number; end: number; marks: Marks }): boolean {
  if (source.slice(start, end).trim() === "") return false;
  // A row of three or more is no mark.
  return marks.open !== "$$" || (source[start] !== "$" && source[start - 3] !== "$" && source[end + 2] !== "$");
}

/** A number is a price unless something of a formula follows it. */
const MAY_BECOME = /^(?:(?![\s\d])|[\d.,]+[a-z]? ?[\\^_{+=<>])[^\n`]*$/;

/** A formula that is being written is shown as its TeX; a `$` alone may be that of a price. */
function openFormula(state: InlineState, silent: boolean, marks: Marks): boolean {
  const { src, pos, posMax } = state;
  const rest = src.slice(pos + marks.open.length, posMax);
  if (marks.open === "$") {
    const mayCome = MAY_BECOME.test(rest) && !/[A-Za-z0-9]/.test(src[pos - 1] ?? "");
    if (rest !== "" && (!mayCome || rest.length > LONGEST_OPEN)) return false;
  } else if (rest.length > LONGEST_FORMULA || rest.startsWith("$")) return false;
  const tex = rest.replace(marks.close.startsWith("$") ? /\$+$/ : /\\[a-z]*\{?[a-z]*\*?$/, "");
  push(state, silent, { marks, tex, end: posMax, open: true });
  return true;
}

interface Found {
  readonly marks: Marks;
  readonly tex: string;
  readonly end: number;
  readonly open?: boolean;
}

/** The text of an environment has its own marks in it. */
function texOf({ marks, tex, open = false }: Found): string {
  return (marks.open.length > 2 ? `${marks.open}${tex}${open ? "" : marks.close}` : tex).trim();
}

function push(state: InlineState, silent: boolean, found: Found): void {
  if (!silent && found.tex.trim() !== "") {
    const token = state.push("formula", "code", 0);
    token.content = texOf(found);
    token.info = look("inline", found.open);
  }
  state.pos = found.end;
}

function look(kind: "inline" | "display", open = false): string {
  return open ? `${kind} is-open` : kind;
}

/** Of each document: for each closing mark the line up to which it is known that none comes. */
const endless = new WeakMap<StateBlock, Map<string, number>>();

/** A formula that begins with its line and after which nothing else stands. */
export function blockFormula(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const marks = marksAt(state.src, start);
  if (marks === null || !marks.display || state.src.startsWith("$$$", start)) return false;
  if (silent && endsEarlier(state, start, marks)) return false;
  const known = endless.get(state) ?? new Map<string, number>();
  endless.set(state, known);
  const key = `${marks.close} ${state.blkIndent}`;
  if (startLine < (known.get(key) ?? 0)) return false;
  const { found, line } = readLines(state, { startLine, endLine, marks });
  if (found === null) known.set(key, line);
  if (found === null || (!found.open && found.tex.trim() === "")) return false;
  if (silent) return true;
  const token = state.push("formula", "code", 0);
  token.content = texOf(found);
  token.info = look("display", found.open);
  token.block = true;
  token.map = [startLine, line];
  state.line = line;
  return true;
}

/** Whether the mark at `start`, in the middle of a paragraph, is the end of one that was opened in it. */
function endsEarlier(state: StateBlock, start: number, { open }: Marks): boolean {
  const begin = Math.max(state.bMarks[state.line] ?? 0, start - LONGEST_PARAGRAPH);
  return open === "$$" && state.src.slice(begin, start).split("$$").length % 2 === 0;
}

interface Reach {
  readonly startLine: number;
  readonly endLine: number;
  readonly marks: Marks;
}

/** Reads on to the closing mark; `line` is the one after what was read. */
function readLines(state: StateBlock, { startLine, endLine, marks }: Reach): { found: Found | null; line: number } {
  let text = "";
  let line = startLine;
  for (; line < endLine && text.length < LONGEST_FORMULA; line++) {
    if (line > startLine && (state.isEmpty(line) || (state.sCount[line] ?? 0) < state.blkIndent)) return { found: null, line };
    spend(1);
    const before = text.length;
    text += `${state.getLines(line, line + 1, state.blkIndent, false).trim()}\n`;
    const end = findClose(text, line === startLine ? marks.open.length : before, marks);
    if (end < 0) continue;
    if (text.slice(end + marks.close.length).trim() !== "") return { found: null, line: line + 1 };
    return { found: { marks, tex: text.slice(marks.open.length, end), end }, line: line + 1 };
  }
  // The last line of what has come so far, and more comes.
  const isOpen = (state.env as ReadingEnv).growing && line === state.lineMax && line === state.bMarks.length - 1;
  if (!isOpen || /\n[ \t]*\n[ \t]*$/.test(state.src)) return { found: null, line };
  const tex = text.slice(marks.open.length).replace(/(?:\$|\\[a-z]*\{?[a-z]*\*?)\s*$/, "");
  return { found: { marks, tex, end: 0, open: true }, line };
}
