// Runs inside the page, so it is whole by itself: what a text was made into, without what all of it has.

export function outline(root) {
  const copy = root.cloneNode(true);
  for (const block of copy.querySelectorAll(".code-block")) {
    const pre = block.querySelector("pre");
    block.replaceWith(pre);
  }
  for (const element of copy.querySelectorAll("*")) {
    const isDirected = element.parentNode === copy && !element.matches("pre, hr, .display");
    if (isDirected !== (element.getAttribute("dir") === "auto")) element.setAttribute("wrong", "direction");
    element.removeAttribute("dir");
    if (element.nodeName !== "A" || !element.hasAttribute("href")) continue;
    if (element.target !== "_blank" || element.rel !== "noopener noreferrer") element.setAttribute("wrong", "target");
    element.removeAttribute("target");
    element.removeAttribute("rel");
  }
  return copy.innerHTML.replaceAll("\n<", "<").trim();
}
