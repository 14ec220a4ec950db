import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const react18 = fileURLToPath(new URL("test/react-18/node_modules", import.meta.url));
// A test that waits in vain says for what; the limit is for one that hangs.
const common = { restoreMocks: true, unstubGlobals: true, testTimeout: 30_000 };
const react = { ...common, environment: "happy-dom", include: ["test/react/**/*.test.tsx"] };

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: "core", include: ["test/**/*.test.ts"] } },
      { test: { ...react, name: "react-19", include: [...react.include, "test/server/**/*.test.tsx"] } },
      {
        test: { ...react, name: "react-18" },
        resolve: {
          alias: [{ find: /^(react|react-dom|@testing-library\/react)(\/.*)?$/, replacement: `${react18}/$1$2` }],
        },
      },
    ],
  },
});
