/**
 * The fields that commands, records and answers are made of, and their one encoding each. A value has
 * exactly one form in bytes: what is read and written again comes out the same, or is refused.
 *
 *     text     u8 length, so many bytes of printable ASCII
 *     amount   u8 length (0 to 16), so many bytes, big-endian, the first not zero
 *     data     u8 length, so many bytes
 */
import { type ByteReader, type ByteWriter, MalformedError } from '@quorate/core';
import type { LedgerBalances } from './events.ts';
import { maxUserDataBytes } from './limits.ts';

const maxAmountBytes = 16;
/** Up to here an amount is written as a number, which is many times as fast as a bigint. */
const maxPlainBytes = 6;
const maxPlain = 2n ** 48n;
const powers = [1, 2 ** 8, 2 ** 16, 2 ** 24, 2 ** 32, 2 ** 40] as const;

/** Whether a text can be an id: from 1 to so many characters of printable ASCII, no spaces. */
export function isId(text: string, maxLength: number): boolean {
  if (text.length === 0 || text.length > maxLength) return false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x21 || unit > 0x7e) return false;
  }
  return true;
}

export function writeId(text: string, writer: ByteWriter): void {
  writer.u8(text.length);
  for (let at = 0; at < text.length; at++) writer.u8(text.charCodeAt(at));
}

/** @throws MalformedError if it can be no id. */
export function readId(reader: ByteReader, maxLength: number): string {
  const length = reader.u8();
  if (length > maxLength) {
    throw new MalformedError(`an id of ${String(length)} bytes is over ${String(maxLength)}`);
  }
  const text = String.fromCharCode(...reader.raw(length));
  if (!isId(text, maxLength)) throw new MalformedError('an id is empty or not printable ASCII');
  return text;
}

export function writeAmount(amount: bigint, writer: ByteWriter): void {
  if (amount < maxPlain) {
    const plain = Number(amount);
    let bytes = 0;
    while (bytes < maxPlainBytes && plain >= (powers[bytes] ?? 0)) bytes++;
    writer.u8(bytes);
    for (let at = bytes - 1; at >= 0; at--) {
      writer.u8(Math.floor(plain / (powers[at] ?? 1)) % 256);
    }
    return;
  }
  const digits = amount.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  writer.u8(even.length / 2);
  for (let at = 0; at < even.length; at += 2)
    writer.u8(Number.parseInt(even.slice(at, at + 2), 16));
}

/** @throws MalformedError if it is over 128 bits, or has more bytes than it needs. */
export function readAmount(reader: ByteReader): bigint {
  const bytes = reader.u8();
  if (bytes > maxAmountBytes) throw new MalformedError('an amount is over 128 bits');
  const raw = reader.raw(bytes);
  if (raw[0] === 0) throw new MalformedError('an amount has more bytes than it needs');
  if (bytes <= maxPlainBytes) {
    let plain = 0;
    for (const byte of raw) plain = plain * 256 + byte;
    return BigInt(plain);
  }
  let amount = 0n;
  for (const byte of raw) amount = (amount << 8n) | BigInt(byte);
  return amount;
}

export function writeData(data: Uint8Array, writer: ByteWriter): void {
  writer.u8(data.length).raw(data);
}

/** @throws MalformedError if there is too much of it. */
export function readData(reader: ByteReader): Uint8Array {
  const bytes = reader.u8();
  if (bytes > maxUserDataBytes) {
    throw new MalformedError(
      `${String(bytes)} bytes of user data are over ${String(maxUserDataBytes)}`,
    );
  }
  return reader.raw(bytes);
}

export function writeBalances(balances: LedgerBalances, writer: ByteWriter): void {
  writeAmount(balances.debitsPosted, writer);
  writeAmount(balances.creditsPosted, writer);
  writeAmount(balances.debitsPending, writer);
  writeAmount(balances.creditsPending, writer);
}

export function readBalances(reader: ByteReader): LedgerBalances {
  return {
    debitsPosted: readAmount(reader),
    creditsPosted: readAmount(reader),
    debitsPending: readAmount(reader),
    creditsPending: readAmount(reader),
  };
}
