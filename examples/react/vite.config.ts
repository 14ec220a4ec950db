import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

/** The server's routes that the page uses, on the page's own origin. */
const ROUTES = ["/stream-chat", "/turns", "/sessions", "/stream-tickets", "/profile", "/health"];

export default defineConfig(({ mode }) => {
  const { TUTORSTREAM_URL: target = "http://127.0.0.1:8080" } = loadEnv(mode, ".", "TUTORSTREAM_");
  return {
    plugins: [react()],
    resolve: { dedupe: ["react"] },
    server: { proxy: Object.fromEntries(ROUTES.map((route) => [route, { target, changeOrigin: true }])) },
  };
});
