/**
 * A socket beneath a link: what strangers use who do not even speak the protocol of the link.
 */
import { connect, type Socket } from 'node:net';

/** Bytes to a port, and nothing else. */
export class RawSocket {
  readonly #socket: Socket;
  isClosed = false;
  receivedBytes = 0;

  /** @param address any address of the loopback that holds `host:port`. */
  constructor(address: string) {
    const [, host = '', port = ''] = /(127\.0\.0\.1|localhost):(\d+)/.exec(address) ?? [];
    this.#socket = connect({ host, port: Number(port), noDelay: true });
    this.#socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length;
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
