// Texts that some reader of Markdown or TeX spends far too long on, and a seeded generator of more of them.

const times = (text, length) => text.repeat(Math.ceil(length / text.length)).slice(0, length);

/** Formulas, by what is wrong with them. */
export const FORMULAS = {
  "a macro that makes much of little": `$\\def\\b{${"x".repeat(300)}}${"\\b".repeat(190)}$`,
  "a longer macro": `$\\def\\b{${"x".repeat(2_000)}}${"\\b".repeat(190)}$`,
  "a macro defined for all": `$\\gdef\\b{${"x".repeat(900)}}${"\\b".repeat(99)}$`,
  "a macro defined as a command": `$\\newcommand{\\b}{${"xy".repeat(400)}}${"\\b".repeat(150)}$`,
  "a macro with arguments": `$\\def\\b#1{${"#1".repeat(900)}}\\b{${"x".repeat(900)}}$`,
  "a macro that doubles": `$\\def\\a{xxxxxxxxxx}${[..."bcdefgh"].map((name, at) => `\\def\\${name}{${`\\${"abcdefg"[at]}`.repeat(8)}}`).join("")}\\h$`,
  "a macro expanded at once": `$\\edef\\a{${"x".repeat(900)}}\\edef\\b{${"\\a".repeat(90)}}\\b\\b$`,
  "a macro let to another": `$\\def\\a{${"x".repeat(900)}}\\let\\b\\a ${"\\b".repeat(99)}$`,
  "units": `$\\pu{${"a/".repeat(4_500)}}$`,
  "shorter units, many times": `$${"\\pu{a/b/c/d/e/f/g}".repeat(400)}$`,
  "chemistry": `$\\ce{${"H2O + ".repeat(1_500)}}$`,
  "braces": `$${"{".repeat(4_000)}x${"}".repeat(4_000)}$`,
  "roots in roots": `$$${"\\sqrt{".repeat(1_400)}x${"}".repeat(1_400)}$$`,
  "powers of powers": `$${"x^{".repeat(90)}x${"}".repeat(90)}$`,
  "fractions of fractions": `$$${"\\frac{1}{1+".repeat(500)}x${"}".repeat(500)}$$`,
  "a matrix": `$$\\begin{matrix}${times("a&b&c\\\\", 9_800)}\\end{matrix}$$`,
};

/** Pieces that are repeated. */
export const PIECES = [
  ...["a_", "*", "_", "**a ", "*a **b ", "~~a", "[", "![", "[a](\\", "[a](", '[a](b "', "[a](<", "[^a", "[a]: x\n", "[a\n", "](b)"],
  ...["http://a.b/!?", "https://", "aaa@", "a@b.c ", "www.a", "<http:a", "<a ", "<sub>", "</sub>", "<br>", "&a", "&amp;", "\\"],
  ...["`", "``a` ", "```\n", "~~~ x\n", "> ", "- ", "1. ", "  - a\n", "> > a\n\n", "- a\n\n", "# ", "#\n", "a\n===\n", "---\n"],
  ...["|a", "|a|b|\n|-|-|\n", "|\n", "$", "a$\\$", "$$a\n", "\\[", "\\[\n", "\\(", "\\begin{align}\n", " ", "\t", "\n", "字**：", "(", "]"],
];

/** xorshift32: the same numbers for the same seed. */
export function* numbers(seed) {
  for (let state = seed; ; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield (state >>> 0) / 2 ** 32;
  }
}

/** `count` texts of up to `longest` characters: few pieces, repeated and mixed. */
export function floods(seed, { count, longest }) {
  const random = numbers(seed);
  const below = (limit) => Math.floor(random.next().value * limit);
  return Array.from({ length: count }, () => {
    const pieces = Array.from({ length: 1 + below(3) }, () => PIECES[below(PIECES.length)].repeat(1 + below(4)));
    return `${below(2) ? "x" : ""}${times(pieces.join(""), 1 + below(longest))}${below(2) ? "x" : ""}`;
  });
}
