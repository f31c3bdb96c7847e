/**
 * The parts that a node can be composed of, by name: what `--algorithm` and `--storage` choose from.
 * Another algorithm or storage is one line here. Only what is chosen is loaded: commands know the
 * names without it.
 */
import type { Algorithm, Counters, Storage } from '@quorate/core';
import { usageError } from './errors.ts';

/** A storage to choose. */
export interface StoragePart {
  /** Whether anything is left after the process has ended. */
  readonly durable: boolean;
  /** @param directory of its own; it may not exist yet. */
  create(directory: string): Promise<Storage & { readonly counters: Counters }>;
}

/**
 * An algorithm to choose. Each has messages of its own type, which nobody but the driver looks into:
 * so it is handed to whoever can take any.
 */
export type AlgorithmPart = <Result>(
  use: <Message>(algorithm: Algorithm<Message>) => Promise<Result>,
) => Promise<Result>;

const algorithms: Readonly<Record<string, AlgorithmPart>> = {
  raft: async (use) => use((await import('@quorate/raft')).raft()),
  paxos: async (use) => use((await import('@quorate/paxos')).paxos()),
};

const storages: Readonly<Record<string, StoragePart>> = {
  file: {
    durable: true,
    create: async (directory) => (await import('@quorate/storage-file')).fileStorage({ directory }),
  },
  level: {
    durable: true,
    create: async (directory) =>
      (await import('@quorate/storage-level')).levelStorage({ directory }),
  },
  memory: {
    durable: false,
    create: async () => (await import('@quorate/storage-memory')).memoryStorage(),
  },
};

/** What `--algorithm` takes. */
export const algorithmNames: readonly string[] = Object.keys(algorithms);

/** What `--storage` takes. */
export const storageNames: readonly string[] = Object.keys(storages);

/** @throws ProgramError with the code USAGE, listing the known names. */
export function algorithmNamed(name: string): AlgorithmPart {
  return find(algorithms, name, 'algorithm');
}

/** @throws ProgramError with the code USAGE, listing the known names. */
export function storageNamed(name: string): StoragePart {
  return find(storages, name, 'storage');
}

function find<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  const part = Object.hasOwn(table, name) ? table[name] : undefined;
  if (part !== undefined) return part;
  throw usageError(
    `unknown ${what} ${JSON.stringify(name.slice(0, 80))}; --${what} takes ${Object.keys(table).join(', ')}`,
  );
}
