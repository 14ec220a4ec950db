// What tests of long texts need of the page's code, as one module.

export { stepsTaken } from "../../../client/page/markdown/steps.ts";
export { MarkdownView } from "../../../client/page/view/markdown.ts";
