/**
 * Model text to DOM: Markdown, then an allow-list sanitiser that yields nodes; no string reaches the page as HTML.
 * Raw HTML is shown as text. Images are never loaded: their address could carry data out.
 */

import DOMPurify from "dompurify";
import { Marked } from "marked";

import { copyButton } from "./clipboard.js";
import { el } from "./dom.js";
import { mathsExtensions, typesetMaths } from "./maths.js";

const ALLOWED = {
  ALLOWED_TAGS: [
    ...["p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "del", "a", "code", "pre", "blockquote"],
    ...["ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"],
  ],
  ALLOWED_ATTR: ["href", "title", "align", "start", "class"],
  ADD_URI_SAFE_ATTR: ["align", "start"],
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

const ALLOWED_CLASS = /^(?:language-[\w+#.-]{1,32}|maths (?:inline|display))$/;

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: mathsExtensions(escape),
  renderer: {
    html: ({ text, block }) => (block ? `<p>${escape(text)}</p>` : escape(text)),
    image: ({ text, href }) => escape(`[image: ${text || href}]`),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    heading({ tokens, depth }) {
      // The page itself uses the two highest levels.
      const level = Math.min(depth + 2, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
  },
});

const purifier = DOMPurify(window);

purifier.addHook("uponSanitizeAttribute", (node, attribute) => {
  if (attribute.attrName !== "class") return;
  attribute.keepAttr = node.nodeName === "CODE" && ALLOWED_CLASS.test(attribute.attrValue);
});

purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName !== "A" || !node.hasAttribute("href")) return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

interface Parsed {
  source: string;
  html: string;
}

interface Block {
  html: string;
  nodes: ChildNode[];
}

/** More text may still change so many of the last blocks: a list goes on after an empty line. */
const UNSETTLED = 4;

/** Shows Markdown in `root`; of a growing text only the last blocks are read, and those that changed made anew. */
export class MarkdownView {
  readonly #root: HTMLElement;
  readonly #blocks: Block[] = [];
  /** The text of the first blocks, and how many these are. */
  #settled = { text: "", count: 0 };

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** `growing`: more will come. What refers to text after it is only found when nothing more comes. */
  show(text: string, growing = false): void {
    if (!growing || !text.startsWith(this.#settled.text)) this.#settled = { text: "", count: 0 };
    const { count } = this.#settled;
    const parsed = parse(text.slice(this.#settled.text.length));
    const changed = parsed.findIndex(({ html }, at) => this.#blocks[count + at]?.html !== html);
    const keep = changed < 0 ? Math.min(parsed.length, this.#blocks.length - count) : changed;
    for (const { nodes } of this.#blocks.splice(count + keep)) for (const node of nodes) node.remove();
    for (const { html } of parsed.slice(keep)) {
      const nodes = [...sanitise(html).childNodes];
      this.#root.append(...nodes);
      this.#blocks.push({ html, nodes });
    }
    if (growing) this.#settle(parsed.slice(0, -UNSETTLED));
  }

  #settle(blocks: Parsed[]): void {
    const { text, count } = this.#settled;
    this.#settled = { text: text + blocks.map(({ source }) => source).join(""), count: count + blocks.length };
  }
}

function parse(text: string): Parsed[] {
  try {
    return marked.lexer(text).map((token) => ({
      source: token.raw,
      html: token.type === "space" || token.type === "def" ? "" : marked.parser([token]),
    }));
  } catch {
    // Absurdly deep nesting overflows the parser's stack; such a text is shown as it is.
    return [{ source: text, html: `<pre><code>${escape(text)}</code></pre>` }];
  }
}

function sanitise(html: string): DocumentFragment {
  const fragment = purifier.sanitize(html, { ...ALLOWED, RETURN_DOM_FRAGMENT: true });
  for (const code of fragment.querySelectorAll<HTMLElement>("code.maths")) typesetMaths(code);
  for (const pre of fragment.querySelectorAll("pre")) pre.replaceWith(codeBlock(pre));
  return fragment;
}

function codeBlock(pre: HTMLPreElement): HTMLElement {
  const language = pre.querySelector("code")?.className.replace("language-", "") ?? "";
  const bar = el("div", { class: "code-bar" }, el("span", { text: language || "text" }));
  const block = el("div", { class: "code-block" }, bar, pre.cloneNode(true));
  bar.append(copyButton("Copy code", () => pre.textContent ?? ""));
  return block;
}
