/**
 * Pairs of the map in JSON: `{"key","value","createRevision","modRevision","version","lease"?}`, where the
 * value is text if its bytes are UTF-8, and otherwise stands as `"valueBase64"`. Lines of `export`
 * and bodies of transactions have the same two fields.
 */
import type { KvOperationResult, KvPair, KvTransactionResult } from '@quorate/machine-kv';
import { valueToJson } from '../value-json.ts';

/** A pair in JSON. */
export interface PairJson {
  readonly key: string;
  readonly value?: string;
  readonly valueBase64?: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease?: number;
}

/** @param keysOnly leaves the value out. */
export function pairToJson(pair: KvPair, keysOnly: boolean = false): PairJson {
  const { key, value, createRevision, modRevision, version, lease } = pair;
  return {
    key,
    ...(keysOnly ? {} : valueToJson(value)),
    createRevision,
    modRevision,
    version,
    ...(lease === undefined ? {} : { lease }),
  };
}

/** What a transaction said. */
export function transactionToJson(result: KvTransactionResult): unknown {
  const { succeeded, revision, results } = result;
  return { succeeded, revision, results: results.map(operationToJson) };
}

function operationToJson(result: KvOperationResult): unknown {
  const { type, revision } = result;
  switch (type) {
    case 'put':
      return { type, revision, ...(result.previous && { previous: pairToJson(result.previous) }) };
    case 'delete':
      return {
        type,
        revision,
        deleted: result.deleted,
        previous: result.previous.map((pair) => pairToJson(pair)),
      };
    case 'get':
      return { type, revision, ...(result.pair && { pair: pairToJson(result.pair) }) };
    case 'range':
      return {
        type,
        revision,
        items: result.pairs.map((pair) => pairToJson(pair)),
        more: result.more,
        ...(result.count === undefined ? {} : { count: result.count }),
      };
  }
}
