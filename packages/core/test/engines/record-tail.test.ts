/** The end of the log in memory. */
import { describe, expect, it } from 'vitest';
import { RecordTail } from '../../src/engines/record-tail.ts';

const record = (index: number): Uint8Array => new Uint8Array(10).fill(index % 256);

function tailOf(count: number): RecordTail {
  const tail = new RecordTail(1);
  for (let index = 1; index <= count; index++) tail.push(index, record(index));
  return tail;
}

describe('the tail', () => {
  it('gives each record under its index', () => {
    const tail = tailOf(5);
    expect([tail.firstIndex, tail.bytes]).toEqual([1, 50]);
    expect(tail.at(3)).toMatchObject({ type: 'put', index: 3, record: record(3) });
    expect(() => tail.at(6)).toThrow('contiguous');
    expect(() => tail.push(9, record(9))).toThrow('contiguous');
  });

  it('lets go of the oldest, but of nothing that is not durable', () => {
    const tail = tailOf(1000);
    tail.evict(100, 995);
    expect([tail.firstIndex, tail.bytes]).toEqual([991, 100]);
    tail.evict(0, 995);
    expect([tail.firstIndex, tail.bytes]).toEqual([996, 50]);
    expect(tail.at(996).index).toBe(996);
    tail.push(1001, record(1001));
    expect(tail.at(1001).index).toBe(1001);
  });

  it('is cut at its end, also in front of all that it holds', () => {
    const tail = tailOf(100);
    tail.dropBefore(50);
    tail.truncateAfter(80);
    expect([tail.firstIndex, tail.bytes]).toEqual([50, 310]);
    tail.truncateAfter(20);
    expect([tail.firstIndex, tail.bytes]).toEqual([21, 0]);
    tail.push(21, record(21));
    expect(tail.at(21).index).toBe(21);
  });

  it('starts over', () => {
    const tail = tailOf(3);
    tail.reset(100);
    tail.push(100, record(100));
    expect([tail.firstIndex, tail.bytes]).toEqual([100, 10]);
  });
});
