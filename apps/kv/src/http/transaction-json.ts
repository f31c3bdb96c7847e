/**
 * Transactions in JSON:
 *
 *     { "compare": [ { "key": "a", "target": "version", "operator": "=", "value": 0 } ],
 *       "then":    [ { "type": "put", "key": "a", "value": "1" } ],
 *       "else":    [ { "type": "get", "key": "a" } ] }
 */
import { InvalidArgumentError } from '@quorate/core';
import {
  kv,
  type KvCompare,
  type KvOperation,
  type KvOperator,
  type KvSpan,
  type KvTransaction,
} from '@quorate/machine-kv';
import { arrayOf, integerOf, type JsonObject, objectOf, stringOf } from '../json.ts';
import { valueOfJson } from '../value-json.ts';

const operators: readonly KvOperator[] = ['=', '!=', '<', '>'];

/**
 * The transaction that a JSON body describes.
 *
 * @throws InvalidArgumentError | MalformedError naming the place that is wrong.
 */
export function transactionOfJson(json: unknown): KvTransaction {
  const body = objectOf(json, 'the body', ['compare', 'then', 'else']);
  const list = <T>(name: string, read: (value: unknown, what: string) => T): readonly T[] =>
    body[name] === undefined
      ? []
      : arrayOf(body[name], name).map((item, at) => read(item, `${name}[${String(at)}]`));
  return kv.txn({
    compare: list('compare', compareOf),
    then: list('then', operationOf),
    else: list('else', operationOf),
  });
}

function compareOf(json: unknown, what: string): KvCompare {
  const fields = objectOf(json, what, ['key', 'target', 'operator', 'value', 'valueBase64']);
  const key = stringOf(fields['key'], `${what}.key`);
  const operator = operators.find((known) => known === (fields['operator'] ?? '='));
  if (operator === undefined) {
    throw new InvalidArgumentError(`${what}.operator must be one of ${operators.join(' ')}`);
  }
  const target = stringOf(fields['target'], `${what}.target`);
  switch (target) {
    case 'value':
      return { target, key, operator, value: valueOfJson(fields, what) };
    case 'version':
    case 'createRevision':
    case 'modRevision':
    case 'lease':
      return { target, key, operator, value: integerOf(fields['value'], `${what}.value`) };
    default:
      throw new InvalidArgumentError(
        `${what}.target must be one of value, version, createRevision, modRevision, lease`,
      );
  }
}

function operationOf(json: unknown, what: string): KvOperation {
  const fields = objectOf(json, what);
  const type = stringOf(fields['type'], `${what}.type`);
  switch (type) {
    case 'put': {
      objectOf(json, what, ['type', 'key', 'value', 'valueBase64', 'previous', 'lease']);
      const key = stringOf(fields['key'], `${what}.key`);
      return kv.put(key, valueOfJson(fields, what), {
        previous: flag(fields, 'previous', what),
        lease: integerOf(fields['lease'] ?? 0, `${what}.lease`),
      });
    }
    case 'delete': {
      objectOf(json, what, ['type', 'key', 'prefix', 'from', 'to', 'previous']);
      const keys =
        fields['key'] === undefined ? spanOf(fields, what) : stringOf(fields['key'], `${what}.key`);
      return kv.delete(keys, { previous: flag(fields, 'previous', what) });
    }
    case 'get':
      objectOf(json, what, ['type', 'key']);
      return kv.get(stringOf(fields['key'], `${what}.key`));
    case 'range': {
      const known = ['type', 'prefix', 'from', 'to', 'limit', 'reverse', 'keysOnly', 'count'];
      objectOf(json, what, known);
      const limit =
        fields['limit'] === undefined ? {} : { limit: integerOf(fields['limit'], `${what}.limit`) };
      return kv.range({
        ...spanOf(fields, what),
        ...limit,
        reverse: flag(fields, 'reverse', what),
        keysOnly: flag(fields, 'keysOnly', what),
        count: flag(fields, 'count', what),
      });
    }
    default:
      throw new InvalidArgumentError(`${what}.type must be one of put, delete, get, range`);
  }
}

/** Nothing given would mean everything: a delete must say so with `"prefix": ""`. */
function spanOf(fields: JsonObject, what: string): KvSpan {
  const { prefix, from, to } = fields;
  if (prefix !== undefined && from === undefined && to === undefined) {
    return { prefix: stringOf(prefix, `${what}.prefix`) };
  }
  if (prefix === undefined && (from !== undefined || to !== undefined)) {
    return {
      ...(from === undefined ? {} : { from: stringOf(from, `${what}.from`) }),
      ...(to === undefined ? {} : { to: stringOf(to, `${what}.to`) }),
    };
  }
  throw new InvalidArgumentError(`${what} must have a key, a prefix, or from and to`);
}

function flag(fields: JsonObject, name: string, what: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean')
    throw new InvalidArgumentError(`${what}.${name} must be true or false`);
  return value;
}
