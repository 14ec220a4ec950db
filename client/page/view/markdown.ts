/**
 * Model and learner text in the page. Of a growing text only the last blocks are read, and only what changed in them is
 * changed; of a long one so much at a time that the page answers. Images are never loaded and raw HTML is shown as text.
 */

import { type Block, Known, plain, readBlocks } from "../markdown/blocks.js";
import { patch } from "../markdown/patch.js";
import { sanitise } from "../markdown/sanitise.js";
import { LONGEST_BLOCK, LONGEST_CODE, MOST_NODES } from "../markdown/steps.js";
import { Formulas } from "./maths.js";
import type { Work } from "./work.js";

/** So much is read at once. */
const WINDOW = 2 * LONGEST_BLOCK;
/** More text may still change so many of the last blocks: a list goes on after an empty line. */
const UNSETTLED = 2;

interface Shown {
  readonly html: string;
  readonly nodes: ChildNode[];
  /** Its text, when what is defined later may change how it looks. */
  readonly refers: { readonly text: string; readonly known: number } | null;
}

const UNBOUNDED: Work = { take: () => true };

/** Shows Markdown in `root`. */
export class MarkdownView {
  readonly #root: HTMLElement;
  #shown: Shown[] = [];
  #known: Known;
  #formulas = new Formulas();
  #text = "";
  #hasEnded = false;
  /** The text of the first blocks, how many these are, and what is left for others. */
  #settled = { length: 0, count: 0, nodes: MOST_NODES.message as number };
  /** The fence that was cut, so that the rest of it is still code. */
  #fence = "";

  /** `indents`: spaces that lines begin with are shown. */
  constructor(root: HTMLElement, indents = false) {
    this.#root = root;
    this.#known = new Known(indents);
  }

  /** `growing`: more will come. True when there is more to draw than `work` allowed. */
  show(source: string, growing = false, work: Work = UNBOUNDED): boolean {
    const isOdd = source.includes("\r") || source.includes("\0");
    const text = isOdd ? source.replace(/\r\n?/g, "\n").replaceAll("\0", "\uFFFD") : source;
    // A text that had ended was settled to its last block, which what is added now goes on with.
    const goesOn = this.#hasEnded && text !== this.#text;
    if (goesOn || !text.startsWith(this.#text.slice(0, this.#settled.length))) this.#reset();
    this.#text = text;
    this.#hasEnded = !growing;
    for (let size = WINDOW; ; ) {
      const rest = text.length - this.#settled.length;
      if (rest > 0 && !work.take(Math.min(size, rest))) return true;
      const before = this.#settled.length;
      if (this.#step(size, growing)) return !growing && this.#resolve(work);
      // Nothing in it has an end: code, mostly.
      size = this.#settled.length === before ? size * 2 : WINDOW;
    }
  }

  #reset(): void {
    for (const { nodes } of this.#shown) for (const node of nodes) node.remove();
    this.#shown = [];
    this.#known = new Known(this.#known.indents);
    this.#formulas = new Formulas();
    this.#settled = { length: 0, count: 0, nodes: MOST_NODES.message };
    this.#fence = "";
  }

  /** Reads and draws so much of what is not settled; true when that was all. */
  #step(size: number, growing: boolean): boolean {
    const { length } = this.#settled;
    const isLast = length + size >= this.#text.length;
    const source = this.#fence + this.#text.slice(length, length + size);
    // When all nodes are spent, what is left is one text.
    const isSpent = this.#settled.nodes < 0;
    const blocks = isSpent ? [plain(source, 0, source.length)] : readBlocks(source, this.#known, growing || !isLast);
    if (isSpent && !isLast) {
      this.#settle(blocks, source, source.length);
      return false;
    }
    const cut = isSpent ? -1 : blocks.findIndex(isTooLong);
    const last = blocks[cut];
    if (last !== undefined) {
      this.#settle(blocks.slice(0, cut), source, last.start);
      this.#cut(last, source, cut === 0 ? this.#fence.length : last.start);
      return false;
    }
    const settled = isLast && !growing ? blocks.length : Math.max(blocks.length - UNSETTLED, 0);
    this.#settle(blocks.slice(0, settled), source, blocks[settled]?.start ?? source.length);
    if (!isLast) return false;
    this.#draw(blocks.slice(settled), source);
    const { count } = this.#settled;
    for (const { nodes } of this.#shown.splice(count + blocks.length - settled)) for (const node of nodes) node.remove();
    return true;
  }

  /** Shows what is too long up to the end of a line. */
  #cut(block: Block, source: string, from: number): void {
    const longest = block.start + limitOf(block);
    const line = source.lastIndexOf("\n", longest) + 1;
    const isPair = /[\uDC00-\uDFFF]/.test(source[longest] ?? "");
    const end = line > from ? line : longest - (isPair ? 1 : 0);
    const { length } = this.#settled;
    const part = source.slice(block.start, end);
    this.#settle(readBlocks(part, this.#known, false), part, part.length);
    this.#settled.length = length + end - from;
    this.#fence = block.fence ?? "";
  }

  /** Draws what stands behind all that is settled. */
  #draw(blocks: readonly Block[], source: string): void {
    const { count } = this.#settled;
    let { nodes: left } = this.#settled;
    blocks.forEach((block, at) => {
      left -= block.size;
      const html = (left < 0 ? plain(source, block.start, block.end) : block).html.trimEnd();
      const old = this.#shown[count + at];
      if (old?.html === html) return;
      this.#shown[count + at] = { html, nodes: this.#patch(count + at, html), refers: null };
    });
  }

  /** Brings the nodes of a block in line with `html`. */
  #patch(at: number, html: string): ChildNode[] {
    const fresh = [...sanitise(html).childNodes];
    let after = at + 1;
    while (after < this.#shown.length && this.#shown[after]?.nodes.length === 0) after++;
    const next = this.#shown[after]?.nodes[0] ?? null;
    return patch(this.#root, { old: this.#shown[at]?.nodes ?? [], fresh, next, formulas: this.#formulas });
  }

  /** Draws blocks that stay as they are. `end`: where in `source` begins what is behind them. */
  #settle(blocks: readonly Block[], source: string, end: number): void {
    if (blocks.length === 0) return;
    this.#draw(blocks, source);
    for (const { start, end: blockEnd, size, references } of blocks) {
      const shown = this.#shown[this.#settled.count];
      const text = source.slice(start, blockEnd);
      const known = /\[\^\D/.test(text) ? -1 : this.#known.count;
      const nodes = shown?.nodes ?? [];
      const mayRefer = nodes.length > 0 && text.includes("[") && this.#settled.nodes >= size;
      this.#shown[this.#settled.count] = { html: "", nodes, refers: mayRefer ? { text, known } : null };
      this.#known.define(references);
      this.#settled.nodes -= size;
      this.#settled.count++;
    }
    this.#settled.length += end - this.#fence.length;
    this.#fence = "";
  }

  /** Draws once more what refers to something that was defined after it. */
  #resolve(work: Work): boolean {
    const known = this.#known.count;
    for (const [at, { refers }] of this.#shown.entries()) {
      if (refers === null || refers.known === known) continue;
      if (!work.take(refers.text.length)) return true;
      const html = readBlocks(refers.text, this.#known, false).map((block) => block.html).join("").trimEnd();
      this.#shown[at] = { html: "", nodes: this.#patch(at, html), refers: { ...refers, known } };
    }
    return false;
  }
}

function limitOf({ fence }: Block): number {
  return fence === null ? LONGEST_BLOCK : LONGEST_CODE;
}

function isTooLong(block: Block): boolean {
  return block.end - block.start > limitOf(block);
}
