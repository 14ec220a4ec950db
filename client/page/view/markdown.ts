/**
 * Model and learner text in the page. Of a growing text only the last blocks are read, and only what changed in them is
 * changed; of a long one so much at a time that the page answers. Images are never loaded and raw HTML is shown as text.
 */

import { type Block, Known, plain, readBlocks } from "../markdown/blocks.js";
import { patch } from "../markdown/patch.js";
import { sanitiseEach } from "../markdown/sanitise.js";
import { LONGEST_BLOCK, LONGEST_CODE, MOST_NODES } from "../markdown/steps.js";
import { Formulas } from "./maths.js";
import type { Work } from "./work.js";

/** So much is read at once. */
const WINDOW = 2 * LONGEST_BLOCK;
/** To draw a block takes as long as to read so many characters. */
const BLOCK = 64;
/** More text may still change so many of the last blocks: a list goes on after an empty line. */
const UNSETTLED = 2;

interface Shown {
  /** Null of what stays as it is. */
  readonly html: string | null;
  readonly nodes: ChildNode[];
  /** Its text, when what is defined later may change how it looks. */
  readonly refers: { readonly text: string; readonly known: number } | null;
}

/** The first blocks, which no more text changes: how long and how many they are, and the nodes that are left for others. */
interface Settled {
  length: number;
  count: number;
  nodes: number;
}

/** Text that is read, which may begin with the fence of a block that was cut, and where in the whole text it begins. */
interface Part {
  readonly text: string;
  readonly base: number;
}

const UNBOUNDED: Work = { take: () => true };

/** Shows Markdown in `root`. */
export class MarkdownView {
  readonly #root: HTMLElement;
  #shown: Shown[] = [];
  #known: Known;
  #formulas = new Formulas();
  #text = "";
  #settled: Settled = { length: 0, count: 0, nodes: MOST_NODES.message };
  /** How much is read at once. It is kept from call to call: work that is cut short goes on where it was. */
  #size = WINDOW;
  /** Blocks that were drawn in this step. */
  #drawn = 0;
  /** The fence that was cut, so that the rest of it is still code. */
  #fence = "";
  /** Where the last blocks of a text that had ended begin: one that goes on after all may change them. */
  #ended: { readonly settled: Settled; readonly fence: string } | null = null;

  /** `indents`: spaces that lines begin with are shown. */
  constructor(root: HTMLElement, indents = false) {
    this.#root = root;
    this.#known = new Known(indents);
  }

