/** What is under way on a connection, and what becomes of it when that is gone. */
import { expect, it } from 'vitest';
import { Flights } from '../src/flights.ts';

it('what was lost with a connection is told once, and nothing of it is under way any more', () => {
  const told: string[] = [];
  const tell = (what: string) => (): void => {
    told.push(what);
  };
  const flights = new Flights(tell('leader'), tell('refused'));
  const id = flights.add({
    answered: tell('answered'),
    unconfirmed: tell('unconfirmed'),
    refused: tell('refused'),
    withheld: tell('withheld'),
    lost: tell('lost'),
  });
  flights.lost();
  // An answer that was on its way on the connection of before, and the end of the next one.
  flights.answered(id, new Uint8Array());
  flights.lost();
  expect([told, flights.size, flights.look()]).toEqual([['lost'], 0, false]);
});
