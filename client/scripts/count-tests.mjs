// Prints how many tests of a vitest report have passed and failed.

import { readFileSync } from "node:fs";

const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(numPassedTests, numFailedTests);
