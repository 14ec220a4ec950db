/**
 * SHA-256 (FIPS 180-4) of a text, for pages that were loaded over plain HTTP, which have no WebCrypto. It names things;
 * nothing secret rests on how long it takes.
 */

const BLOCK_BYTES = 64;

/** The digest in hexadecimal digits. */
export function sha256(text: string): string {
  const state = fractions(8, (prime) => Math.sqrt(prime));
  const rounds = fractions(64, (prime) => Math.cbrt(prime));
  const bytes = padded(new TextEncoder().encode(text));
  const words = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) compress(state, rounds, words, at);
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** The first 32 bits of the fractional parts of roots of the first primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return Uint32Array.from(found, (prime) => (root(prime) % 1) * 2 ** 32);
}

/** A one bit, zeros, and the length in bits. */
function padded(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(Math.ceil((message.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  whole.set(message);
  whole[message.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(whole.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(whole.length - 4, message.length << 3);
  return whole;
}

function compress(state: Uint32Array, rounds: Uint32Array, words: DataView, at: number): void {
  const w = schedule(words, at);
  let [a, b, c, d, e, f, g, h] = Array.from(state) as [number, number, number, number, number, number, number, number];
  rounds.forEach((constant, round) => {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + constant + (w[round] ?? 0)) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  });
  [a, b, c, d, e, f, g, h].forEach((word, index) => (state[index] = (state[index] ?? 0) + word));
}

function schedule(words: DataView, at: number): Uint32Array {
  const w = new Uint32Array(64);
  const word = (index: number) => w[index] ?? 0;
  for (let round = 0; round < 64; round += 1) {
    if (round < 16) {
      w[round] = words.getUint32(at + round * 4);
      continue;
    }
    const [near, far] = [word(round - 15), word(round - 2)];
    const low = turn(near, 7) ^ turn(near, 18) ^ (near >>> 3);
    const high = turn(far, 17) ^ turn(far, 19) ^ (far >>> 10);
    w[round] = word(round - 16) + low + word(round - 7) + high;
  }
  return w;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
