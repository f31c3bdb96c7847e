/** The record that is drawn byte by byte is what the code reads and writes. */
import { decodeEntry, encodeEntry, fromUtf8 } from '@quorate/core';
import { raft } from '@quorate/raft';
import { expect, it } from 'vitest';
import { parseMarkdown } from './markdown.ts';
import { read } from './repository.ts';

const { blocks } = parseMarkdown(read('apps/docs/entries.md'));
const drawn = blocks.find(({ section }) => section === 'The record')?.content ?? '';
const bytes = drawn.split('\n').flatMap((line) => {
  const [hex = ''] = /^\s*(?:[0-9a-f]{2} )+/.exec(`${line} `) ?? [];
  return hex.split(' ').filter((pair) => pair !== '');
});
const record = Uint8Array.from(bytes, (pair) => Number.parseInt(pair, 16));

it('holds the entry that the page says', () => {
  const { headerBytes } = raft();
  const entry = decodeEntry(record, headerBytes);
  expect(entry).toMatchObject({ kind: 'commands', incarnation: 0xa1b2c3d4, ticket: 7 });
  expect(new Date(entry.time).getUTCFullYear()).toBe(2026);
  expect(entry.payloads.map(fromUtf8)).toEqual(['x=1']);
  expect([...record.subarray(0, headerBytes)]).toEqual([0, 0, 0, 0, 0, 2]);
  expect(encodeEntry(entry, headerBytes).subarray(headerBytes)).toEqual(
    record.subarray(headerBytes),
  );
});
