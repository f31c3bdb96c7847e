/** What is under way on a connection, and what becomes of it when that is gone. */
import { ByteReader } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { type Flight, Flights } from '../src/flights.ts';

/** Says by its name what it is told. */
function named(name: string, told: string[]): Flight {
  const tell = (what: string) => (): void => {
    told.push(`${name} ${what}`);
  };
  return {
    answered: tell('answered'),
    unconfirmed: tell('unconfirmed'),
    refused: tell('refused'),
    withheld: tell('withheld'),
    lost: tell('lost'),
  };
}

function make(): Flights {
  return new Flights(
    () => undefined,
    () => undefined,
  );
}

const nothing: ByteReader = new ByteReader(new Uint8Array());

it('what was lost with a connection is told once, and nothing of it is under way any more', () => {
  const told: string[] = [];
  const flights = make();
  const id = flights.add(named('it', told));
  flights.lost();
  // An answer that was on its way on the connection of before, and the end of the next one.
  flights.answered(id, nothing);
  flights.lost();
  expect([told, flights.size, flights.look()]).toEqual([['it lost'], 0, false]);
});

describe('numbers', () => {
  it('each answer finds whoever asked, however many and however long they wait', () => {
    const told: string[] = [];
    const flights = make();
    const slow = Array.from({ length: 300 }, (_, at) => `slow ${String(at)}`);
    const waiting = slow.map((name) => ({ name, id: flights.add(named(name, told)) }));
    const ids = new Set(waiting.map(({ id }) => id));
    let reused = 0;
    for (let at = 0; at < 5_000; at++) {
      const id = flights.add(named(`quick ${String(at)}`, told));
      if (ids.has(id)) reused += 1;
      flights.answered(id, nothing);
      // It is not under way any more: a second answer is nobody's.
      flights.answered(id, nothing);
    }
    expect(reused).toBe(0);
    expect(told).toEqual(Array.from({ length: 5_000 }, (_, at) => `quick ${String(at)} answered`));
    told.length = 0;
    for (const { id } of waiting) flights.withheld(id, 1);
    expect([told, flights.size]).toEqual([slow.map((name) => `${name} withheld`), 0]);
  });

  it('one that nobody waits for any more is not answered, and its slot is not another one’s', () => {
    const told: string[] = [];
    const flights = make();
    const first = flights.add(named('first', told));
    flights.forget(first);
    // The same slot, with another number.
    for (let at = 0; at < 64; at++) flights.answered(flights.add(named('other', [])), nothing);
    const later = flights.add(named('later', told));
    expect(later).not.toBe(first);
    flights.answered(first, nothing);
    flights.answered(later, nothing);
    expect(told).toEqual(['later answered']);
  });

  it('what is lost is told so in the order in which it was asked', () => {
    const told: string[] = [];
    const flights = make();
    const oldest = flights.add(named('a', told));
    // Round and round: those that come later stand in slots before the oldest one.
    for (let at = 0; at < 100; at++) flights.answered(flights.add(named('gone', [])), nothing);
    flights.add(named('b', told));
    flights.add(named('c', told));
    flights.lost();
    expect([told, oldest]).toEqual([['a lost', 'b lost', 'c lost'], 1]);
  });
});

describe('overdue', () => {
  it('is what was under way at the last look and still is, watches aside', () => {
    const flights = make();
    flights.add({ ...named('watch', []), events: () => undefined });
    const id = flights.add(named('command', []));
    expect([flights.look(), flights.look()]).toEqual([false, true]);
    flights.answered(id, nothing);
    expect([flights.look(), flights.look()]).toEqual([false, false]);
  });
});
