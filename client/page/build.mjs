// Bundles the page into the folder that is named: its code, its styles, the typesetter for formulas as a part of its own
// that loads when it is needed, each also compressed, and the licences of the libraries in them.

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { build } from "esbuild";
import { minify } from "terser";

const output = process.argv[2];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { outputFiles } = await build({
  entryPoints: [
    { in: here("main.ts"), out: "page" },
    { in: here("styles/page.css"), out: "page" },
  ],
  outdir: output,
  write: false,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  chunkNames: "[name]",
  legalComments: "none",
  logLevel: "warning",
});

mkdirSync(join(output, "licences"), { recursive: true });
for (const { path, text } of outputFiles) {
  const file = Buffer.from(path.endsWith(".js") ? await smaller(text) : text);
  writeFileSync(join(output, basename(path)), file);
  writeFileSync(join(output, `${basename(path)}.br`), compressed(file));
}

/** Terser finds what esbuild leaves: 2 % of what is compressed. */
async function smaller(code) {
  const options = { ecma: 2022, compress: { passes: 3 }, format: { ecma: 2022, comments: false } };
  return (await minify(code, { module: true, ...options })).code;
}

function compressed(file) {
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: file.length,
  };
  return brotliCompressSync(file, { params });
}

const LICENCES = { dompurify: ["LICENSE"], marked: ["LICENSE.md", "LICENSE"], temml: ["LICENSE"] };
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
