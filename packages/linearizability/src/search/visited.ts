/**
 * The configurations that a search has been at, compared word by word: no hash alone decides.
 *
 * A configuration is a place (which completed operations are in order, and the state they lead to) and
 * the set of open operations that were used on the way. Whoever comes to a place with fewer of them can do
 * all that one with more can, since nothing obliges an open operation to happen. So a configuration
 * counts as visited if the place was visited with a subset; of each place only the smallest sets are kept.
 */
export class Visited {
  /** Comparisons made by the last `add`. */
  work: number = 0;
  readonly #placeWords: number;
  readonly #setWords: number;
  /** Open addressing: number of a place + 1, or 0. */
  #slots = new Int32Array(1024);
  #places: Int32Array<ArrayBuffer>;
  #placeCount = 0;
  /** For each place the first of its sets, chained through `#next`; −1 ends. */
  #first = new Int32Array(512);
  #sets: Int32Array<ArrayBuffer>;
  #next = new Int32Array(512);
  #setCount = 0;

  constructor(placeWords: number, setWords: number) {
    this.#placeWords = placeWords;
    this.#setWords = setWords;
    this.#places = new Int32Array(512 * placeWords);
    this.#sets = new Int32Array(512 * setWords);
  }

  /** Remembers a configuration; `false` if it was visited, with this set or a subset of it. */
  add(place: Int32Array, set: Int32Array): boolean {
    this.work = 1;
    let slot = this.#slotOf(place);
    let number = (this.#slots[slot] ?? 0) - 1;
    if (number < 0) {
      if ((this.#placeCount + 1) * 2 > this.#slots.length) {
        this.#grow();
        slot = this.#slotOf(place);
      }
      number = this.#placeCount;
      this.#placeCount += 1;
      this.#slots[slot] = number + 1;
      this.#places = withRoom(this.#places, this.#placeCount * this.#placeWords);
      this.#places.set(place, number * this.#placeWords);
      this.#first = withRoom(this.#first, this.#placeCount);
      this.#first[number] = -1;
    } else if (this.#setWords === 0 || this.#hasSubset(number, set)) {
      return false;
    }
    if (this.#setWords > 0) this.#put(number, set);
    return true;
  }

  #hasSubset(number: number, set: Int32Array): boolean {
    let before = -1;
    for (let at = this.#first[number] ?? -1; at >= 0; ) {
      this.work += 1;
      const following = this.#next[at] ?? -1;
      const relation = this.#compare(at, set);
      if (relation === 'subset') return true;
      if (relation === 'superset') {
        if (before < 0) this.#first[number] = following;
        else this.#next[before] = following;
      } else {
        before = at;
      }
      at = following;
    }
    return false;
  }

  /** What the kept set is to the other. */
  #compare(at: number, set: Int32Array): 'subset' | 'superset' | 'neither' {
    let more = 0;
    let fewer = 0;
    for (let word = 0; word < this.#setWords; word++) {
      const kept = this.#sets[at * this.#setWords + word] ?? 0;
      const other = set[word] ?? 0;
      more |= kept & ~other;
      fewer |= other & ~kept;
    }
    if (more === 0) return 'subset';
    return fewer === 0 ? 'superset' : 'neither';
  }

  #put(number: number, set: Int32Array): void {
    const at = this.#setCount;
    this.#setCount += 1;
    this.#sets = withRoom(this.#sets, this.#setCount * this.#setWords);
    this.#sets.set(set, at * this.#setWords);
    this.#next = withRoom(this.#next, this.#setCount);
    this.#next[at] = this.#first[number] ?? -1;
    this.#first[number] = at;
  }

  /** Where the place is in the table, or the free slot for it. */
  #slotOf(place: Int32Array): number {
    const mask = this.#slots.length - 1;
    let hash = 0;
    for (const word of place) hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
    hash ^= hash >>> 16;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number < 0 || this.#isAt(number, place)) return slot;
    }
  }

  #isAt(number: number, place: Int32Array): boolean {
    const from = number * this.#placeWords;
    for (let word = 0; word < this.#placeWords; word++) {
      if (this.#places[from + word] !== place[word]) return false;
    }
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#placeCount; number++) {
      const from = number * this.#placeWords;
      const slot = this.#slotOf(this.#places.subarray(from, from + this.#placeWords));
      this.#slots[slot] = number + 1;
    }
  }
}

function withRoom(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const larger = new Int32Array(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
