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

interface Block {
  html: string;
  nodes: ChildNode[];
}

/** Shows Markdown in `root`; of a growing text only the blocks that changed are made anew. */
export class MarkdownView {
  readonly #root: HTMLElement;
  readonly #blocks: Block[] = [];

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show(text: string): void {
    const blocks = toBlocks(text);
    const changed = blocks.findIndex((html, at) => this.#blocks[at]?.html !== html);
    const keep = changed < 0 ? Math.min(blocks.length, this.#blocks.length) : changed;
    for (const { nodes } of this.#blocks.splice(keep)) for (const node of nodes) node.remove();
    for (const html of blocks.slice(keep)) {
      const nodes = [...sanitise(html).childNodes];
      this.#root.append(...nodes);
      this.#blocks.push({ html, nodes });
    }
  }
}

function toBlocks(text: string): string[] {
  try {
    const tokens = marked.lexer(text).filter((token) => token.type !== "space" && token.type !== "def");
    return tokens.map((token) => marked.parser([token]));
  } catch {
    // Absurdly deep nesting overflows the parser's stack; such a text is shown as it is.
    return [`<pre><code>${escape(text)}</code></pre>`];
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
