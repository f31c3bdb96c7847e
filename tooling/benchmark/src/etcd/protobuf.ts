/** As much of Protocol Buffers as a few messages of etcd take: fields of bytes and of numbers. */

/** A field as it was found. Numbers above 2^53 lose their last digits. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field of bytes, a text, or a message, made of parts. */
export function bytesField(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint((number << 3) | wireTypes.bytes), varint(length), ...parts]);
}

/** A field of a number or a truth value. */
export function numberField(number: number, value: number): Uint8Array {
  return Buffer.concat([varint((number << 3) | wireTypes.varint), varint(value)]);
}

/** All fields of a message. @throws RangeError if it is cut off or of a kind that nobody uses. */
export function fieldsOf(message: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new RangeError('a message is cut off');
    at += length;
    return message.subarray(at - length, at);
  };
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = take(1)[0] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is too long');
  };
  while (at < message.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case wireTypes.varint:
        fields.push({ number, value: readVarint() });
        break;
      case wireTypes.bytes:
        fields.push({ number, value: take(readVarint()) });
        break;
      case wireTypes.fixed64:
        take(8);
        break;
      case wireTypes.fixed32:
        take(4);
        break;
      default:
        throw new RangeError(`a field of kind ${tag % 8}`);
    }
  }
  return fields;
}

/** The last field of bytes with that number, as in every decoder. */
export function bytesOf(fields: readonly Field[], number: number): Uint8Array | undefined {
  const value = fields.findLast((field) => field.number === number)?.value;
  return typeof value === 'number' ? undefined : value;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) + 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
  return Uint8Array.from(bytes);
}
