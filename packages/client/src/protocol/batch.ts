/**
 * Messages of one turn of the event loop, gathered into as few frames as they fit in: a frame has a checksum and
 * a place in a queue, a message has neither.
 */
import { ByteWriter, FrameWriter, type Runtime } from '@quorate/core';

/** A frame is full from here on, if a message does not make it longer by itself. */
const frameBytes = 512 * 1024;

/** Gathers messages for one connection. */
export class Batch {
  readonly #runtime: Pick<Runtime, 'nextTurn'>;
  readonly #send: (parts: readonly Uint8Array[], bytes: number) => void;
  readonly #writer = new FrameWriter(new ByteWriter());
  #scheduled = false;

  /** @param send takes a whole frame; called in a turn of its own, or as soon as a frame is full. */
  constructor(
    runtime: Pick<Runtime, 'nextTurn'>,
    send: (parts: readonly Uint8Array[], bytes: number) => void,
  ) {
    this.#runtime = runtime;
    this.#send = send;
  }

  /** Bytes that have not been sent. */
  get length(): number {
    return this.#writer.length;
  }

  /** Where the next message, of about so many bytes, is written, at once and whole. */
  next(bytes: number): FrameWriter {
    if (this.#writer.length > 0 && this.#writer.length + bytes > frameBytes) this.flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#runtime.nextTurn(this.#turn);
    }
    return this.#writer;
  }

  /** Sends what there is. */
  flush(): void {
    const { length } = this.#writer;
    if (length > 0) this.#send(this.#writer.take(), length);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}
