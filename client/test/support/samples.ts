/** The components in a document's samples, compiled and run as they are pasted. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { transformSync } from "esbuild";
import * as react from "react";
import type { ComponentType } from "react";
import * as runtime from "react/jsx-runtime";

import * as tutorstream from "../../src/index.js";
import * as bindings from "../../src/react/index.js";

const MODULES: Record<string, unknown> = {
  react,
  "react/jsx-runtime": runtime,
  tutorstream,
  "tutorstream/react": bindings,
};

/** `document` is named from the client's folder. */
export function samplesOf(document: string): Record<string, ComponentType> {
  const source = readFileSync(resolve(document), "utf8");
  const samples = [...source.matchAll(/^```tsx\n(.*?)^```$/gms)].map(([, code = ""]) => {
    const { code: compiled } = transformSync(code, { loader: "tsx", jsx: "automatic", format: "cjs" });
    const module = { exports: {} };
    new Function("require", "module", "exports", compiled)((name: string) => MODULES[name], module, module.exports);
    return module.exports;
  });
  return Object.assign({}, ...samples) as Record<string, ComponentType>;
}
