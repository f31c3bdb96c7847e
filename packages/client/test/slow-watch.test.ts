/** What a watch holds while nobody reads it. */
import { VirtualRuntime } from '@quorate/conformance/virtual-time';
import { describe, expect, it } from 'vitest';
import { Flights } from '../src/flights.ts';
import { RemoteWatch } from '../src/watch.ts';

describe('a watch that is read slowly', () => {
  it('keeps its events, and not the frames in which they came beside other answers', async () => {
    const watch = new RemoteWatch<number>(
      {
        events: {
          encode: () => undefined,
          decode: (reader) => reader.raw(reader.left).buffer.byteLength,
        },
        flights: new Flights(
          () => undefined,
          () => undefined,
        ),
        runtime: new VirtualRuntime(),
        onEnd: () => undefined,
      },
      new Uint8Array(0),
    );
    const frame = new Uint8Array(500_000);
    watch.events([frame.subarray(0, 10)], frame.subarray(10, 20));
    const { value: heldBytes } = await watch.next();
    expect(heldBytes).toBeLessThan(1_000);
    watch.close();
  });
});
