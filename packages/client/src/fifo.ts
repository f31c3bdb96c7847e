/**
 * First in, first out, in a ring: what has left is let go of at once. An array that only moves its head along keeps
 * everything before it alive until it is copied, and the collector of young objects then has to carry all of that.
 */

/** Fewest slots; always a power of two. */
const leastSlots = 16;

/** A queue whose items can be looked at by their place in it. */
export class Fifo<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(leastSlots).fill(undefined);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The oldest one, or one so many behind it. */
  at(place: number = 0): T | undefined {
    if (place >= this.#length) return undefined;
    return this.#slots[(this.#head + place) & (this.#slots.length - 1)];
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  /** Drops the oldest one. */
  shift(): void {
    if (this.#length === 0) return;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
  }

  #grow(): void {
    const { length } = this.#slots;
    const slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    this.#slots = slots.concat(new Array<T | undefined>(length).fill(undefined));
    this.#head = 0;
  }
}
