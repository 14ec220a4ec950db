/** What tutors write, as elements. */

import { render } from "@testing-library/react";
import { expect, test } from "vitest";

import { Markdown } from "../../src/react/markdown/markdown.js";
import "./stage.js";

function html(text: string): string {
  const { container, unmount } = render(<Markdown text={text} />);
  const [first] = container.children;
  const shown = first?.innerHTML.replace(/ (?:dir|rel|target|class)="[^"]*"/g, "").replace(/<\/?span>/g, "") ?? "";
  unmount();
  return shown;
}

test.each([
  ["One.\n\nTwo\nlines.", "<p>One.</p><p>Two\nlines.</p>"],
  ["A **strong** and *soft* `x*y*z` word", "<p>A <strong>strong</strong> and <em>soft</em> <code>x*y*z</code> word</p>"],
  ["***both*** __so__ _so_ snake_case_name", "<p><strong><em>both</em></strong> <strong>so</strong> <em>so</em> snake_case_name</p>"],
  ["2 * 3 * 4 and **open", "<p>2 * 3 * 4 and **open</p>"],
  ["\\*not\\* a <b>tag</b>", "<p>*not* a &lt;b&gt;tag&lt;/b&gt;</p>"],
  ["# Title #\ntext", "<p role=\"heading\" aria-level=\"3\"><strong>Title</strong></p><p>text</p>"],
  ["- a\n- b\n  - c\n\n  more\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul><p>more</p></li><li>d</li></ul>"],
  ["3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"],
  ["1. a\n\n2. b\n\nafter", "<ol start=\"1\"><li>a</li><li>b</li></ol><p>after</p>"],
  ["* a\ngoes on\n- other", "<ul><li>a\ngoes on</li></ul><ul><li>other</li></ul>"],
  ["```js\nlet a = **1**;\n\n- b\n```\nafter", "<pre><code data-language=\"js\">let a = **1**;\n\n- b</code></pre><p>after</p>"],
  ["~~~\nstill being written", "<pre><code>still being written</code></pre>"],
  ["> quoted\n> - list\n\nafter", "<blockquote><p>quoted</p><ul><li>list</li></ul></blockquote><p>after</p>"],
  ["a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"],
  ["[a *b*](https://example.com/x?y=1) end", "<p><a href=\"https://example.com/x?y=1\">a <em>b</em></a> end</p>"],
  ["see https://example.com/guide，详见。", "<p>see <a href=\"https://example.com/guide\">https://example.com/guide</a>，详见。</p>"],
  ["see (https://example.com/a).", "<p>see (<a href=\"https://example.com/a\">https://example.com/a</a>).</p>"],
  ["[x](javascript:alert(1)) [y](data:text/html,a) [z](vbscript:a)", "<p>[x](javascript:alert(1)) [y](data:text/html,a) [z](vbscript:a)</p>"],
  ["line  \nbreak<br>again", "<p>line<br>break<br>again</p>"],
  ["<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"],
  ["", ""],
])("%j", (text, wanted) => {
  expect(html(text)).toBe(wanted);
});

test("each beginning of a reply is shown, and no letter of it is lost", () => {
  const reply = "# Plan\n\nFirst, *look*:\n\n1. one **two**\n   - three\n2. four `five`\n\n> six\n\n```py\nseven = 7\n```\n\nEnd.";
  for (let length = 0; length <= reply.length; length++) {
    const { container, unmount } = render(<Markdown text={reply.slice(0, length)} />);
    for (const word of reply.slice(0, length).match(/[A-Za-z]{3,}(?=\W)/g) ?? []) {
      expect(container.textContent).toContain(word);
    }
    unmount();
  }
});

test("what is nested or repeated without an end ends", () => {
  for (const text of ["> ".repeat(5_000) + "x", "- ".repeat(5_000) + "x", "**a ".repeat(20_000), "[".repeat(50_000), "`".repeat(50_001), "* ".repeat(20_000), "_a ".repeat(1_300), "1. a\n\n".repeat(2_000)]) {
    expect(html(text).length).toBeGreaterThan(0);
  }
});

test("a text that a browser has translated goes on, and is not frozen", () => {
  const { container, rerender } = render(<Markdown text={"Hello **you**\n\n- one"} />);
  const translate = () => {
    const walker = document.createTreeWalker(container, 4);
    const texts: Node[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      const font = document.createElement("font");
      font.textContent = `«${text.textContent}»`;
      text.parentNode?.replaceChild(font, text);
    }
  };
  translate();
  expect(container.textContent).toContain("«Hello »");
  rerender(<Markdown text={"Hello **you all**, welcome\n\n- one\n- two"} />);
  expect(container.textContent).toContain("you all, welcome");
  expect(container.textContent).toContain("two");
  translate();
  rerender(<Markdown text={"Bye"} />);
  expect(container.textContent).toBe("Bye");
});

test("each block takes the direction of its own text, and code is read from the left", () => {
  const { container } = render(<Markdown text={"مرحبا!\n\n- واحد\n\n> اثنان\n\n# ثلاثة\n\n```\nx\n```"} />);
  for (const selector of ["p", "ul", "li", "blockquote", "[role=heading]"]) expect(container.querySelector(selector)?.getAttribute("dir")).toBe("auto");
  expect(container.querySelector("pre")?.getAttribute("dir")).toBe("ltr");
});
