/** Clients in the process of a node: they call its replica. */
import type { Random } from '@quorate/core';
import type { AnyNode } from '../world/stage.ts';
import type { Door, Entrance } from './entrance.ts';

/** The way in at a node; `undefined`: it takes no calls. */
export function entranceAt({ id, replica, process }: AnyNode): Entrance | undefined {
  if (replica === undefined || process === undefined) return undefined;
  return {
    name: id,
    process,
    execute: (called, options) => replica.execute(called, options),
    query: (query, options) => replica.query(query, options),
  };
}

/** Asks one node or another. */
export class DirectDoor implements Door {
  readonly #candidates: () => readonly AnyNode[];
  readonly #random: Random;
  readonly #sticky: boolean;
  #node: AnyNode | undefined;

  /** @param sticky whether it stays at a node as long as that answers. */
  constructor(candidates: () => readonly AnyNode[], random: Random, sticky: boolean) {
    this.#candidates = candidates;
    this.#random = random;
    this.#sticky = sticky;
  }

  choose(): Entrance | undefined {
    const candidates = this.#candidates();
    if (candidates.length === 0) return undefined;
    if (!this.#sticky || this.#node === undefined || !candidates.includes(this.#node)) {
      this.#node = this.#random.pick(candidates);
    }
    return entranceAt(this.#node);
  }

  disappointed(): void {
    this.#node = undefined;
  }
}
