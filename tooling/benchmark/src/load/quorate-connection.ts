/** A connection to `quorate-kv`: a client of `@quorate/client`, with the options that everybody gets. */
import { connect } from '@quorate/client';
import { expectType, kv, kvMachine } from '@quorate/machine-kv';
import { tcpLinks } from '@quorate/transport-tcp';
import { type Connection, deadlineMs } from './connection.ts';

/** Begins to connect at once. */
export function openQuorate(endpoints: readonly string[]): Connection {
  const client = connect({
    ...{ machine: kvMachine(), links: tcpLinks(), endpoints, timeoutMs: deadlineMs },
  });
  return {
    put: (key, value) => client.execute(kv.put(key, value)),
    putAll: (keys, value) =>
      client.execute(kv.txn({ then: keys.map((key) => kv.put(key, value)) })),
    async read(key, consistency) {
      const { pair } = expectType(await client.query(kv.get(key), { consistency }), 'get');
      return pair?.value;
    },
    close: () => client.close(),
  };
}