  /** `growing`: more will come. True when there is more to draw than `work` allowed. */
  show(source: string, growing = false, work: Work = UNBOUNDED): boolean {
    const isOdd = source.includes("\r") || source.includes("\0");
    const text = isOdd ? source.replace(/\r\n?/g, "\n").replaceAll("\0", "\uFFFD") : source;
    if (this.#ended !== null) {
      if (text === this.#text && !growing) return this.#resolve(work);
      this.#settled = { ...this.#ended.settled };
      this.#fence = this.#ended.fence;
      this.#ended = null;
    }
    if (!text.startsWith(this.#text.slice(0, this.#settled.length))) this.#reset();
    this.#text = text;
    for (;;) {
      const rest = text.length - this.#settled.length;
      if (rest > 0 && !work.take(Math.min(this.#size, rest))) return true;
      const before = this.#settled.length;
      const isDone = this.#step(this.#size, growing);
      work.take(this.#drawn * BLOCK);
      this.#drawn = 0;
      if (this.#settled.length > before) this.#size = WINDOW;
      // Nothing in it has an end: code, mostly.
      else if (!isDone) this.#size *= 2;
      if (isDone) return !growing && this.#resolve(work);
    }
  }

  #reset(): void {
    for (const { nodes } of this.#shown) for (const node of nodes) node.remove();
    this.#shown = [];
    this.#known = new Known(this.#known.indents);
    this.#formulas = new Formulas();
    this.#settled = { length: 0, count: 0, nodes: MOST_NODES.message };
    this.#fence = "";
    this.#size = WINDOW;
  }

  /** Reads and draws so much of what is not settled; true when that was all. */
  #step(wanted: number, growing: boolean): boolean {
    const { length, nodes } = this.#settled;
    const isSpent = nodes < 0;
    const size = isSpent ? WINDOW : wanted;
    const isLast = length + size >= this.#text.length;
    const part = { text: this.#fence + this.#text.slice(length, length + size), base: length - this.#fence.length };
    // When all nodes are spent, what is left is one text.
    const blocks = isSpent ? [plain(part.text, 0, part.text.length)] : readBlocks(part.text, this.#known, growing || !isLast);
    let left = nodes;
    const end = isSpent ? -1 : blocks.findIndex((block) => (left -= block.size) < 0 || isTooLong(block));
    const block = blocks[end];
    if (block !== undefined) {
      this.#settle(blocks.slice(0, end), part);
      if (left < 0) this.#spend(part.base + Math.max(block.start, length - part.base));
      else this.#cut(block, part);
      return false;
    }
    const settled = isSpent && !isLast ? 1 : Math.max(blocks.length - UNSETTLED, 0);
    this.#settle(blocks.slice(0, settled), part);
    if (isLast) this.#finish(blocks.slice(settled), part, growing);
    return isLast;
  }

  /** From here on the message is shown as it is. */
  #spend(from: number): void {
    this.#settled.length = from;
    this.#settled.nodes = -1;
    this.#fence = "";
  }

  /** Draws the last blocks. */
  #finish(blocks: readonly Block[], part: Part, growing: boolean): void {
    const end = this.#settled.count + blocks.length;
    if (growing) this.#draw(blocks);
    else {
      this.#ended = { settled: { ...this.#settled }, fence: this.#fence };
      this.#settle(blocks, part);
    }
    for (const { nodes } of this.#shown.splice(end)) for (const node of nodes) node.remove();
  }

  /** Shows what is too long up to the end of a line. */
  #cut(block: Block, { text, base }: Part): void {
    const longest = block.start + limitOf(block);
    const line = text.lastIndexOf("\n", longest) + 1;
    const isPair = /[\uDC00-\uDFFF]/.test(text[longest] ?? "");
    const end = line > block.start + (block.fence?.length ?? 0) ? line : longest - (isPair ? 1 : 0);
    const part = { text: text.slice(block.start, end), base: base + block.start };
    this.#settle(readBlocks(part.text, this.#known, false), part);
    this.#settled.length = base + end;
    this.#fence = block.fence ?? "";
  }

  /** Draws what stands behind all that is settled. */
  #draw(blocks: readonly Block[]): void {
    const { count } = this.#settled;
    const changed: { at: number; html: string }[] = [];
    blocks.forEach((block, index) => {
      const html = block.html.trimEnd();
      const at = count + index;
      if (this.#shown[at]?.html !== html) changed.push({ at, html });
    });
    this.#drawn += changed.length;
    const fresh = sanitiseEach(changed.map(({ html }) => html));
    changed.forEach(({ at, html }, index) => {
      this.#shown[at] = { html, nodes: this.#patch(at, fresh[index] ?? []), refers: null };
    });
  }

  /** Puts these nodes in the place of a block's. */
  #patch(at: number, fresh: readonly ChildNode[]): ChildNode[] {
    let after = at + 1;
    while (after < this.#shown.length && this.#shown[after]?.nodes.length === 0) after++;
    const next = this.#shown[after]?.nodes[0] ?? null;
    return patch(this.#root, { old: this.#shown[at]?.nodes ?? [], fresh, next, formulas: this.#formulas });
  }

  /** Draws blocks that stay as they are. */
  #settle(blocks: readonly Block[], part: Part): void {
    const last = blocks.at(-1);
    if (last === undefined) return;
    this.#draw(blocks);
    for (const { start, end, size, references } of blocks) {
      const nodes = this.#shown[this.#settled.count]?.nodes ?? [];
      const text = part.text.slice(start, end);
      const known = /\[\^\D/.test(text) ? -1 : this.#known.count;
      const mayRefer = nodes.length > 0 && text.includes("[") && this.#settled.nodes >= size;
      this.#shown[this.#settled.count] = { html: null, nodes, refers: mayRefer ? { text, known } : null };
      this.#known.define(references);
      this.#settled.nodes -= size;
      this.#settled.count++;
    }
    this.#settled.length = part.base + last.end;
    this.#fence = "";
  }

  /** Draws once more what refers to something that was defined after it. */
  #resolve(work: Work): boolean {
    const known = this.#known.count;
    for (const [at, { refers }] of this.#shown.entries()) {
      if (refers === null || refers.known === known) continue;
      if (!work.take(refers.text.length)) return true;
      const html = readBlocks(refers.text, this.#known, false).map((block) => block.html).join("").trimEnd();
      const [fresh = []] = sanitiseEach([html]);
      this.#shown[at] = { html: null, nodes: this.#patch(at, fresh), refers: { ...refers, known } };
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
