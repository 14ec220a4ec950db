"use client";
/** What stands in a line: emphasis, code, links and breaks. Marks without a partner, as in text that is still being written, stay. */

export type Inline =
  | { readonly kind: "text" | "code"; readonly text: string }
  | { readonly kind: "strong" | "emphasis"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly address: string; readonly children: readonly Inline[] }
  | { readonly kind: "break" };

/** A paragraph that is longer shows as it is: looking for partners takes time. */
const LONGEST = 4_000;
const DEEPEST = 6;
const CODE = /(`+)(?!`)([^]*?[^`])\1(?!`)/y;
const LINK = /\[([^[\]\n]+)\]\(([^\s()<>]+)\)/y;
const ADDRESS = /https?:\/\/[^\s<>()[\]"'`*，。；：！？、（）【】《》「」『』]*[^\s<>()[\]"'`*，。；：！？、（）【】《》「」『』.,;:!?_]/y;
const STRONG = /(\*\*|__)(?=\S)([^]*?[^\s\\])\1(?![*_])/y;
const EMPHASIS = /([*_])(?=[^\s*_])([^]*?[^\s\\])\1(?![*_])/y;
const BREAK = /(?: {2,}|\\)\n|<br ?\/?>/y;
const ESCAPE = /\\([!-/:-@[-`{-~])/y;
/** Others (`javascript:`, say) are text. */
const SAFE = /^(?:https?:|mailto:)/i;

export function readInline(text: string, depth = 0): readonly Inline[] {
  if (text.length > LONGEST || depth > DEEPEST) return [{ kind: "text", text }];
  const found: Inline[] = [];
  let plain = "";
  const add = (node: Inline) => {
    if (plain !== "") found.push({ kind: "text", text: plain });
    plain = "";
    found.push(node);
  };
  for (let at = 0; at < text.length; ) {
    const next = readMark(text, at, depth);
    if (next === null) plain += text[at++];
    else if (typeof next.node === "string") plain += next.node;
    else add(next.node);
    if (next !== null) at += next.length;
  }
  if (plain !== "") found.push({ kind: "text", text: plain });
  return found;
}

interface Mark {
  /** Text, where it is only another way to write it. */
  node: Inline | string;
  length: number;
}

function readMark(text: string, at: number, depth: number): Mark | null {
  switch (text[at]) {
    case "`":
      return matched(CODE, text, at, ([, , code = ""]) => ({ kind: "code", text: code.replace(/^ (.*\S.*) $/s, "$1") })) ?? run(text, at);
    case "[":
      return matched(LINK, text, at, ([, label = "", address = ""]) => linkTo(address, label, depth));
    case "h":
      return isInWord(text, at) ? null : matched(ADDRESS, text, at, ([address]) => linkTo(address, null, depth));
    case "*":
    case "_":
      return readEmphasis(text, at, depth);
    case " ":
    case "<":
    case "\\":
      return matched(BREAK, text, at, () => ({ kind: "break" })) ?? matched(ESCAPE, text, at, ([, character = ""]) => character);
    default:
      return null;
  }
}

function readEmphasis(text: string, at: number, depth: number): Mark | null {
  // An underscore within a word is one: snake_case.
  if (text[at] === "_" && isInWord(text, at)) return null;
  const children = (inner: string) => readInline(inner, depth + 1);
  const strong = matched(STRONG, text, at, ([, , inner = ""]) => ({ kind: "strong", children: children(inner) }));
  return strong ?? matched(EMPHASIS, text, at, ([, , inner = ""]) => ({ kind: "emphasis", children: children(inner) })) ?? run(text, at);
}

/** Marks without a partner, all at once: none of them begins anything. */
function run(text: string, at: number): Mark {
  let end = at + 1;
  while (text[end] === text[at]) end += 1;
  return { node: text.slice(at, end), length: end - at };
}

function linkTo(address: string, label: string | null, depth: number): Inline | null {
  if (!SAFE.test(address)) return null;
  return { kind: "link", address, children: label === null ? [{ kind: "text", text: address }] : readInline(label, depth + 1) };
}

function matched(pattern: RegExp, text: string, at: number, make: (match: RegExpExecArray) => Inline | string | null): Mark | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  const node = match && make(match);
  return match && node !== null ? { node, length: match[0].length } : null;
}

function isInWord(text: string, at: number): boolean {
  return at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1] ?? "");
}
