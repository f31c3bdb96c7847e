/** A session beside a connection of which the test decides what it brings back. */
import { VirtualRuntime } from '@quorate/conformance/virtual-time';
import {
  ByteReader,
  ByteWriter,
  type Codec,
  QuorateError,
  seededRandom,
  SessionExpiredError,
  writeReply,
} from '@quorate/core';
import { expect, it } from 'vitest';
import type { ClientConnection } from '../src/connection.ts';
import { Flights } from '../src/flights.ts';
import { Call } from '../src/session/call.ts';
import { Session } from '../src/session/session.ts';

const nothing: Codec<undefined> = { encode: () => undefined, decode: () => undefined };

it('that ended is followed by another, also where the client moves over without ever being disconnected', async () => {
  const runtime = new VirtualRuntime(seededRandom(1));
  const flights = new Flights(
    () => undefined,
    () => undefined,
  );
  const session = new Session({
    results: nothing,
    flights,
    runtime,
    timeoutMs: 60_000,
    attemptTimeoutMs: 10_000,
    window: 8,
  });
  const sent: number[] = [];
  const connection = (): ClientConnection =>
    ({
      refuseTooLarge: () => undefined,
      command: (id: number) => sent.push(id),
    }) as unknown as ClientConnection;
  const execute = (): Promise<string> =>
    new Promise<undefined>((resolve, reject) => {
      const owner = { trouble: undefined, callSettled: () => undefined };
      session.submit(new Call(owner, new Uint8Array(1), 'quorum', resolve, reject));
    }).then(
      () => 'result',
      (error: unknown) => (error instanceof QuorateError ? error.code : 'none'),
    );
  /** Answers what was sent last: the request for a session. */
  const open = (number: number): void => {
    const writer = new ByteWriter();
    writeReply({ type: 'session', session: number }, writer);
    flights.answered(sent.at(-1) ?? 0, new ByteReader(writer.take()));
  };

  session.up(connection());
  const calls = [execute(), execute()];
  open(7);
  const [first = 0] = sent.slice(-2);
  flights.refused(first, new SessionExpiredError('gone'));
  // As `Client` does on its way to another leader.
  flights.lost();
  session.up(connection());
  expect(await Promise.all(calls)).toEqual(['SESSION_EXPIRED', 'OUTCOME_UNKNOWN']);

  const next = execute();
  open(8);
  expect(session.id).toBe(8);
  const writer = new ByteWriter();
  writeReply({ type: 'result' }, writer);
  flights.answered(sent.at(-1) ?? 0, new ByteReader(writer.take()));
  expect(await next).toBe('result');
});
