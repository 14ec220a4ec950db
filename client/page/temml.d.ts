/** What the page uses of Temml's parts, whose sources have no types. */

declare module "temml/contrib/mhchem/mhchem.js";

declare module "temml/src/defineMacro.js" {
  export default function defineMacro(name: string, body: unknown): void;
}

declare module "temml/src/MacroExpander.js" {
  export interface Token {
    readonly text: string;
  }
  export default class MacroExpander {
    readonly stack: Token[];
    popToken(): Token;
    consumeArgs(count: number, delimiters?: unknown): Token[][];
    _getExpansion(name: string): { readonly tokens?: readonly Token[] } | null | undefined;
  }
}

declare module "temml/src/Settings.js" {
  export default class Settings {
    constructor(options: { displayMode: boolean; throwOnError: boolean; trust: boolean; maxExpand: number });
    readonly maxSize: unknown;
  }
}

declare module "temml/src/Style.js" {
  export default class Style {
    constructor(data: { level: number; maxSize: unknown });
  }
}

declare module "temml/src/parseTree.js" {
  import type Settings from "temml/src/Settings.js";
  export default function parseTree(tex: string, settings: Settings): unknown;
}

declare module "temml/src/buildMathML.js" {
  import type Settings from "temml/src/Settings.js";
  import type Style from "temml/src/Style.js";
  interface Tree {
    toNode(): Node;
  }
  export default function buildMathML(tree: unknown, tex: string, style: Style, settings: Settings): Tree;
}
