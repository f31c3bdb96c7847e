/**
 * Nodes, and a stranger on a raw socket who can send whatever it likes.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { concatBytes, type LogFields, type Logger, type NodeId, utf8 } from '@quorate/core';
import { onTestFinished } from 'vitest';
import { parseAddress } from '../src/address.ts';
import { decodeRefusal, encodeHello, type Hello } from '../src/handshake.ts';
import { encodeFrame, FrameParser, frameType, preamble } from '../src/framing.ts';
import { tcpTransport, type TcpTransport, type TcpTransportOptions } from '../src/index.ts';

/** A line of the log. */
export interface Line {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps every line. */
export function recordingLogger(lines: Line[]): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A started transport, and what it has received and logged. */
export interface TestNode {
  readonly name: NodeId;
  readonly transport: TcpTransport;
  readonly address: string;
  readonly received: { readonly from: NodeId; readonly frame: Uint8Array }[];
  readonly lines: Line[];
  /** A counter. */
  count(name: string): number;
  /** Codes of the lines from `warn` on. */
  warnings(): readonly unknown[];
}

/** Starts a node that is closed with the test. */
export async function startNode(
  name: NodeId,
  options: Partial<TcpTransportOptions> = {},
  cluster: string = 'test',
): Promise<TestNode> {
  const lines: Line[] = [];
  const received: TestNode['received'] = [];
  const transport = tcpTransport({
    listen: '127.0.0.1:0',
    reconnect: { minMs: 5, maxMs: 100 },
    logger: recordingLogger(lines),
    ...options,
  });
  await transport.start({
    cluster,
    node: name,
    receive: (from, frame) => received.push({ from, frame }),
  });
  onTestFinished(() => transport.close());
  return {
    name,
    transport,
    address: transport.address ?? '',
    received,
    lines,
    count: (counter) => transport.counters[counter] ?? Number.NaN,
    warnings: () =>
      lines
        .filter(({ level }) => level === 'warn' || level === 'error')
        .map(({ fields }) => fields['code']),
  };
}

/** Two nodes that are connected, both ways. */
export async function startPair(
  options: Partial<TcpTransportOptions> = {},
): Promise<readonly [TestNode, TestNode]> {
  const a = await startNode('a', options);
  const b = await startNode('b', options);
  const peers = [a, b].map(({ name, address }) => ({ id: name, address }));
  for (const node of [a, b]) node.transport.setPeers(peers);
  for (const node of [a, b]) {
    await until(
      () => node.count('connections_dialled') >= 1 && node.count('connections_accepted') >= 1,
      'both connections stand',
    );
  }
  return [a, b];
}

/** Checks that two connected nodes still talk over the connections that they had. */
export async function undisturbed(a: TestNode, b: TestNode): Promise<void> {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const text = `still here ${Math.random()}`;
    from.transport.send(to.name, [utf8(text)]);
    await until(
      () => to.received.some(({ frame }) => Buffer.from(frame).toString() === text),
      `${to.name} hears ${from.name}`,
    );
    if (from.count('connections_dialled') !== 1) throw new Error(`${from.name} had to dial again`);
  }
}

/** A socket without any manners. */
export class Stranger {
  readonly socket: Socket;
  /** Names of the refusals received. */
  readonly refusals: (string | undefined)[] = [];
  /** Frames received after the handshake. */
  readonly frames: { readonly type: number; readonly payload: Uint8Array }[] = [];
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const parser = new FrameParser({
      limit: () => 2 ** 31,
      frame: (type, payload) => {
        if (type === frameType.refusal) this.refusals.push(decodeRefusal(payload));
        else this.frames.push({ type, payload });
      },
    });
    socket.on('data', (chunk) => parser.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  /** Connects with a node. */
  static async to(node: TestNode): Promise<Stranger> {
    const socket = connect({ ...parseAddress(node.address, 'address'), noDelay: true });
    const stranger = new Stranger(socket);
    await once(socket, 'connect');
    return stranger;
  }

  /** Connects and goes through the handshake, under the name `eve` unless told otherwise. */
  static async greeted(node: TestNode, hello: Partial<Hello> = {}): Promise<Stranger> {
    const stranger = await Stranger.to(node);
    stranger.write(greeting({ to: node.name, ...hello }));
    await until(() => stranger.frames.length > 0, 'the stranger is taken for a node');
    return stranger;
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(concatBytes(parts));
  }

  async ended(): Promise<void> {
    await until(() => this.closed, 'the connection with the stranger is closed');
  }
}

/** What a node called `eve` would start with. */
export function greeting(hello: Partial<Hello> = {}): Uint8Array {
  return concatBytes([preamble, helloFrame(hello)]);
}

export function helloFrame(hello: Partial<Hello> = {}): Uint8Array {
  return encodeHello({
    cluster: 'test',
    node: 'eve',
    to: 'a',
    keepAliveMs: 1_000,
    maxFrameBytes: 1024 * 1024,
    ...hello,
  });
}

export function dataFrame(text: string): Uint8Array {
  return encodeFrame(frameType.data, utf8(text));
}

/** A header without its payload. */
export function header(type: number, length: number, crc: number = 0): Uint8Array {
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint32(1, length);
  view.setUint32(5, crc);
  return bytes;
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 15_000) throw new Error(`gave up waiting: ${what}`);
    await pause(2);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
