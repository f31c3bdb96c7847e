/**
 * What stands on each log in these tests, and what is checked about it: a list of all commands, so
 * that a gap, a doubled command or a difference between two nodes shows.
 */
import {
  type Caller,
  type Committed,
  fromUtf8,
  type LogConsumer,
  type LogIndex,
  type QuorateError,
  utf8,
} from '@quorate/core';

/** How one submitted command ended. */
export type Ending = 'waiting' | 'applied' | 'rejected' | 'unknown';

/** One submitted command. */
export class Submission implements Caller {
  readonly command: string;
  ending: Ending = 'waiting';
  code: string | undefined;
  index: LogIndex | undefined;

  constructor(command: string) {
    this.command = command;
  }

  applied(index: LogIndex): void {
    this.#end('applied');
    this.index = index;
  }

  reject(error: QuorateError): void {
    this.#end(error.code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'rejected');
    this.code = error.code;
  }

  #end(ending: Ending): void {
    if (this.ending !== 'waiting') {
      throw new Error(`${this.command} ended twice: ${this.ending}, then ${ending}`);
    }
    this.ending = ending;
  }
}

/** The state machine: everything that it was given, in order. */
export class ListConsumer implements LogConsumer<Submission> {
  commands: readonly (readonly [LogIndex, string])[] = [];
  applied: LogIndex = 0;
  restores = 0;

  deliver(entries: readonly Committed<Submission>[]): void {
    const added: [LogIndex, string][] = [];
    for (const { index, payloads, callers } of entries) {
      if (index !== this.applied + 1) {
        throw new Error(`${String(index)} was delivered after ${String(this.applied)}`);
      }
      this.applied = index;
      [...payloads].forEach((payload, at) => {
        const command = fromUtf8(payload);
        added.push([index, command]);
        const caller = callers?.[at];
        if (caller === undefined) return;
        if (caller.command !== command) throw new Error(`${command} came with the wrong caller`);
        caller.applied(index);
      });
    }
    this.commands = [...this.commands, ...added];
  }

  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = '';
    for await (const chunk of chunks) text += fromUtf8(chunk);
    this.commands = JSON.parse(text) as readonly (readonly [LogIndex, string])[];
    this.applied = index;
    this.restores += 1;
  }

  snapshot(): { readonly index: LogIndex; readonly chunks: AsyncIterable<Uint8Array> } {
    const text = JSON.stringify(this.commands);
    return { index: this.applied, chunks: pieces(text) };
  }
}

/** Text in small pieces, so that a snapshot has many; commands are ASCII. */
async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 500) {
    await Promise.resolve();
    yield utf8(text.slice(at, at + 500));
  }
}
