// Writes the TypeScript samples of the documentation to `generated/`, so that the compiler can check them.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const DOCUMENTS = ["../../README.md", "../README.md"];
const here = (path) => new URL(path, import.meta.url);

rmSync(here("generated"), { recursive: true, force: true });
mkdirSync(here("generated"));
let written = 0;
for (const document of DOCUMENTS) {
  const samples = readFileSync(here(document), "utf8").matchAll(/^```(tsx?)\n(.*?)^```$/gms);
  for (const [, language, code] of samples) {
    written += 1;
    // `export {}`: each sample is a module of its own.
    writeFileSync(here(`generated/sample-${written}.${language}`), `${code}\nexport {};\n`);
  }
}
if (written === 0) throw new Error("The documentation has no samples.");
