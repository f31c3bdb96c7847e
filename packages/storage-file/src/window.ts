/** The part of a file that is in memory. */
import { type File, readUpTo } from '@quorate/files';

const nothing = new Uint8Array();

/** A window on a file, moved on demand. */
export class Window {
  bytes: Uint8Array = nothing;
  view: DataView = new DataView(nothing.buffer);
  /** Position in the file of its first byte. */
  start = 0;
  readonly #file: File;
  readonly #fileBytes: number;
  readonly #aheadBytes: number;

  /** @param aheadBytes how much is read at least, where the file has it. */
  constructor(file: File, fileBytes: number, aheadBytes: number) {
    this.#file = file;
    this.#fileBytes = fileBytes;
    this.#aheadBytes = aheadBytes;
  }

  has(position: number, length: number): boolean {
    return position >= this.start && position + length <= this.start + this.bytes.length;
  }

  /**
   * Brings a part of the file into memory, and some of what is behind it.
   *
   * @returns whether the file reaches that far; a length that it does not hold allocates nothing.
   */
  async move(position: number, length: number): Promise<boolean> {
    if (position + length > this.#fileBytes) return false;
    if (this.has(position, length)) return true;
    const wanted = Math.min(Math.max(this.#aheadBytes, length), this.#fileBytes - position);
    this.bytes = await readUpTo(this.#file, wanted, position);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.start = position;
    return this.bytes.length >= length;
  }
}
