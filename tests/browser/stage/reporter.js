// One line a test, what went wrong in full, and the closing line that `scripts/test` adds up.

import { inspect } from "node:util";

export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === "test:stderr" || type === "test:stdout") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const isTest = data.details.type !== "suite" && !isFile(data);
    const seconds = (data.details.duration_ms / 1000).toFixed(1);
    if (type === "test:pass" && isTest) {
      // A test that does not run tells nothing.
      if (data.skip !== undefined || data.todo !== undefined) continue;
      passed += 1;
      yield `ok    ${data.name} (${seconds} s)\n`;
    }
    if (type === "test:fail") {
      failed += 1;
      yield `FAIL  ${data.name} (${seconds} s)\n${indent(explain(data.details.error))}\n`;
    }
  }
  yield `${passed} passed, ${failed} failed\n`;
}

function isFile({ name, file }) {
  return name === file;
}

function explain(error) {
  const cause = error.cause ?? error;
  return cause.stack ?? inspect(cause);
}

function indent(text) {
  return text.replace(/^/gm, "      ");
}
