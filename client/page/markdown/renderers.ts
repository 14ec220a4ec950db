/** What the parts of a text become in HTML, which is sanitised before it is shown. */

import type { RendererRule, Token } from "markdown-it";

export const escape = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Blocks whose direction follows their first letter. What is in them must not say so again: it would not be looked at. */
const DIRECTED = ["paragraph", "heading", "bullet_list", "ordered_list", "blockquote", "table", "th", "td"];

/** The page itself uses the two highest levels. */
const lower = (tag: string) => `h${Math.min(Number(tag.slice(1)) + 2, 6)}`;

const code = ({ content, info }: Token) => {
  const language = /^[\w+#.-]{1,32}/.exec(info.trim())?.[0];
  return `<pre><code${language === undefined ? "" : ` class="language-${escape(language)}"`}>${escape(content)}</code></pre>\n`;
};

const formula = ({ content, info, block }: Token) => {
  const tex = `<code class="maths ${info}">${escape(content)}</code>`;
  return block ? `<p class="display">${tex}</p>\n` : tex;
};

const at = (show: (token: Token) => string): RendererRule => (tokens, index) => {
  const token = tokens[index];
  return token === undefined ? "" : show(token);
};

const open: RendererRule = (tokens, index, options, _env, renderer) => {
  const token = tokens[index];
  if (token === undefined) return "";
  if (token.type === "heading_open") token.tag = lower(token.tag);
  const column = /text-align:(left|center|right)/.exec(String(token.attrGet("style") ?? ""))?.[1];
  if (column !== undefined) token.attrs = [["align", column]];
  if (token.level === 0) token.attrSet("dir", "auto");
  return renderer.renderToken(tokens, index, options);
};

export const RENDERERS: Record<string, RendererRule> = {
  ...Object.fromEntries(DIRECTED.map((name) => [`${name}_open`, open])),
  heading_close: at(({ tag }) => `</${lower(tag)}>\n`),
  footnote_open: at(() => '<p class="footnote" dir="auto">'),
  footnote_label: at(({ content }) => `<sup>${escape(content)}</sup> `),
  footnote_reference: at(({ content }) => `<sup>${escape(content)}</sup>`),
  formula: at(formula),
  named_character: at(({ content }) => content),
  fence: at(code),
  code_block: at(code),
  code_inline: at(({ content }) => `<code>${escape(content)}</code>`),
  s_open: at(() => "<del>"),
  s_close: at(() => "</del>"),
  text_special: at(({ content }) => escape(content)),
  // Never loaded: its address could carry data out.
  image: at((token) => escape(`[image: ${token.content || String(token.attrGet("src") ?? "")}]`)),
};
