// Reads what `npm pack --json` would pack: the build, the licences and the description, and nothing else.

import { readFileSync } from "node:fs";

const ALLOWED = /^(dist\/.*\.(js|d\.ts)|LICENSE-(MIT|APACHE)|README\.md|package\.json)$/;
const NEEDED = ["dist/index.js", "dist/index.d.ts", "dist/react/index.js", "dist/react/index.d.ts", "LICENSE-MIT", "LICENSE-APACHE", "README.md", "package.json"];

const [{ files }] = JSON.parse(readFileSync(0, "utf8"));
const paths = files.map((file) => file.path);
const faults = [
  ...paths.filter((path) => !ALLOWED.test(path)).map((path) => `unexpected: ${path}`),
  ...NEEDED.filter((path) => !paths.includes(path)).map((path) => `missing: ${path}`),
];
// What a framework that renders on a server must leave to the browser says so.
for (const path of paths.filter((path) => /^dist\/react\/.*\.js$/.test(path))) {
  const source = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  if (!source.startsWith('"use client";')) faults.push(`no "use client": ${path}`);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
