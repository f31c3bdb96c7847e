/**
 * What a bank publishes of its books: how many events there are, and the head of the chain over them. Whoever
 * keeps it can check later that nothing of that was rewritten.
 */
import { InvalidArgumentError } from '@quorate/core';

/** Length and head of a ledger. */
export interface Published {
  readonly length: number;
  /** 32 bytes. */
  readonly head: Uint8Array;
}

/** `1203:` and 64 hexadecimal digits. */
export function formatPublished({ length, head }: Published): string {
  return `${String(length)}:${Buffer.from(head).toString('hex')}`;
}

/** @throws InvalidArgumentError if the text is of another form. */
export function parsePublished(text: string, what: string): Published {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError(
      `${what} must be what \`verify\` printed, LENGTH:HEAD, got ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  return { length: Number(match[1]), head: Buffer.from(match[2] ?? '', 'hex') };
}
