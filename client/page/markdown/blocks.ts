/** A text to its blocks, each as HTML that is not sanitised yet. What costs too much is shown as it is. */

import type { Token } from "markdown-it";

import { holdBack, trimEnd } from "./growing.js";
import { reader } from "./library.js";
import { escape } from "./renderers.js";
import type { ReadingEnv } from "./state.js";
import { LONGEST_LEAF, MOST_NODES, counted } from "./steps.js";

export { stepsTaken } from "./steps.js";

export interface Block {
  /** Where it stands in the text that was read. */
  readonly start: number;
  readonly end: number;
  readonly html: string;
  /** Parts that become nodes. */
  readonly size: number;
  /** The line that begins it, when it is code between fences. */
  readonly fence: string | null;
  readonly references: ReadingEnv["references"];
}

/** What is known of the text before: addresses and footnotes that are defined there. */
export class Known {
  readonly references: NonNullable<ReadingEnv["references"]> = Object.create(null);
  readonly footnotes = new Set<string>();
  /** Spaces that lines begin with are shown: learners paste code as it is. */
  readonly indents: boolean;
  #defined = 0;

  constructor(indents = false) {
    this.indents = indents;
  }

  /** How much is known. */
  get count(): number {
    return this.#defined + this.footnotes.size;
  }

  /** The first definition counts. */
  define(references: ReadingEnv["references"] = {}): void {
    for (const [label, reference] of Object.entries(references)) {
      if (label in this.references) continue;
      this.references[label] = reference;
      this.#defined++;
    }
  }
}

/** `growing`: more text comes, so its last block is not whole. */
export function readBlocks(text: string, known: Known, growing: boolean): Block[] {
  const source = growing ? holdBack(text) : text;
  const env: ReadingEnv = {
    // The last block may still change, so its definitions are not kept here.
    references: Object.create(known.references) as Known["references"],
    footnotes: known.footnotes,
    indents: known.indents,
    growing,
    open: false,
  };
  const tokens: Token[] = [];
  try {
    counted(() => reader.block.parse(source, reader, env, tokens));
  } catch {
    const end = /\n[ \t]*\n/.exec(source)?.index ?? source.length;
    return [plain(source, 0, end), ...(end < source.length ? [plain(source, end, source.length)] : [])];
  }
  const parts = group(tokens, source);
  const leaf = growing && !/\n[ \t]*\n[ \t]*$/.test(source) ? lastLeaf(parts.at(-1)?.tokens ?? []) : null;
  return parts.map((part) => render(part, { source, env, leaf }));
}

/** What a block costs besides its nodes: browsers lay out many small ones slowly. */
const EACH = 6;

interface Part {
  readonly tokens: Token[];
  readonly start: number;
  readonly end: number;
}

/** Top-level tokens with what is in them, and where they stand. */
function group(tokens: readonly Token[], source: string): Part[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  const parts: { tokens: Token[]; start: number; end: number }[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0 && token.nesting >= 0) {
      const start = starts[token.map?.[0] ?? 0] ?? source.length;
      const last = parts.at(-1);
      if (last) last.end = start;
      parts.push({ tokens: [], start, end: source.length });
    }
    depth += token.nesting;
    parts.at(-1)?.tokens.push(token);
  }
  return parts;
}

/** The paragraph that text is being added to; behind a cell the row may have empty ones. */
function lastLeaf(tokens: readonly Token[]): Token | null {
  const last = tokens.findLast(({ type, nesting, content }) => nesting === 0 && (type !== "inline" || content !== ""));
  return last?.type === "inline" ? last : null;
}

interface Context {
  readonly source: string;
  readonly env: ReadingEnv;
  readonly leaf: Token | null;
}

function render({ tokens, start, end }: Part, { source, env, leaf }: Context): Block {
  try {
    const size = counted(() => {
      tokens.forEach((token, at) => {
        if (token.type === "inline") readLeaf(token, env, { isOpen: token === leaf, isItem: tokens[at - 2]?.type === "list_item_open" });
      });
      return tokens.reduce((sum, { children }) => sum + 1 + (children?.length ?? 0), 0);
    });
    if (size > MOST_NODES.block) return plain(source, start, end);
    const html = reader.renderer.render(tokens, reader.options, env);
    return { start, end, html, size: size + EACH, fence: fenceOf(tokens, source, start), references: definedBy(tokens, env) };
  } catch {
    return plain(source, start, end);
  }
}

function fenceOf([first]: readonly Token[], source: string, start: number): string | null {
  const line = source.slice(start, source.indexOf("\n", start) + 1);
  return first?.type === "fence" && line.length < 200 ? line : null;
}

const TASK = /^\[([ xX])\][ \t]+/;

function readLeaf(token: Token, env: ReadingEnv, { isOpen, isItem }: { isOpen: boolean; isItem: boolean }): void {
  const children = token.children ?? [];
  if (token.content.length > LONGEST_LEAF) {
    const text = new reader.inline.State("", reader, env, []).push("text", "", 0);
    text.content = token.content;
    children.push(text);
    return;
  }
  const content = isItem ? token.content.replace(TASK, (_, state) => (state === " " ? "☐ " : "☑ ")) : token.content;
  env.open = isOpen;
  reader.inline.parse(isOpen ? trimEnd(content) : content, reader, env, children);
  env.open = false;
}

function definedBy(tokens: readonly Token[], { references = {} }: ReadingEnv): ReadingEnv["references"] {
  const defined: NonNullable<ReadingEnv["references"]> = {};
  for (const { type, meta } of tokens) {
    const label = type === "reference_definition" && (meta as { label: string } | null)?.label;
    if (label && references[label]) defined[label] = references[label];
  }
  return defined;
}

export function plain(source: string, start: number, end: number): Block {
  const html = `<p class="plain" dir="auto">${escape(source.slice(start, end))}</p>\n`;
  return { start, end, html, size: 2, fence: null, references: {} };
}
