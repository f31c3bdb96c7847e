/** Payloads of sessions as a client sends them, and a caller that keeps what it is told. */
import {
  ByteReader,
  ByteWriter,
  type Envelope,
  type QuorateError,
  readReply,
  type Reply,
  writeEnvelope,
} from '@quorate/core';
import type { PayloadCaller } from '@quorate/replica';
import { type Command, commands } from '../register.ts';
import type { World } from '../world.ts';

/** What somebody was told. */
export type Told =
  | (Reply & { readonly sum?: number })
  | { readonly type: 'refused'; readonly code: string };

/** Waits for one payload. */
export class Probe implements PayloadCaller<number> {
  readonly deadlineAt = 0;
  told: Told | undefined;

  applied(result: number): boolean {
    this.told = { type: 'result', sum: result };
    return false;
  }

  answered(bytes: Uint8Array): boolean {
    const reader = new ByteReader(bytes);
    const reply = readReply(reader);
    this.told = reply.type === 'result' ? { ...reply, sum: reader.f64() } : reply;
    return false;
  }

  reject({ code }: QuorateError): void {
    this.told = { type: 'refused', code };
  }

  confirmed(): void {}
  unconfirmed(): void {}
}

/** The bytes of an envelope, with a command where one belongs. */
export function payloadOfEnvelope(envelope: Envelope, command?: Command): Uint8Array {
  const writer = new ByteWriter();
  writeEnvelope(envelope, writer);
  if (command !== undefined) commands.encode(command, writer);
  return writer.take();
}

/** Has the log decide one payload after the other, each an entry. @returns what each was told. */
export function decide(
  { log }: World,
  payloads: readonly Uint8Array[],
  time: number,
): readonly Told[] {
  return payloads.map((payload) => {
    const probe = new Probe();
    log.deliver([{ payloads: [payload], callers: [probe], time }]);
    if (probe.told === undefined) throw new Error('nobody was told anything');
    return probe.told;
  });
}
