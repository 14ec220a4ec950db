/**
 * Addresses that stand bare in a text. Those of CommonMark's extension, but they end where Chinese, Japanese or Korean
 * text goes on: before its punctuation, and where its words follow a Latin letter or digit.
 */

import type { Token } from "markdown-it";

import type { InlineState } from "./state.js";

const LONGEST = 2_000;
const CJK_WORD = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`;
const END = /[\s<>"`\\|\u060C\u061B\u061F\u06D4\u3000-\u3004\u3008-\u3020\u3030\uFF00-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65\u2014\u2018\u2019\u201C\u201D\u2026]|\*\*|~~/u;
const WORD_AFTER_LATIN = new RegExp(`(?<=[A-Za-z0-9])[${CJK_WORD}]`, "u");
const TRAILING = /[?!.,:;*_~'"]$/;
/** A host of at least one letter or digit. */
const HOST = /^[\p{L}\p{N}]/u;

/** The address at the start of `text`, whose scheme ends at `from`; how long it is. */
function lengthOf(text: string, from: number): number {
  const rest = text.slice(from, LONGEST);
  const ends = [rest.search(END), rest.search(WORD_AFTER_LATIN)].filter((at) => at >= 0);
  let address = rest.slice(0, Math.min(rest.length, ...ends));
  let open = address.split("(").length - address.split(")").length;
  for (;;) {
    if (TRAILING.test(address)) address = address.slice(0, -1);
    else if (address.endsWith(")") && open < 0) {
      address = address.slice(0, -1);
      open++;
    } else break;
  }
  return HOST.test(address) ? from + address.length : 0;
}

function pushLink(state: InlineState, address: string, href: string): void {
  state.push("link_open", "a", 1).attrs = [["href", href]];
  state.push("text", "", 0).content = address;
  state.push("link_close", "a", -1);
}

/** At the `:` of `https://`. */
export function bareAddress(state: InlineState, silent: boolean): boolean {
  if (state.linkLevel > 0 || !state.src.startsWith("://", state.pos)) return false;
  const scheme = /(?<![A-Za-z0-9])https?$/i.exec(state.src.slice(Math.max(0, state.pos - 6), state.pos))?.[0];
  if (scheme === undefined || !state.pending.endsWith(scheme)) return false;
  const text = state.src.slice(state.pos - scheme.length, Math.min(state.posMax, state.pos + LONGEST));
  const length = lengthOf(text, scheme.length + 3);
  if (length === 0) return false;
  if (!silent) {
    state.pending = state.pending.slice(0, -scheme.length);
    const address = text.slice(0, length);
    pushLink(state, address, state.md.normalizeLink(address));
  }
  state.pos += length - scheme.length;
  return true;
}

const OTHERS = /(?<![\w@/.-])(?:(www\.(?=[\w-]))|([\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}))/;

/** Finds `www.` and addresses of mail in the text that is left over. */
export function otherAddresses(state: InlineState): void {
  const tokens: Token[] = [];
  let links = 0;
  for (const token of state.tokens) {
    if (token.type === "link_open") links++;
    if (token.type === "link_close") links--;
    if (token.type === "text" && links === 0) tokens.push(...linked(state, token));
    else tokens.push(token);
  }
  state.tokens.splice(0, state.tokens.length);
  for (const token of tokens) state.tokens.push(token);
}

function linked(state: InlineState, token: Token): Token[] {
  const tokens: Token[] = [];
  let rest = token.content;
  for (let found = OTHERS.exec(rest); found !== null; found = OTHERS.exec(rest)) {
    const [, web, mail] = found;
    const length = web === undefined ? (mail ?? "").replace(/[-.]+$/, "").length : lengthOf(rest.slice(found.index), web.length);
    if (length === 0) break;
    const address = rest.slice(found.index, found.index + length);
    const href = web === undefined ? `mailto:${address}` : state.md.normalizeLink(`http://${address}`);
    tokens.push(...textToken(state, rest.slice(0, found.index)), ...link(state, address, href));
    rest = rest.slice(found.index + length);
  }
  return tokens.length === 0 ? [token] : [...tokens, ...textToken(state, rest)];
}

function textToken(state: InlineState, content: string): Token[] {
  if (content === "") return [];
  const token = new state.Token("text", "", 0);
  token.content = content;
  return [token];
}

function link(state: InlineState, address: string, href: string): Token[] {
  const open = new state.Token("link_open", "a", 1);
  open.attrs = [["href", href]];
  return [open, ...textToken(state, address), new state.Token("link_close", "a", -1)];
}
