/**
 * A queue of marks: "once this key is reached, that value holds".
 *
 * Several things in an engine are of this kind: which index is durable once a write is stored, how
 * many bytes are committed once an index is, how many are applied. One mark a turn, two arrays
 * of numbers, nothing allocated per mark.
 */
export class Marks {
  #keys: number[] = [];
  #values: number[] = [];
  #head = 0;

  /** Marks not reached yet. */
  get length(): number {
    return this.#keys.length - this.#head;
  }

  /** Adds a mark; keys ascend. */
  push(key: number, value: number): void {
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** Takes every mark up to the key; returns the value of the last one, if there was one. */
  reach(key: number): number | undefined {
    let value: number | undefined;
    while (this.#head < this.#keys.length) {
      const next = this.#keys[this.#head];
      if (next === undefined || next > key) break;
      value = this.#values[this.#head];
      this.#head++;
    }
    if (this.#head > 64 && this.#head * 2 > this.#keys.length) {
      this.#keys = this.#keys.slice(this.#head);
      this.#values = this.#values.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }

  /** No mark that is still waiting promises more than `most` any more. */
  clamp(most: number): void {
    for (let at = this.#values.length - 1; at >= this.#head; at--) {
      const value = this.#values[at];
      // Values ascend, so everything before is smaller still.
      if (value === undefined || value <= most) return;
      this.#values[at] = most;
    }
  }

  clear(): void {
    this.#keys.length = 0;
    this.#values.length = 0;
    this.#head = 0;
  }
}
