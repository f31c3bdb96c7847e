/**
 * A digest of everything that happens: two runs of one seed must have the same. Not for secrets: it is
 * 64 bits of two multiplicative hashes (FNV-1a's step, on whole words).
 */

/** Takes in numbers and text, one after the other. */
export class Digest {
  #left = 0x811c9dc5;
  #right = 0x1b873593;
  /** Texts that came before, which are few: names and kinds of events. */
  readonly #texts = new Map<string, number>();

  /** Takes in a number, its fraction included. */
  add(number: number): void {
    const whole = Math.floor(number);
    this.#word(whole | 0);
    this.#word((whole / 2 ** 32) | 0);
    if (whole !== number) this.#word(((number - whole) * 2 ** 32) | 0);
  }

  /** Takes in text, of which there are few different ones. */
  text(text: string): void {
    let word = this.#texts.get(text);
    if (word === undefined) {
      word = text.length;
      for (let at = 0; at < text.length; at++)
        word = Math.imul(word ^ text.charCodeAt(at), 0x01000193);
      this.#texts.set(text, word);
    }
    this.#word(word);
  }

  /** What it comes to so far, in hexadecimal. */
  get value(): string {
    return hex(this.#left) + hex(this.#right);
  }

  #word(word: number): void {
    this.#left = Math.imul(this.#left ^ word, 0x01000193);
    this.#left ^= this.#left >>> 15;
    this.#right = Math.imul(this.#right ^ word, 0x85ebca6b);
    this.#right ^= this.#right >>> 13;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
