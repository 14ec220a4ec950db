// Bundles the page into the folder that is named: its code, the typesetter for formulas as a part of its own that
// loads when it is needed, and the licences of the libraries in them.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const output = process.argv[2];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: { page: here("main.ts") },
  outdir: output,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  chunkNames: "[name]",
  legalComments: "none",
  logLevel: "warning",
});

const LICENCES = { dompurify: ["LICENSE"], marked: ["LICENSE.md", "LICENSE"], temml: ["LICENSE"] };
mkdirSync(join(output, "licences"));
for (const [library, names] of Object.entries(LICENCES)) {
  const found = names.find((name) => {
    try {
      copyFileSync(here(`../node_modules/${library}/${name}`), join(output, "licences", `${library}.txt`));
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`No licence of ${library} was found.`);
}
