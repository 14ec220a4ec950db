"use client";
/** React on top of the chat. */

export { useHttpTutorStream } from "./use-http-tutor-stream.js";
export type { HttpTutorStream, HttpTutorStreamOptions } from "./use-http-tutor-stream.js";
export { HttpStreamingDemo } from "./http-streaming-demo.js";
export type { HttpStreamingDemoProps } from "./http-streaming-demo.js";
