/**
 * An algorithm as its driver sees it, with everything that goes into its engine, comes out of it and
 * leaves the node shown to those who watch.
 */
import type {
  Algorithm,
  Effects,
  Engine,
  EngineSetup,
  FrameWriter,
  Input,
  Membership,
  NodeId,
} from '@quorate/core';
import type { Request, Turn } from '@quorate/core/checks';

/** Who is shown what an engine does. */
export interface EngineWatch {
  created(engine: Engine<unknown>): void;
  requested(ticket: number, request: Request): void;
  stepped(input: Input<unknown>): void;
  took(turn: Turn<unknown>): void;
  left(to: NodeId, message: unknown): void;
}

/** Shows what the engine of one life does. */
export function watchAlgorithm(
  algorithm: Algorithm<unknown>,
  watch: EngineWatch,
): Algorithm<unknown> {
  /** Where the messages go that were handed out; one object may go to several nodes. */
  const addressees = new WeakMap<object, NodeId[]>();
  return {
    ...algorithm,
    codec: {
      decode: (reader) => algorithm.codec.decode(reader),
      // A message is encoded when it leaves: the driver holds it back as it is until then.
      encode: (message: unknown, frame: FrameWriter) => {
        const to = isObject(message) ? addressees.get(message)?.shift() : undefined;
        if (to !== undefined) watch.left(to, message);
        algorithm.codec.encode(message, frame);
      },
    },
    create: (setup: EngineSetup) => {
      const engine = algorithm.create(setup);
      watch.created(engine);
      return watchEngine(engine, watch, addressees);
    },
    forceSoleVoter: (setup) => algorithm.forceSoleVoter(setup),
    beginFrom: (beginning) => algorithm.beginFrom(beginning),
  };
}

function watchEngine(
  engine: Engine<unknown>,
  watch: EngineWatch,
  addressees: WeakMap<object, NodeId[]>,
): Engine<unknown> {
  let inputs: Input<unknown>[] = [];
  let memberships: Membership[] = [engine.status.membership];
  let lastNow = 0;
  return {
    get status() {
      return engine.status;
    },
    step: (input, now) => {
      lastNow = now;
      const request = requestOf(input);
      if (request !== undefined && 'ticket' in input) watch.requested(input.ticket, request);
      engine.step(input, now);
      inputs.push(input);
      const { membership } = engine.status;
      if (membership !== memberships.at(-1)) memberships.push(membership);
      watch.stepped(input);
    },
    take: () => {
      const effects = engine.take();
      address(effects, addressees);
      const turn: Turn<unknown> = { inputs, effects, memberships, now: lastNow };
      inputs = [];
      memberships = [engine.status.membership];
      watch.took(turn);
      return effects;
    },
  };
}

function address({ sends }: Effects<unknown>, addressees: WeakMap<object, NodeId[]>): void {
  for (const { to, message } of sends) {
    if (!isObject(message)) continue;
    const known = addressees.get(message);
    if (known === undefined) addressees.set(message, [to]);
    else known.push(to);
  }
}

function requestOf(input: Input<unknown>): Request | undefined {
  switch (input.type) {
    case 'propose':
    case 'reconfigure':
    case 'transfer':
    case 'compact':
    case 'install':
      return { type: input.type };
    case 'read':
      return { type: 'read', guarantee: input.guarantee };
    case 'tick':
    case 'receive':
    case 'stored':
    case 'loaded':
    case 'applied':
    case 'shipped':
      return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
