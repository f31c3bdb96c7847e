/** The transport suite passes a sound transport, and finds every fault that is planted in it. */
import { ConformanceError } from '@quorate/conformance';
import { transportSuite } from '@quorate/conformance/transport';
import { describe, expect, it } from 'vitest';
import { type Fault, planted } from './planted.ts';

transportSuite({
  framework: { describe, it },
  name: 'the suite, on a sound transport',
  create: async () => planted(undefined),
});

/** The tests of the suite, for a transport with a fault. */
function tests(fault: Fault): Map<string, () => Promise<void>> {
  const registered = new Map<string, () => Promise<void>>();
  transportSuite({
    framework: {
      describe: (_name, body) => body(),
      it: (name, body) => registered.set(name, body),
    },
    name: fault,
    create: async () => planted(fault),
    patienceMs: 200,
  });
  return registered;
}

/** Which test finds which fault. */
const found: Readonly<Record<Fault, string>> = {
  'keeps only the first part': 'a frame of many parts, small and large, arrives whole',
  'shares a single part': 'a receiver may write into what it has received',
  'reuses its buffer': 'many frames in one turn arrive once each',
  'has no limit': 'a frame over maxFrameBytes is refused with TOO_LARGE, and harms nothing',
  'has a limit one byte too low':
    'frames of every size from nothing to maxFrameBytes arrive as they are',
  'throws for strangers': 'frames to nobody are dropped in silence',
  'talks to itself': 'frames to nobody are dropped in silence',
  'has no bound': 'what waits for a peer that does not keep up is bounded; the rest is dropped',
  'has one bound for all peers':
    'what waits for a peer that does not keep up is bounded; the rest is dropped',
  'delivers inside send': 'nothing is handed over from inside a send',
  'names the receiver as the sender':
    'a frame is the concatenation of its parts, and tells who sent it',
  'delivers twice now and then': 'many frames in one turn arrive once each',
  'loses one now and then': 'many frames in one turn arrive once each',
  'cuts long frames': 'frames of every size from nothing to maxFrameBytes arrive as they are',
  'writes each frame by itself': 'frames of one turn leave in one write for each peer',
  'hears other clusters': 'a node of another cluster is refused, in both directions',
  'lets another cluster take a name':
    'it is refused under the name of a member too, and does not displace that one',
  'reaches everybody': 'nodes that nobody has introduced do not hear each other',
  'never forgets a peer': 'a peer that is removed is not reached any more, and others still are',
  'forgets peers set before the start': 'peers that are set before the start are dialled with it',
  'cannot answer strangers': 'a node that knows nobody can answer the one that knows it',
  'keeps to the first instance of a peer':
    'a peer that restarts is reached again, both ways, and so are the others',
  'delivers after close': 'nothing is received once close was called, and sending is harmless',
  'drops what was sent before close': 'what was sent before a close arrives',
  'closes only once': 'close is idempotent, also before a start and from several sides at once',
  'cannot be closed before the start':
    'close is idempotent, also before a start and from several sides at once',
  'starts twice': 'a transport starts once',
  'takes a name that is taken': 'a start that fails says TRANSPORT_FAILED, and can be closed',
  'fails for good': 'a start that failed can be tried again',
  'sends before the start': 'frames to a transport that has not started, and from it, are dropped',
};

describe('the suite finds a transport that', () => {
  for (const [fault, name] of Object.entries(found) as [Fault, string][]) {
    it(fault, async () => {
      const test = tests(fault).get(name);
      if (test === undefined) throw new Error(`the suite has no test '${name}'`);
      const outcome = await test().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(outcome).toBeInstanceOf(Error);
    });
  }

  it('and says so with errors of its own', async () => {
    const test = tests('cuts long frames').get(found['cuts long frames']);
    await expect(test?.()).rejects.toThrow(ConformanceError);
  });
});
