/**
 * Remote access to a replicated state machine: finds the leader, retries through elections and restarts, and has
 * each command happen exactly once.
 *
 * ```ts
 * const client = connect({ machine: kvCodecs, links: tcpLinks(), endpoints: ['127.0.0.1:7101', '127.0.0.1:7102'] });
 * await client.execute(kv.put('color', 'red'));
 * await client.query(kv.get('color'));
 * await client.close();
 * ```
 *
 * @packageDocumentation
 */
import { Client } from './client.ts';
import type { ClientOptions } from './options.ts';

export type { Client, ClientStatus } from './client.ts';
export type { ClientOptions, ExecuteOptions, Machine, QueryOptions, Refusal } from './options.ts';
export type { Watch } from './watch.ts';

/**
 * Makes a client. It begins to connect at once, and calls wait until that has worked.
 *
 * @throws InvalidArgumentError if an option can never work.
 */
export function connect<C, R, Q, A, W = never, E = never>(
  options: ClientOptions<C, R, Q, A, W, E>,
): Client<C, R, Q, A, W, E> {
  return new Client(options);
}
