/** What a database holds: the values of its object stores, and what a transaction changes in them. */

/** One step of a transaction. */
export type Change =
  | { readonly type: 'create'; readonly store: string }
  | {
      readonly type: 'put';
      readonly store: string;
      readonly key: IDBValidKey;
      readonly value: Uint8Array;
    }
  | { readonly type: 'delete'; readonly store: string; readonly keys: IDBKeyRange };

/** A value with its place. */
export interface Stored {
  readonly store: string;
  readonly key: IDBValidKey;
  readonly value: Uint8Array;
}

/** Object stores with their values, in the order in which they were put first. */
export class Image {
  readonly #stores: Map<string, Map<string, Stored>> = new Map<string, Map<string, Stored>>();

  /** No object store: the database is still to be made. */
  get empty(): boolean {
    return this.#stores.size === 0;
  }

  get stores(): readonly string[] {
    return [...this.#stores.keys()];
  }

  get values(): readonly Stored[] {
    return [...this.#stores.values()].flatMap((values) => [...values.values()]);
  }

  copy(): Image {
    const copy = new Image();
    for (const [name, values] of this.#stores) copy.#stores.set(name, new Map(values));
    return copy;
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const values = this.#stores.get(change.store) ?? new Map<string, Stored>();
      this.#stores.set(change.store, values);
      switch (change.type) {
        case 'create':
          break;
        case 'put':
          values.set(JSON.stringify(change.key), change);
          break;
        case 'delete':
          for (const [name, { key }] of values) if (change.keys.includes(key)) values.delete(name);
          break;
      }
    }
  }
}
