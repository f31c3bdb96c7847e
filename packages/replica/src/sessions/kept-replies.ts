/**
 * Replies that are kept until their client has them. They come as views on slabs that many of them share, and
 * most are dropped soon. The few that stay are copied out, or each would keep a whole slab alive.
 */
import { overheadBytes } from './limits.ts';

/** One of them. */
export interface KeptReply {
  /** As in `core/reply.ts`. */
  bytes: Uint8Array;
  dropped: boolean;
}

/**
 * So many bytes may lie between the oldest view and the newest: those of slabs, and for each view its own, which
 * are many times those of a short reply.
 */
const recentBytes: number = 1024 * 1024;

/** All replies of one table. */
export class KeptReplies {
  /** Those that are views, the oldest first; from `#head` on. */
  #recent: KeptReply[] = [];
  #head = 0;
  #bytes = 0;

  keep(bytes: Uint8Array): KeptReply {
    const reply: KeptReply = { bytes, dropped: false };
    this.#recent.push(reply);
    this.#bytes += bytes.length + overheadBytes;
    while (this.#bytes > recentBytes) this.#settleOldest();
    return reply;
  }

  #settleOldest(): void {
    const oldest = this.#recent[this.#head];
    if (oldest === undefined) return;
    this.#head += 1;
    this.#bytes -= oldest.bytes.length + overheadBytes;
    if (!oldest.dropped) oldest.bytes = oldest.bytes.slice();
    if (this.#head * 2 < this.#recent.length) return;
    this.#recent = this.#recent.slice(this.#head);
    this.#head = 0;
  }
}
