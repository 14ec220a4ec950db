"use client";
/**
 * The part of Markdown that tutors write most, as a tree of blocks: paragraphs, headings, lists, quotes, rules and code.
 * What it does not know (tables, raw HTML, formulas) stays text. Reads each line a bounded number of times.
 */

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "heading"; readonly level: number; readonly text: string }
  | { readonly kind: "code"; readonly text: string; readonly language: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | { readonly kind: "list"; readonly start: number | null; readonly items: readonly (readonly Block[])[] }
  | { readonly kind: "rule" };

interface Found {
  block: Block;
  /** The first line that is not its own. */
  end: number;
}

/** Deeper than anybody writes: what is nested further is text. */
const DEEPEST = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])(?:[ \t]+(\S.*)?|)$/;

export function readBlocks(text: string): readonly Block[] {
  return blocksOf(text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n"), 0);
}

function blocksOf(lines: readonly string[], depth: number): Block[] {
  if (depth > DEEPEST) return [{ kind: "paragraph", text: lines.join("\n") }];
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; ) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const { block, end } = readBlock(lines, at, depth);
    blocks.push(block);
    at = end;
  }
  return blocks;
}

function readBlock(lines: readonly string[], at: number, depth: number): Found {
  const line = lines[at] ?? "";
  const fence = FENCE.exec(line);
  if (fence) return readCode(lines, at, fence);
  const [, marks = "", text = ""] = HEADING.exec(line) ?? [];
  if (marks !== "") return { block: { kind: "heading", level: marks.length, text }, end: at + 1 };
  if (RULE.test(line)) return { block: { kind: "rule" }, end: at + 1 };
  if (QUOTE.test(line)) return readQuote(lines, at, depth);
  return ITEM.test(line) ? readList(lines, at, depth) : readParagraph(lines, at);
}

/** To its closing mark; while it is being written, to the end. */
function readCode(lines: readonly string[], at: number, [, mark = "", language = ""]: RegExpExecArray): Found {
  const closes = (line: string) => line.trim().startsWith(mark) && /^(`+|~+)$/.test(line.trim());
  const close = lines.findIndex((line, index) => index > at && closes(line));
  const end = close < 0 ? lines.length : close;
  return { block: { kind: "code", text: lines.slice(at + 1, end).join("\n"), language }, end: end + 1 };
}

function readQuote(lines: readonly string[], at: number, depth: number): Found {
  const end = endOf(lines, at, (line) => QUOTE.test(line));
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return { block: { kind: "quote", blocks: blocksOf(inner, depth + 1) }, end };
}

function readList(lines: readonly string[], first: number, depth: number): Found {
  const [, , mark = ""] = ITEM.exec(lines[first] ?? "") ?? [];
  const type = mark.slice(-1);
  const items: Block[][] = [];
  let at = first;
  for (;;) {
    const next = firstFilled(lines, at);
    const [, indent = "", own = "", text = ""] = ITEM.exec(lines[next] ?? "") ?? [];
    if (own.slice(-1) !== type || own === "" || RULE.test(lines[next] ?? "")) break;
    const inner = indent.length + 2;
    const end = endOf(lines, next, (line, index) => belongs(lines, index, inner) || (!isBlank(line) && isLazy(lines, index)));
    items.push(blocksOf([text, ...lines.slice(next + 1, end).map((line) => unindented(line, indent.length + own.length + 1))], depth + 1));
    at = end;
  }
  return { block: { kind: "list", start: /\d/.test(mark) ? Number.parseInt(mark, 10) : null, items }, end: at };
}

/** A line inside an item: indented, or a blank one that is followed by one that is. */
function belongs(lines: readonly string[], at: number, indent: number): boolean {
  const line = lines[at] ?? "";
  if (!isBlank(line)) return indentOf(line) >= indent;
  return !isBlank(lines[at + 1]) && indentOf(lines[at + 1] ?? "") >= indent;
}

/** A paragraph goes on without indentation. */
function isLazy(lines: readonly string[], at: number): boolean {
  return !isBlank(lines[at - 1]) && !begins(lines[at] ?? "");
}

function readParagraph(lines: readonly string[], at: number): Found {
  const end = endOf(lines, at, (line) => !isBlank(line) && !begins(line));
  return { block: { kind: "paragraph", text: lines.slice(at, end).map((line) => line.trimStart()).join("\n") }, end };
}

/** Whether a line begins a block of its own. */
function begins(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));
}

function endOf(lines: readonly string[], first: number, goesOn: (line: string, at: number) => boolean): number {
  let end = first + 1;
  while (end < lines.length && goesOn(lines[end] ?? "", end)) end += 1;
  return end;
}

function firstFilled(lines: readonly string[], at: number): number {
  return isBlank(lines[at]) && at < lines.length ? at + 1 : at;
}

const isBlank = (line = "") => line.trim() === "";
const indentOf = (line: string) => line.length - line.trimStart().length;
const unindented = (line: string, by: number) => line.slice(Math.min(by, indentOf(line)));
