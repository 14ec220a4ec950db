// Texts in which a missing or repeated piece cannot hide.

/** `from word 1, word 2 … to word n`: plain text that Markdown leaves as it is. */
export function words(from, to) {
  return Array.from({ length: to - from + 1 }, (_, at) => `word ${from + at} `).join("");
}

/** The same, ready to be the end of a reply. */
export function lastWords(from, to) {
  return words(from, to).trimEnd();
}
