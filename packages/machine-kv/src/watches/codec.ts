/**
 * The binary form of watches and their events.
 */
import { type Codec, MalformedError } from '@quorate/core';
import { check, readSelection, writeSelection } from '../codec.ts';
import { maxKeyBytes } from '../limits.ts';
import { readPair, writePair } from '../result-codec.ts';
import { watchProblem } from '../validate.ts';
import { readFlags, tag, writeFlags } from '../wire.ts';
import type { KvEvent, KvWatch } from './requests.ts';

/** The codec of watches. `encode` throws InvalidArgumentError for one that makes no sense. */
export const watchCodec: Codec<KvWatch> = {
  encode(watch, writer) {
    check(watchProblem(watch));
    writeFlags(writer.u8(tag.watch), watch.puts, watch.deletes, watch.previous);
    writer.u48(watch.revision).u48(watch.position);
    writeSelection(watch.selection, writer);
  },
  decode(reader) {
    const type = reader.u8();
    if (type !== tag.watch) throw new MalformedError(`unknown type of watch ${String(type)}`);
    const flags = readFlags(reader, 3);
    const revision = reader.u48();
    const position = reader.u48();
    return {
      type: 'watch',
      selection: readSelection(reader),
      revision,
      position,
      puts: (flags & 1) !== 0,
      deletes: (flags & 2) !== 0,
      previous: (flags & 4) !== 0,
    };
  },
};

/** The codec of events. */
export const eventCodec: Codec<KvEvent> = {
  encode(event, writer) {
    writeFlags(writer.u8(tag[event.type]), event.previous !== undefined);
    writer.u48(event.revision).u32(event.position);
    if (event.type === 'put') writePair(event.pair, writer);
    else writer.string(event.key);
    if (event.previous !== undefined) writePair(event.previous, writer);
  },
  decode(reader) {
    const type = reader.u8();
    if (type !== tag.put && type !== tag.delete) {
      throw new MalformedError(`unknown type of event ${String(type)}`);
    }
    const flags = readFlags(reader, 1);
    const revision = reader.u48();
    const position = reader.u32();
    const event: KvEvent =
      type === tag.put
        ? { type: 'put', revision, position, pair: readPair(reader) }
        : { type: 'delete', revision, position, key: reader.string(maxKeyBytes) };
    return (flags & 1) === 0 ? event : { ...event, previous: readPair(reader) };
  },
};
