/** The page that the test drives: the client as any page has it. */
import { type Client, connect } from '@quorate/client';
import { fromUtf8 } from '@quorate/core';
import {
  expectType,
  kv,
  type KvAnswer,
  type KvCommand,
  type KvEvent,
  kvMachine,
  type KvQuery,
  type KvResult,
  type KvWatch,
} from '@quorate/machine-kv';
import { wsLinks } from '@quorate/transport-ws';

const key = 'n';

/** Puts under way at a time. */
const atOnce = 8;

let client: Client<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent> | undefined;
let done = 0;
let isFinishing = false;

function connected(): NonNullable<typeof client> {
  if (client === undefined) throw new Error('there is no client in this page');
  return client;
}

/** Notes the versions that a watch tells, until it is closed. */
async function note(watch: AsyncIterable<KvEvent>, versions: number[]): Promise<void> {
  for await (const event of watch) {
    if (event.type !== 'put') throw new Error('nobody deletes it');
    const { version, value } = event.pair;
    versions.push(version);
    if (fromUtf8(value) !== `value ${String(version)}`) throw new Error('another value');
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

globalThis.clientPage = {
  connect: (options) => {
    client = connect({ machine: kvMachine(), links: wsLinks(), ...options });
  },
  putAlways: async () => {
    const watch = connected().watch(kv.watch(key));
    await watch.started;
    const watched: number[] = [];
    const watching = note(watch, watched);
    const versions: number[] = [];
    const nodes: string[] = [];
    let called = 0;
    const putSome = async (): Promise<void> => {
      while (!isFinishing) {
        called += 1;
        const turn = called;
        // The order of calls is the order of effects, so the n-th put makes version n.
        const result = await connected().execute(
          kv.txn({ then: [kv.put(key, `value ${String(turn)}`), kv.get(key)] }),
        );
        const [, found] = expectType(result, 'txn').results;
        versions[turn - 1] = found?.type === 'get' ? (found.pair?.version ?? 0) : 0;
        done += 1;
        const { node } = connected().status;
        if (node !== undefined && nodes.at(-1) !== node) nodes.push(node);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, putSome));
    const answer = expectType(await connected().query(kv.get(key)), 'get');
    while (watched.length < called) await pause(5);
    // What is told twice would come now.
    await pause(50);
    watch.close();
    await watching;
    return { versions, watched, version: answer.pair?.version ?? 0, nodes };
  },
  finish: () => {
    isFinishing = true;
  },
  done: () => done,
  trouble: () => connected().status.trouble,
  put: async (timeoutMs) => {
    try {
      await connected().execute(kv.put('one', 'value'), { timeoutMs });
      return 'done';
    } catch (error) {
      return String(error);
    }
  },
  close: async () => {
    await client?.close();
    client = undefined;
  },
};
