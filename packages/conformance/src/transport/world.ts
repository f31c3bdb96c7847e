/**
 * What a transport hands to its suite, and the nodes that each test works with.
 */
import {
  concatBytes,
  equalBytes,
  fromUtf8,
  type Member,
  type NodeId,
  type Transport,
  utf8,
} from '@quorate/core';
import { check, ConformanceError } from '../check.ts';
import type { TestFramework } from '../framework.ts';

/** What a harness can do besides making transports. */
export type TransportFeature = 'writes';

/** What a test asks of a transport. */
export interface HarnessTransportOptions {
  /** Who will start it, and for which cluster: what a certificate has to say. */
  readonly node: NodeId;
  readonly cluster: string;
  readonly maxFrameBytes: number;
  /** Bound of what waits for one peer. */
  readonly maxQueuedBytes: number;
  /** Where an earlier transport of the same node was reached: take its place. */
  readonly address?: string;
}

/** A network of its own, where every transport can reach every other. */
export interface TransportHarness {
  /** Makes a transport, not started yet. */
  transport(options: HarnessTransportOptions): Transport;
  /** How many times this transport has called on the system to carry frames. */
  writes?(transport: Transport): number;
  /** Every transport that was made is closed by then. */
  remove(): Promise<void>;
}

/** What {@link transportSuite} needs. */
export interface TransportSuiteOptions {
  readonly framework: TestFramework;
  /** What the tests are listed under. */
  readonly name: string;
  create(): Promise<TransportHarness>;
  /**
   * What the harness cannot do: tests that need it are not registered. Every other feature must be
   * there, so that no test is left out by an oversight. @default none
   */
  readonly without?: readonly TransportFeature[];
  /** How long a test waits for what must happen. @default 15 000 */
  readonly patienceMs?: number;
}

/** How a group registers its tests. */
export interface TransportTests {
  readonly test: (
    name: string,
    body: (world: World) => Promise<void>,
    needs?: readonly TransportFeature[],
  ) => void;
}

/** Limits that the tests work with. */
export const maxFrameBytes: number = 256 * 1024;
export const maxQueuedBytes: number = 1024 * 1024;

/** Clusters and names that the tests use: a harness with certificates makes one for each. */
const defaultCluster = 'conformance';
export const clusterNames: readonly string[] = [defaultCluster, 'another'];
export const nodeNames: readonly NodeId[] = [
  'a',
  'b',
  'c',
  'n1',
  'n2',
  'n3',
  'leader',
  'added',
  'never',
];

/** How long a test waits for what must not happen. */
const quietMs = 60;
const pollMs = 2;

const probe = utf8('?probe');

/** A frame as it arrived, and a copy that was taken at once. */
interface Held {
  readonly from: NodeId;
  readonly frame: Uint8Array;
  readonly copy: Uint8Array;
}

/** One node, and everything that it has received. */
export class TestNode {
  readonly name: NodeId;
  readonly cluster: string;
  readonly transport: Transport;
  readonly received: Held[] = [];
  /** Nodes whose probes have arrived. */
  readonly heard: Set<NodeId> = new Set();
  /** Takes frames in parts where they come so. Set before it starts. */
  takesParts = false;
  /** Called with each frame after it was noted. */
  onFrame: (from: NodeId, frame: Uint8Array) => void = () => undefined;

  constructor(name: NodeId, cluster: string, transport: Transport) {
    this.name = name;
    this.cluster = cluster;
    this.transport = transport;
  }

  get member(): Member {
    const { address } = this.transport;
    return address === undefined ? { id: this.name } : { id: this.name, address };
  }

  async start(): Promise<void> {
    const receive = (from: NodeId, frame: Uint8Array): void => {
      if (equalBytes(frame, probe)) {
        this.heard.add(from);
        return;
      }
      this.received.push({ from, frame, copy: frame.slice() });
      this.onFrame(from, frame);
    };
    const receiveParts = (from: NodeId, parts: readonly Uint8Array[]): void => {
      receive(from, concatBytes(parts));
    };
    const { cluster, name: node } = this;
    await this.transport.start({
      cluster,
      node,
      receive,
      ...(this.takesParts ? { receiveParts } : {}),
    });
  }

