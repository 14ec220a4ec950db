/** The reader of Markdown: the library, with this page's rules in it and those left out that would load or run something. */

import MarkdownIt, { type MarkdownIt as Reader } from "markdown-it";

import { bareAddress, otherAddresses } from "./addresses.js";
import { scanRun } from "./emphasis.js";
import { footnote, footnoteReference } from "./footnotes.js";
import { blockFormula, inlineFormula } from "./formulas.js";
import { bracket, closeEmphasis, openAddress, openCode, openLink } from "./growing.js";
import { RENDERERS } from "./renderers.js";
import { type InlineRule, InlineState, type ReadingEnv } from "./state.js";
import { countSteps } from "./steps.js";
import { plainTag } from "./tags.js";

type LibraryRule = Parameters<Reader["inline"]["ruler"]["push"]>[1];
const rule = (own: InlineRule) => own as unknown as LibraryRule;

/** The library looks for them over many lines, again and again. */
const REFERENCE = /^\[[^\]\n]{1,999}\]:/;

function makeReader(): Reader {
  const md = new MarkdownIt({ html: false, breaks: true, linkify: false, typographer: false, maxNesting: 60 });
  InlineState.prototype.scanDelims = scanRun;
  md.inline.State = InlineState;
  const { inline, block } = md;
  inline.ruler.disable(["linkify", "html_inline"]);
  inline.ruler.before("escape", "formula", rule(inlineFormula));
  inline.ruler.before("backticks", "open_code", rule(openCode));
  inline.ruler.before("link", "footnote_reference", rule(footnoteReference));
  inline.ruler.before("newline", "indent", rule(indent));
  inline.ruler.before("link", "bracket", rule(bracket));
  inline.ruler.after("image", "open_link", rule(openLink));
  inline.ruler.before("autolink", "plain_tag", rule(plainTag));
  inline.ruler.after("autolink", "open_address", rule(openAddress));
  inline.ruler.after("text", "bare_address", rule(bareAddress));
  inline.ruler2.before("balance_pairs", "close_emphasis", closeAtEnd as never);
  inline.ruler2.push("other_addresses", otherAddresses as never);
  inline.ruler.at("entity", rule(namedCharacter));
  block.ruler.disable(["html_block"]);
  const interrupts = { alt: ["paragraph", "reference", "blockquote", "list"] };
  block.ruler.before("fence", "formula", blockFormula, interrupts);
  block.ruler.before("reference", "footnote", footnote, interrupts);
  limitReferences(md);
  Object.assign(md.renderer.rules, RENDERERS);
  countSteps(md);
  return md;
}

const INDENT = /^\n([ \t]{2,})/;

/** A line's first spaces, where they are to be seen. */
const indent: InlineRule = (state, silent) => {
  if (!(state.env as ReadingEnv).indents || state.src[state.pos] !== "\n") return false;
  const spaces = INDENT.exec(state.src.slice(state.pos, state.pos + 200))?.[1];
  if (spaces === undefined) return false;
  if (!silent) {
    state.push("softbreak", "br", 0);
    state.pending += spaces.replaceAll("\t", "    ").replaceAll(" ", "\u00A0");
  }
  state.pos += 1 + spaces.length;
  return true;
};

function closeAtEnd(state: InlineState): void {
  if (state.open) closeEmphasis(state);
}

const NAMED = /^&(?:#x[\da-f]{1,6}|#\d{1,7}|[a-z][a-z\d]{1,31});/i;

/** The browser knows all of them. */
const namedCharacter: InlineRule = (state, silent) => {
  if (state.src[state.pos] !== "&") return false;
  const name = NAMED.exec(state.src.slice(state.pos, Math.min(state.posMax, state.pos + 34)))?.[0];
  if (name === undefined) return false;
  if (!silent) state.push("named_character", "", 0).content = name;
  state.pos += name.length;
  return true;
};

function limitReferences({ block }: Reader): void {
  const { ruler } = new MarkdownIt.ParserBlock();
  ruler.enableOnly(["reference"]);
  const [find] = ruler.getRules("");
  block.ruler.at("reference", (state, startLine, endLine, silent) => {
    const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
    return REFERENCE.test(state.src.slice(start, start + 1_002)) && find?.(state, startLine, endLine, silent) === true;
  });
}

export const reader = makeReader();
