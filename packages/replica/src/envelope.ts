/**
 * What a payload of the log looks like to a replica: one byte that says what it is, then the rest.
 *
 *     0  u8  kind   0 plain command: the machine's encoding of it, and nothing behind
 *
 * Kinds for commands within sessions come later. A kind that is not known is refused, equally on
 * every replica, and never stops a node: a payload in the log cannot be taken back, so a node that
 * stopped over one would stop again at every start.
 */
import { ByteReader, type ByteWriter, type Codec, MalformedError } from '@quorate/core';

/** Bytes that the envelope adds to a command. */
export const envelopeBytes = 1;

const plainCommand = 0;

/** Puts a command into an envelope. */
export function encodeCommand<C>(codec: Codec<C>, command: C, writer: ByteWriter): Uint8Array {
  writer.u8(plainCommand);
  codec.encode(command, writer);
  return writer.take();
}

/**
 * Takes a command out of its envelope.
 *
 * @throws MalformedError if there is none, or one of an unknown kind, or something behind it.
 */
export function decodeCommand<C>(codec: Codec<C>, payload: Uint8Array): C {
  const kind = payload[0];
  if (kind !== plainCommand) {
    throw new MalformedError(
      kind === undefined ? 'an empty payload' : `unknown kind of payload ${String(kind)}`,
    );
  }
  const reader = new ByteReader(payload, envelopeBytes);
  const command = codec.decode(reader);
  reader.end();
  return command;
}
