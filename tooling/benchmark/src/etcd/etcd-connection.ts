/**
 * A connection to etcd, over HTTP/2 and with messages that are put together by hand: the cheapest client that
 * Node can have. Field numbers are those of etcd's `rpc.proto` and `kv.proto`.
 */
import type { Consistency } from '@quorate/core';
import { type Connection, deadlineMs } from '../load/connection.ts';
import { GrpcConnection } from './grpc.ts';
import { bytesField, bytesOf, fieldsOf, numberField } from './protobuf.ts';

const paths = {
  put: '/etcdserverpb.KV/Put',
  range: '/etcdserverpb.KV/Range',
  txn: '/etcdserverpb.KV/Txn',
} as const;

const putRequest = { key: 1, value: 2 } as const;
const rangeRequest = { key: 1, serializable: 7 } as const;
const txnRequest = { success: 2 } as const;
const requestOp = { put: 2 } as const;
const rangeResponse = { kvs: 2 } as const;
const keyValue = { value: 5 } as const;

/**
 * Begins to connect at once, to the first of them. When that is lost, the next call goes to the next one; a call
 * is never made twice.
 */
export function openEtcd(endpoints: readonly string[], timeoutMs: number = deadlineMs): Connection {
  let at = 0;
  const dial = (): GrpcConnection => new GrpcConnection(endpoints[at % endpoints.length] ?? '');
  let connection = dial();
  const call = (path: string, message: Uint8Array): Promise<Uint8Array> => {
    if (connection.broken) {
      at += 1;
      connection = dial();
    }
    return connection.call(path, message, timeoutMs);
  };
  return {
    put: (key, value) => call(paths.put, putOf(key, value)),
    putAll: (keys, value) =>
      call(
        paths.txn,
        Buffer.concat(
          keys.map((key) =>
            bytesField(txnRequest.success, bytesField(requestOp.put, putOf(key, value))),
          ),
        ),
      ),
    async read(key, consistency) {
      const answer = fieldsOf(await call(paths.range, rangeOf(key, consistency)));
      const pair = bytesOf(answer, rangeResponse.kvs);
      if (pair === undefined) return undefined;
      return bytesOf(fieldsOf(pair), keyValue.value) ?? new Uint8Array();
    },
    async close() {
      connection.close();
    },
  };
}

function putOf(key: string, value: Uint8Array): Uint8Array {
  return Buffer.concat([
    bytesField(putRequest.key, Buffer.from(key)),
    bytesField(putRequest.value, value),
  ]);
}

/** etcd has two kinds of reads: linearizable, and what the node happens to have. */
function rangeOf(key: string, consistency: Consistency): Uint8Array {
  const named = bytesField(rangeRequest.key, Buffer.from(key));
  if (consistency !== 'local') return named;
  return Buffer.concat([named, numberField(rangeRequest.serializable, 1)]);
}
