/** How the records of a file become transactions. */
import { CommandRejectedError } from '@quorate/core';
import type { KvCommand, KvResult, KvTransaction } from '@quorate/machine-kv';
import { describe, expect, it } from 'vitest';
import type { KvClient } from '../src/client/connect.ts';
import { importRecords } from '../src/import/importer.ts';
import type { FileRecord } from '../src/import/record.ts';

const records = async function* (keys: readonly string[]): AsyncGenerator<FileRecord> {
  for (const [at, key] of keys.entries()) {
    await Promise.resolve();
    yield { key, value: Buffer.from(String(at)), line: at + 1 };
  }
};

/** A client that takes transactions, a turn later, but for those that hold a key that is refused. */
class FakeClient implements Pick<KvClient, 'execute'> {
  readonly transactions: KvTransaction[] = [];
  readonly #refused: string | undefined;

  constructor(refused?: string) {
    this.#refused = refused;
  }

  get keys(): readonly (readonly string[])[] {
    return this.transactions.map((transaction) => keysOf(transaction));
  }

  async execute(command: KvCommand): Promise<KvResult> {
    if (command.type !== 'txn') throw new Error(`a ${command.type}`);
    this.transactions.push(command);
    await new Promise((resolve) => setImmediate(resolve));
    if (keysOf(command).some((key) => key === this.#refused)) throw new CommandRejectedError('no');
    return { type: 'txn', revision: 2, succeeded: true, results: [] };
  }
}

function keysOf({ then }: KvTransaction): readonly string[] {
  return then.map((operation) => (operation.type === 'put' ? operation.key : operation.type));
}

describe('an import', () => {
  it('sends many records together, and those of one key one after the other', async () => {
    const client = new FakeClient();
    let acknowledged = 0;
    const keys = [...Array.from({ length: 300 }, (_, at) => `k${String(at)}`), 'k299', 'k299'];
    await importRecords(records(keys), {
      client,
      prefix: 'p/',
      onAcknowledged: (count) => {
        acknowledged += count;
      },
    });
    expect(acknowledged).toBe(302);
    expect(client.keys.flat()).toEqual(keys.map((key) => `p/${key}`));
    expect(client.keys.every((each) => new Set(each).size === each.length)).toBe(true);
    // The last line of the key wins: it was sent alone, and last.
    const [last] = client.transactions.at(-1)?.then ?? [];
    expect(last).toMatchObject({ value: Buffer.from('301') });
    expect(client.transactions.length).toBeLessThan(8);
  });

  it('finds the record that makes the group refuse its transaction', async () => {
    const client = new FakeClient('b');
    const importing = importRecords(records(['a', 'b', 'c']), { client });
    await expect(importing).rejects.toMatchObject({
      code: 'COMMAND_REJECTED',
      message: 'line 2: no',
    });
    expect(client.keys).toEqual([['a', 'b', 'c'], ['a'], ['b']]);
  });

  it('brings in what stands before a bad line, and nothing after it', async () => {
    const client = new FakeClient();
    const source = async function* (): AsyncGenerator<FileRecord> {
      yield* records(['a', 'b']);
      throw new Error('line 3 is bad');
    };
    await expect(importRecords(source(), { client })).rejects.toThrow('line 3 is bad');
    expect(client.keys).toEqual([['a', 'b']]);
  });
});
