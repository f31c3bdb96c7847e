/** A queue in a ring: order, and what is let go of. */
import { expect, it } from 'vitest';
import { Fifo } from '../src/fifo.ts';

it('what goes in comes out in order, wherever the ring begins and however it grows', () => {
  const fifo = new Fifo<number>();
  const seen: number[] = [];
  let next = 0;
  // Begins at every place of the ring, and outgrows it while its head is in the middle.
  for (let round = 0; round < 40; round++) {
    for (let pushed = 0; pushed < 1 + (round % 7); pushed++) fifo.push(next++);
    for (let taken = 0; taken < 1 + (round % 5); taken++) {
      const oldest = fifo.at();
      if (oldest !== undefined) seen.push(oldest);
      fifo.shift();
    }
  }
  const left = Array.from({ length: fifo.length }, (_, behind) => fifo.at(behind));
  expect([...seen, ...left]).toEqual(Array.from({ length: next }, (_, at) => at));
});

it('there is nothing in front of the first one or behind the last', () => {
  const fifo = new Fifo<string>();
  fifo.shift();
  fifo.push('only');
  expect([fifo.at(), fifo.at(1), fifo.length]).toEqual(['only', undefined, 1]);
  fifo.shift();
  expect([fifo.at(), fifo.length]).toEqual([undefined, 0]);
});
