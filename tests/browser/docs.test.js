// The HTTP API as a page: it shows all of the document, loads nothing from elsewhere, and can be read by anyone.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { scene } from "./stage/scene.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

async function openDocumentation(stage) {
  await stage.context.addInitScript({ path: AXE });
  const page = await stage.context.newPage();
  await page.goto(`${stage.network.origin}/docs`);
  await page.locator("#tag-schemas").waitFor();
  return page;
}

scene("the documentation shows every operation and every schema", {}, async (stage) => {
  const page = await openDocumentation(stage);
  const api = await stage.get("/openapi.json");
  const operations = Object.values(api.paths).flatMap((methods) => Object.values(methods));
  const expected = [
    ...operations.map(({ operationId }) => operationId),
    ...Object.keys(api.components.schemas).map((name) => `schema-${name}`),
  ];
  const shown = await page.locator("article").evaluateAll((articles) => articles.map(({ id }) => id));
  assert.deepEqual(shown.toSorted(), expected.toSorted());
  const broken = await page.locator('a[href^="#"]').evaluateAll((links) =>
    links.map((link) => link.hash.slice(1)).filter((id) => !document.getElementById(id)));
  assert.deepEqual(broken, []);
});

scene("the documentation is this origin's alone", {}, async (stage) => {
  await openDocumentation(stage);
  const asked = stage.witness.requests.map(({ pathname }) => pathname);
  assert.ok(asked.includes("/openapi.json"), asked.join(" "));
  assert.ok(asked.every((path) => path === "/docs" || path === "/openapi.json" || path.startsWith("/static/")), asked.join(" "));
});

for (const colorScheme of ["light", "dark"]) {
  scene(`axe finds nothing in the documentation, ${colorScheme}`, { context: { colorScheme } }, async (stage) => {
    const page = await openDocumentation(stage);
    const found = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
  });
}
