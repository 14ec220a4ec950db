/**
 * Brings the nodes of a block that is being written to what they should be, and touches nothing else: a selection, the
 * focus, a button that is being pressed and what was moved sideways stay as they are.
 */

import { copyButton } from "../view/clipboard.js";
import { el, setText } from "../view/dom.js";
import { type Formulas, sameFormula } from "../view/maths.js";

/** Puts `fresh` in place of `old`, which stand side by side in `parent` before `next`, and tells what stands there then. */
export function patch(
  parent: Node,
  { old, fresh, next, formulas }: { old: readonly ChildNode[]; fresh: readonly ChildNode[]; next: Node | null; formulas: Formulas },
): ChildNode[] {
  const nodes = fresh.map((node, at) => {
    const before = old[at];
    if (before !== undefined && update(before, node, formulas)) return before;
    const adopted = adopt(node);
    if (before === undefined) parent.insertBefore(adopted, next);
    else before.replaceWith(adopted);
    typesetIn(adopted, formulas);
    return adopted;
  });
  for (const node of old.slice(fresh.length)) node.remove();
  return nodes;
}

/** False when `old` cannot become `fresh`. */
function update(old: ChildNode, fresh: ChildNode, formulas: Formulas): boolean {
  if (old instanceof Text && fresh instanceof Text) {
    updateText(old, fresh.data);
    return true;
  }
  if (!(old instanceof Element && fresh instanceof Element)) return false;
  if (fresh.nodeName === "PRE") return updateCode(old, fresh, formulas);
  if (fresh.matches("code.maths")) return updateFormula(old, fresh as HTMLElement, formulas);
  if (old.nodeName !== fresh.nodeName || old.matches("code.maths")) return false;
  updateAttributes(old, fresh);
  patch(old, { old: [...old.childNodes], fresh: [...fresh.childNodes], next: null, formulas });
  return true;
}

/** What is selected in a text stays so only when the text is not set anew. */
function updateText(old: Text, text: string): void {
  const { data } = old;
  if (data === text) return;
  let same = 0;
  if (text.startsWith(data)) same = data.length;
  else while (same < text.length && data[same] === text[same]) same++;
  old.replaceData(same, data.length - same, text.slice(same));
}

function updateAttributes(old: Element, fresh: Element): void {
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

function updateFormula(old: Element, fresh: HTMLElement, formulas: Formulas): boolean {
  if (sameFormula(old, fresh)) return true;
  if (!old.matches("code.maths")) return false;
  updateAttributes(old, fresh);
  patch(old, { old: [...old.childNodes], fresh: [...fresh.childNodes], next: null, formulas });
  formulas.typeset(old as HTMLElement);
  return true;
}

function updateCode(old: Element, fresh: Element, formulas: Formulas): boolean {
  const [label, pre] = [old.querySelector(".code-language"), old.querySelector("pre")];
  if (!old.classList.contains("code-block") || label === null || pre === null) return false;
  setText(label, languageOf(fresh));
  patch(pre, { old: [...pre.childNodes], fresh: [...fresh.childNodes], next: null, formulas });
  return true;
}

/** A node that is new here, with what sanitised HTML cannot have: buttons beside code. */
function adopt(node: ChildNode): ChildNode {
  if (!(node instanceof Element)) return node;
  for (const pre of node.querySelectorAll("pre")) pre.replaceWith(codeBlock(pre.cloneNode(true) as HTMLPreElement));
  return node instanceof HTMLPreElement ? codeBlock(node) : node;
}

/** To be called when the node stands in its place: a formula takes that of its TeX. */
function typesetIn(node: ChildNode, formulas: Formulas): void {
  if (!(node instanceof HTMLElement)) return;
  for (const code of node.querySelectorAll<HTMLElement>("code.maths")) formulas.typeset(code);
  if (node.matches("code.maths")) formulas.typeset(node);
}

function codeBlock(pre: HTMLPreElement): HTMLElement {
  const bar = el("div", { class: "code-bar" }, el("span", { class: "code-language", text: languageOf(pre) }));
  bar.append(copyButton("Copy code", () => pre.textContent ?? ""));
  return el("div", { class: "code-block", dir: "ltr" }, bar, pre);
}

function languageOf(pre: Element): string {
  return pre.querySelector("code")?.className.replace("language-", "") || "text";
}
