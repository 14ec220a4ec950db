/**
 * Stands in, when the page is bundled, for three libraries of the library that this page has no use for: the finder of
 * bare addresses, international host names (browsers write these), and the table of two thousand named characters (in
 * text the browser has it; in addresses these few are written).
 */

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00A0" };

export function decodeHTMLStrict(text: string): string {
  return text.replace(/&(\w{1,31});/g, (whole, name: string) => NAMED[name] ?? whole);
}

export class LinkifyIt {}

export default { toASCII: (host: string) => host, toUnicode: (host: string) => host };
