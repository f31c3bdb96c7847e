/**
 * State-machine safety at the machines themselves: whoever has applied the commands up to some place has
 * given the same results and is in the same state as everybody else who has.
 */
import type { LogIndex } from '@quorate/core';
import { must } from '@quorate/core/checks';

/** A command's place: its entry, and where in it. */
export interface Place {
  readonly index: LogIndex;
  readonly position: number;
}

interface State {
  readonly place: Place;
  readonly chain: number;
  readonly hash: string | undefined;
}

/** Compares the machines of a group. */
export class States {
  readonly #states = new Map<number, State[]>();
  /** Where the command of each call was applied, and the checksum of its result. */
  readonly #done = new Map<number, { readonly place: Place; readonly result: number }>();
  /** Digests of the tables of sessions, by place. */
  readonly #tables = new Map<string, string>();

  /** Where the command of a call was applied; `undefined`: nowhere. */
  placeOf(call: number): Place | undefined {
    return this.#done.get(call)?.place;
  }

  /** Checksum of the result of a call's command; `undefined`: nobody has applied it. */
  resultOf(call: number): number | undefined {
    return this.#done.get(call)?.result;
  }

  /** A machine has applied the command of a call: nobody has at another place. */
  applied(who: string, call: number, place: Place, result: number): void {
    const known = this.#done.get(call)?.place;
    if (known === undefined) this.#done.set(call, { place, result });
    must(
      known === undefined || (known.index === place.index && known.position === place.position),
      () =>
        `exactly once: ${who} applies a command at ${describePlace(place)} that was applied at ${describePlace(known ?? place)}`,
    );
  }

  /** This is a replica's table of sessions right before the machine does what stands at a place. */
  table(who: string, place: Place, digest: string): void {
    const key = describePlace(place);
    const known = this.#tables.get(key);
    if (known === undefined) this.#tables.set(key, digest);
    must(
      known === undefined || known === digest,
      () =>
        `exactly once: the table of sessions of ${who} is another one than others had at ${key}`,
    );
  }

  /** A machine has applied the command at this place, or restored a snapshot that ends with it. */
  reached(who: string, place: Place, chain: number, hash: string | undefined): void {
    const { index, position } = place;
    // Where nothing was applied yet, there is nothing to compare.
    if (index === 0) return;
    const known = this.#states.get(index);
    const state = known?.[position];
    if (state === undefined) {
      const states = known ?? [];
      states[position] = { place, chain, hash };
      if (known === undefined) this.#states.set(index, states);
      return;
    }
    must(
      state.chain === chain,
      () => `state-machine safety: the results of ${who} up to ${describePlace(place)} are others`,
    );
    must(
      state.hash === hash,
      () => `state-machine safety: the state of ${who} at ${describePlace(place)} is another`,
    );
  }
}

/** In words. */
export function describePlace({ index, position }: Place): string {
  return `command ${String(position)} of entry ${String(index)}`;
}