  send(to: TestNode, ...parts: readonly Uint8Array[]): void {
    this.transport.send(to.name, parts);
  }

  /** Texts received from one node, sorted: order is not promised. */
  textsFrom(node: TestNode): readonly string[] {
    return this.received
      .filter(({ from }) => from === node.name)
      .map(({ frame }) => fromUtf8(frame))
      .sort();
  }
}

/** The nodes of one test. */
export class World {
  readonly harness: TransportHarness;
  readonly #patienceMs: number;
  readonly #nodes: TestNode[] = [];

  constructor(harness: TransportHarness, patienceMs: number) {
    this.harness = harness;
    this.#patienceMs = patienceMs;
  }

  /** A node that has not started. `address` is that of a node whose place it takes. */
  node(name: NodeId, address?: string, cluster: string = defaultCluster): TestNode {
    const given = { node: name, cluster, maxFrameBytes, maxQueuedBytes };
    const options = address === undefined ? given : { ...given, address };
    const node = new TestNode(name, cluster, this.harness.transport(options));
    this.#nodes.push(node);
    return node;
  }

  async started(name: NodeId, cluster?: string): Promise<TestNode> {
    const node = this.node(name, undefined, cluster);
    await node.start();
    return node;
  }

  /** Nodes that have started, know each other, and have heard each other. */
  async connected<const N extends readonly NodeId[]>(
    ...names: N
  ): Promise<{ readonly [At in keyof N]: TestNode }> {
    const nodes = await Promise.all(names.map((name) => this.started(name)));
    introduce(nodes);
    for (const from of nodes) {
      for (const to of nodes) if (from !== to) await this.reaches(from, to);
    }
    return nodes as { readonly [At in keyof N]: TestNode };
  }

  /** Waits until a condition holds. */
  async until(holds: () => boolean, what: string, everyMs: number = pollMs): Promise<void> {
    const start = Date.now();
    while (!holds()) {
      if (Date.now() - start > this.#patienceMs) {
        throw new ConformanceError(`gave up waiting: ${what}`);
      }
      await pause(everyMs);
    }
  }

  /** Waits until a frame that one node sends arrives at the other. */
  async reaches(from: TestNode, to: TestNode): Promise<void> {
    to.heard.delete(from.name);
    await this.until(
      () => {
        from.transport.send(to.name, [probe]);
        return to.heard.has(from.name);
      },
      `${to.name} hears ${from.name}`,
      25,
    );
  }

  /** Waits a while, sending all the time, and checks that nothing arrives. */
  async neverReaches(from: TestNode, to: TestNode): Promise<void> {
    await quiet();
    to.heard.delete(from.name);
    for (let round = 0; round < 4; round++) {
      from.transport.send(to.name, [probe]);
      await quiet();
    }
    check(!to.heard.has(from.name), `${to.name} must not hear ${from.name}`);
  }

  /** Checks that nobody has written into a frame after handing it over. */
  checkHeldFrames(): void {
    for (const { name, received } of this.#nodes) {
      for (const { from, frame, copy } of received) {
        if (equalBytes(frame, copy)) continue;
        throw new ConformanceError(
          `a frame of ${String(frame.length)} bytes from ${from} changed after ${name} had received it`,
        );
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.transport.close()));
    await this.harness.remove();
  }
}

/** Tells all nodes about each other. */
export function introduce(nodes: readonly TestNode[]): void {
  for (const node of nodes) node.transport.setPeers(nodes.map((each) => each.member));
}

/** Gives what must not happen time to happen. */
export function quiet(): Promise<void> {
  return pause(quietMs);
}

/** A few turns of the event loop. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
