/** `quorate-kv watch KEY` or `watch --prefix P`: what happens to keys, as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watch } from '@quorate/client';
import { TimeoutError } from '@quorate/core';
import { kv, type KvEvent, type KvWatch } from '@quorate/machine-kv';
import { usageError, waitForEnd, writeJson, writeLine } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import type { KvClient } from '../client/connect.ts';
import { pairToJson } from '../http/pairs-json.ts';
import { printable, printableValue } from './output.ts';
import { type ClientFlags, noticesTo, withClient, withClientFlags } from './with-client.ts';

interface WatchFlags extends ClientFlags {
  readonly prefix?: string;
  readonly from?: number;
  readonly json: boolean;
}

export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('print what happens to a key, or to many, until Ctrl-C')
    .argument('[key]')
    .option('--prefix <text>', 'keys that start with this, in the place of one key')
    .option(
      '--from <revision>',
      'the first revision to print (default: the next)',
      parsed(positive),
    )
    .option('--json', 'print NDJSON', false);
  withClientFlags(command).action((key: string | undefined, flags: WatchFlags) => {
    const request = requestOf(key, flags);
    return withClient(flags, (client) => watch(client, request, flags), noticesTo(tell));
  });
}

/** @throws ServiceError with the code USAGE unless there is either a key or a prefix. */
function requestOf(key: string | undefined, { prefix, from }: WatchFlags): KvWatch {
  const options = from === undefined ? {} : { revision: from };
  if (key !== undefined && prefix === undefined) return kv.watch(key, options);
  if (key === undefined && prefix !== undefined) return kv.watch({ prefix }, options);
  throw usageError('watch what? Name one key, or --prefix TEXT for all that start with it');
}

/** Goes on until it is interrupted, from one node to the next. */
async function watch(client: KvClient, request: KvWatch, flags: WatchFlags): Promise<void> {
  const interrupted = new AbortController();
  const over = new AbortController();
  void waitForEnd({ until: over.signal }).then(() => interrupted.abort());
  const { signal } = interrupted;
  const events = client.watch(request, { signal });
  try {
    await begin(events, flags.timeout);
    tell('watching; Ctrl-C ends it');
    for await (const event of events) await show(event, flags.json);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    over.abort();
  }
}

/** Once it has begun it may be silent for ever; before, somebody waits to see whether it works. */
async function begin(events: Watch<KvEvent>, timeoutMs: number): Promise<void> {
  const begun = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: begun.signal }).then(() => {
    throw new TimeoutError('no node has begun to watch before the deadline; retry');
  });
  try {
    await Promise.race([events.started, late]);
  } finally {
    begun.abort();
  }
}

async function show(event: KvEvent, json: boolean): Promise<void> {
  const { type, revision, position } = event;
  switch (type) {
    case 'put': {
      const { pair } = event;
      if (json) return writeJson({ type, revision, position, ...pairToJson(pair) });
      const words = [String(revision), type, printable(pair.key), printableValue(pair.value)];
      return writeLine(words.join('\t'));
    }
    case 'delete': {
      const { key } = event;
      if (json) return writeJson({ type, revision, position, key });
      return writeLine([String(revision), type, printable(key)].join('\t'));
    }
  }
}

function tell(message: string): void {
  process.stderr.write(`${message}\n`);
}
