/** Nodes, and strangers who speak WebSocket, or nearly, by hand. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { concatBytes, type LogFields, type Logger, type NodeId, utf8 } from '@quorate/core';
import { onTestFinished } from 'vitest';
import { wsTransport, type WsTransport, type WsTransportOptions } from '../src/index.ts';

/** A started transport, and what it has received and logged. */
export interface TestNode {
  readonly name: NodeId;
  readonly transport: WsTransport;
  readonly address: string;
  readonly received: string[];
  count(name: string): number;
  /** Codes of the lines from `warn` on. */
  warnings(): readonly unknown[];
}

/** Starts a node that is closed with the test. */
export async function startNode(
  name: NodeId,
  options: WsTransportOptions = { listen: '127.0.0.1:0' },
): Promise<TestNode> {
  const codes: unknown[] = [];
  const received: string[] = [];
  const warn = (_message: string, fields: LogFields = {}): void => {
    codes.push(fields['code']);
  };
  const ignore = (): void => undefined;
  const logger: Logger = { debug: ignore, info: ignore, warn, error: warn };
  const transport = wsTransport({ reconnect: { minMs: 5, maxMs: 100 }, logger, ...options });
  await transport.start({
    cluster: 'test',
    node: name,
    receive: (from, frame) => received.push(`${from}: ${Buffer.from(frame).toString()}`),
  });
  onTestFinished(() => transport.close());
  return {
    name,
    transport,
    address: transport.address ?? '',
    received,
    count: (counter) => transport.counters[counter] ?? Number.NaN,
    warnings: () => codes,
  };
}

/** Sends until it is heard. */
export async function reaches(from: TestNode, to: TestNode): Promise<void> {
  const text = `hello ${Math.random()}`;
  await until(() => {
    from.transport.send(to.name, [utf8(text)]);
    return to.received.includes(`${from.name}: ${text}`);
  }, `${to.name} hears ${from.name}`);
}

/** What a good request looks like. */
const goodHeaders: Readonly<Record<string, string>> = {
  Host: '127.0.0.1',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'quorate',
};

/** A request for a WebSocket; `undefined` leaves a header out. */
export function requestFor(
  headers: Readonly<Record<string, string | undefined>> = {},
  line: string = 'GET /quorate HTTP/1.1',
): Uint8Array {
  const lines = Object.entries({ ...goodHeaders, ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value ?? ''}`);
  return utf8([line, ...lines, '', ''].join('\r\n'));
}

/** A frame as RFC 6455, section 5.2 has it. */
export function webSocketFrame(
  opcode: number,
  payload: Uint8Array,
  { fin = true, rsv1 = false, masked = true, length = payload.length } = {},
): Uint8Array {
  const head = new Uint8Array(10);
  const view = new DataView(head.buffer);
  head[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  let headLength = 2;
  if (length < 126) {
    head[1] = length;
  } else if (length < 65_536) {
    head[1] = 126;
    view.setUint16(2, length);
    headLength = 4;
  } else {
    head[1] = 127;
    view.setBigUint64(2, BigInt(length));
    headLength = 10;
  }
  if (masked) view.setUint8(1, view.getUint8(1) | 0x80);
  // A mask of zeros leaves the payload as it is.
  const mask = masked ? new Uint8Array(4) : new Uint8Array(0);
  return concatBytes([head.subarray(0, headLength), mask, payload]);
}

/** A socket without any manners. */
export class Stranger {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  static async to(node: TestNode): Promise<Stranger> {
    const { hostname, port } = new URL(node.address);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const stranger = new Stranger(socket);
    await once(socket, 'connect');
    return stranger;
  }

  /** Connects, and has a WebSocket. */
  static async upgraded(
    node: TestNode,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Stranger> {
    const stranger = await Stranger.to(node);
    stranger.write(requestFor(headers));
    await until(() => stranger.text.includes('\r\n\r\n'), 'the answer');
    return stranger;
  }

  /** The first line of the answer. */
  get status(): string {
    return this.text.slice(0, Math.max(this.text.indexOf('\r\n'), 0));
  }

  /** What the answer says why. */
  get refusal(): string | undefined {
    return /quorate-refusal: (\w+)/.exec(this.text)?.[1];
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(concatBytes(parts));
  }

  async ended(): Promise<void> {
    await until(() => this.closed, 'the connection with the stranger is closed');
  }
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 15_000) throw new Error(`gave up waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
