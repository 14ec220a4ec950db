/**
 * A text that is being written: marks at its end are held back, or completed as if their end had come, so that none is
 * shown that goes away when the rest comes. What never ends is text once its paragraph is over.
 */

import MarkdownIt from "markdown-it";

import type { InlineRule, InlineState } from "./state.js";

/** A line that may become a mark of a block: a list's, a heading's, a quote's, a rule, an underlining, a fence. */
const MARKS_ONLY = /^[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(?:[-+*=_#~`> \t]+|\d{1,9}[.)]?|\$\$?|\\\[?|\[\^[^\]\s]{0,32}\]?:?)[ \t]*$/;
/** What an address is defined by; it shows nothing. */
const DEFINITION = /^ {0,3}\[(?!\^)[^[\]\n]{1,200}\]:[^\n]{0,2000}$/;
const ROW = /^[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*\|[^\n]{0,2000}$/;
const RULE_OF_TABLE = /^[\s>]*\|?[\s:|-]*$/;

/** A longer line is shown as it comes. */
const LONGEST_LINE = 2_400;

/** The text without its last line, or lines, while they may be marks. */
export function holdBack(text: string): string {
  const start = text.lastIndexOf("\n") + 1;
  const line = text.slice(start);
  const isEmpty = line.trim() === "";
  if (line.length > LONGEST_LINE) return text;
  const mayBeMark = (line.length < 200 && MARKS_ONLY.test(line)) || DEFINITION.test(line);
  if (!isEmpty && mayBeMark) return text.slice(0, start);
  const startBefore = start < 2 ? 0 : text.lastIndexOf("\n", start - 2) + 1;
  const before = start === 0 || start - startBefore > LONGEST_LINE ? "" : text.slice(startBefore, start - 1);
  const beforeIsHead = ROW.test(before) && !isRow(text, startBefore);
  const mayBeRule = RULE_OF_TABLE.test(line) && (isEmpty || columns(line) < columns(before));
  if (beforeIsHead && mayBeRule) return text.slice(0, startBefore);
  return ROW.test(line) && !ROW.test(before) ? text.slice(0, start) : text;
}

function isRow(text: string, end: number): boolean {
  return end > 1 && ROW.test(text.slice(text.lastIndexOf("\n", end - 2) + 1, end - 1));
}

function columns(row: string): number {
  return row.trim().replace(/^\|/, "").replace(/\|$/, "").split("|").length;
}

const TAGS = ["br", "br/", "br /", "sub", "sup", "kbd", "u", "/sub", "/sup", "/kbd", "/u", "https://", "http://", "mailto:"];
const LONGEST_MARK = 80;
const MAY_BE_MARK: readonly RegExp[] = [
  /[*_~]+$/,
  /\\(?:b(?:e(?:g(?:i(?:n(?:\{[a-zA-Z*]{0,12})?)?)?)?)?)?$/,
  /&#?\w{0,10}$/,
  /(?<![^\s])!$/,
  /!?\[\^[^\]\s]{0,32}$/,
];

/** A paragraph without marks at its end that are not whole yet. */
export function trimEnd(content: string): string {
  if (/^\[[ xX]?\]?$/.test(content)) return "";
  let tail = content.slice(-LONGEST_MARK);
  for (let before = ""; before !== tail; ) {
    before = tail;
    for (const mark of MAY_BE_MARK) tail = tail.replace(mark, "");
    const tag = tail.lastIndexOf("<");
    const name = tail.slice(tag + 1).toLowerCase();
    if (tag >= 0 && TAGS.some((each) => each.startsWith(name))) tail = tail.slice(0, tag);
  }
  return content.slice(0, -LONGEST_MARK) + tail;
}

/** Code whose end has not come. */
export const openCode: InlineRule = (state, silent) => {
  if (!state.open || state.src[state.pos] !== "`") return false;
  const rest = state.src.slice(state.pos);
  const [run] = /^`+/.exec(rest) ?? [""];
  if (state.lastRun(run.length) > state.pos) return false;
  const content = rest.slice(run.length).replace(/`+$/, "").replaceAll("\n", " ").replace(/^ (?=.*[^ ])/, "");
  if (!silent && content !== "") state.push("code_inline", "code", 0).content = content;
  state.pos = state.posMax;
  return true;
};

const LONGEST_LABEL = 200;
const PART_OF_ADDRESS = /^(?:\([^\s]{0,2000}(?:\s+["'(][^\n]{0,300})?|\[[^\]\n]{0,100})?$/;

/** A link, or picture, whose address has not come or not ended: its words are shown, as a link to nowhere. */
export const openLink: InlineRule = (state, silent) => {
  const isPicture = state.src.startsWith("![", state.pos);
  if (!state.open || silent || state.linkLevel > 0 || (!isPicture && state.src[state.pos] !== "[")) return false;
  const start = state.pos + (isPicture ? 2 : 1);
  const close = state.src.indexOf("]", start);
  const end = close < 0 ? state.posMax : close;
  if (end - start > LONGEST_LABEL || state.src.slice(start, end).includes("[")) return false;
  if (close >= 0 && !PART_OF_ADDRESS.test(state.src.slice(close + 1, close + 2_400))) return false;
  if (isPicture) state.push("text", "", 0).content = `[image: ${state.src.slice(start, end)}`;
  else pushWords(state, start, end);
  state.pos = state.posMax;
  return true;
};

/** No link begins here when nothing can end it; the library would look for the end again and again. */
export const bracket: InlineRule = (state, silent) => {
  const mark = state.src.startsWith("![", state.pos) ? "![" : "[";
  if (!state.src.startsWith(mark, state.pos) || state.lastBracket > state.pos) return false;
  if (openLink(state, silent)) return true;
  if (!silent) state.pending += mark;
  state.pos += mark.length;
  return true;
};

function pushWords(state: InlineState, start: number, end: number): void {
  const max = state.posMax;
  state.push("link_open", "a", 1);
  [state.pos, state.posMax] = [start, end];
  state.linkLevel++;
  state.md.inline.tokenize(state);
  closeEmphasis(state);
  state.linkLevel--;
  state.posMax = max;
  state.push("link_close", "a", -1);
}

/** An address between `<` and `>` that has not ended. */
export const openAddress: InlineRule = (state) => {
  if (!state.open || state.src[state.pos] !== "<") return false;
  if (!/^<(?:https?:\/\/|mailto:)[^\s<>]{0,2000}$/i.test(state.src.slice(state.pos, state.pos + 2_010))) return false;
  state.pos++;
  return true;
};

/** The library's: which mark ends which. */
const [balance] = new MarkdownIt.ParserInline().ruler2.getRules("");
const MARKERS = new Set([0x2a, 0x5f, 0x7e]);

/** Closes the emphasis that has not been closed in what was just read, from the inside out. */
export function closeEmphasis(state: InlineState): void {
  const { delimiters } = state;
  const tried = delimiters.map((delimiter) => ({ ...delimiter }));
  balance?.({ delimiters: tried, tokens_meta: [] } as never);
  const opened: typeof tried = [];
  for (let at = 0; at < tried.length; at++) {
    const delimiter = tried[at];
    if (delimiter === undefined || !MARKERS.has(delimiter.marker)) continue;
    if (delimiter.end > at) at = delimiter.end;
    else if (delimiter.open && delimiter.end < 0) opened.push(delimiter);
  }
  // Marks that touch would be one run.
  if (opened.length > 0) state.push("text", "", 0);
  for (const { marker, length = 0, token } of opened.reverse()) {
    const content = state.tokens[token]?.content ?? "";
    state.push("text", "", 0).content = content;
    delimiters.push({ marker, length, token: state.tokens.length - 1, end: -1, open: false, close: true });
  }
}
