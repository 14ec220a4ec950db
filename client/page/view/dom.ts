/** Builds elements without ever parsing a string as HTML. */

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h10",
  plus: "M12 5v14M5 12h14",
  pencil: "M4 20h4L19 9l-4-4L4 16v4zM13.5 6.5l4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  refresh: "M20 11a8 8 0 1 0-.6 4.2M20 4v7h-7",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  up: "M12 19V5M6 11l6-6 6 6",
  play: "M8 5.5v13l10-6.5z",
  close: "M6 6l12 12M18 6L6 18",
  alert: "M12 8v5M12 16.5v.01M12 3.5l9.5 16.5h-19z",
  target: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
  spark: "M12 3c.6 4.8 3.2 7.8 8 9-4.8 1.2-7.4 4.2-8 9-.6-4.8-3.2-7.8-8-9 4.8-1.2 7.4-4.2 8-9z",
} as const;

export type IconName = keyof typeof ICONS;
type Child = Node | string | null | undefined | false;
export type Children = readonly (Child | readonly Child[])[];

/** Attributes by name. */
export interface Props {
  readonly text?: string;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  readonly [attribute: string]: unknown;
}

/** Empty children and attributes are skipped. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { text, on, ...attributes }: Props = {},
  ...children: Children
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child): child is Node | string => Boolean(child)));
  return element;
}

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(
  name: IconName,
  label: string,
  onClick: () => void,
  { class: extra = "", ...attributes }: Props = {},
): HTMLButtonElement {
  const look = `icon-button ${String(extra)}`.trim();
  const on = { click: onClick };
  return el("button", { type: "button", class: look, "aria-label": label, title: label, on, ...attributes }, icon(name));
}

export function button(
  label: string | Children,
  onClick: () => void,
  attributes: Props = {},
): HTMLButtonElement {
  const children = typeof label === "string" ? [label] : label;
  return el("button", { type: "button", class: "button", on: { click: onClick }, ...attributes }, ...children);
}

/** Brings `parent` to hold exactly `children`, moving no node that is already in place. */
export function setChildren(parent: Element, children: readonly Node[]): void {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    if (parent.childNodes[at] !== child) parent.insertBefore(child, parent.childNodes[at] ?? null);
  });
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** An element that `index.html` has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element as T;
}
