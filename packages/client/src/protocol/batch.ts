/**
 * Messages of one turn of the event loop, gathered into as few frames as they fit in: a frame has a checksum and
 * a place in a queue, a message has neither.
 */
import { copiedBelowBytes } from '@quorate/connections';
import { ByteWriter, FrameWriter, type Runtime } from '@quorate/core';

/** A frame is full from here on: only one message that is longer by itself makes a longer one. */
export const gatheredBytes: number = 512 * 1024;

/** And from so many messages on: whoever reads a frame deals with all of it in one turn. */
export const gatheredMessages = 4096;

/** Gathers messages for one connection. */
export class Batch {
  readonly #runtime: Pick<Runtime, 'nextTurn'>;
  readonly #send: (parts: readonly Uint8Array[], bytes: number) => void;
  readonly #writer = new FrameWriter(new ByteWriter());
  #messages = 0;
  #scheduled = false;

  /**
   * @param send takes a whole frame; called in a turn of its own, or as soon as a frame is full. One that is shorter
   *   than `copiedBelowBytes` is written over after that.
   */
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
    const isFull =
      this.#writer.length + bytes > gatheredBytes || this.#messages >= gatheredMessages;
    if (this.#writer.length > 0 && isFull) this.flush();
    this.#messages += 1;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#runtime.nextTurn(this.#turn);
    }
    return this.#writer;
  }

  /** Sends what there is. */
  flush(): void {
    const { length } = this.#writer;
    this.#messages = 0;
    if (length === 0) return;
    const parts = this.#writer.take();
    this.#send(parts, length);
    // A message begins with fields, so the first part is never somebody else's.
    const [first] = parts;
    if (length < copiedBelowBytes && first !== undefined) this.#writer.fields.giveBack(first);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}
