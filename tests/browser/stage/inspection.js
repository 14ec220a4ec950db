// Runs inside the page, so it is whole by itself: what stands in the replies that no reply may have.

export function inspect() {
  const text = "P BR HR H3 H4 H5 H6 STRONG EM DEL A CODE PRE BLOCKQUOTE UL OL LI SUB SUP KBD U";
  const rest = "TABLE THEAD TBODY TR TH TD DIV SPAN BUTTON";
  const maths = "math semantics mrow mi mn mo mtext ms mspace mfrac msqrt mroot msub msup msubsup munder mover";
  const more = "munderover mmultiscripts mprescripts mtable mtr mtd mpadded mphantom mstyle menclose none";
  const allowed = new Set(`${text} ${rest} ${maths} ${more}`.split(" "));
  const found = [];
  for (const element of document.querySelectorAll(".prose *")) {
    // The icon of the copy button.
    if (element.closest("svg.icon")) continue;
    if (!allowed.has(element.nodeName)) found.push(`<${element.nodeName}>`);
    for (const { name } of element.attributes) {
      if (name === "form" && element.nodeName === "mo") continue;
      if (/^on|^style$|^src|^id$|^name$|^form/.test(name)) found.push(`${element.nodeName} ${name}`);
    }
    if (element.nodeName !== "A" || !element.hasAttribute("href")) continue;
    if (!/^(https?|mailto):$/.test(element.protocol) || element.host === location.host) found.push(element.href);
    if (element.target !== "_blank" || element.rel !== "noopener noreferrer") found.push(element.outerHTML);
  }
  return found;
}
