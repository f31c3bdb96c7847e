/**
 * Clients that put one value after the other, and remember what they were told.
 *
 * Each key belongs to one client, which waits for the answer before it puts the next value. Where it
 * is not told what became of a value, that may still happen, any time: so it goes on with another key.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** What may be under a key. */
interface Promised {
  /** Number of the last value that was acknowledged; 0: none. */
  acknowledged: number;
  /** Of the last one that was sent. */
  sent: number;
}

/** A question of a client about its keys. */
export interface LoadSetup {
  readonly endpoints: readonly string[];
  /** Nobody else's keys begin with it. */
  readonly prefix: string;
  readonly clients: number;
  readonly valueBytes: number;
}

/** Values that a key sees before the next one is taken. */
const valuesPerKey = 20;
const answerMs = 6_000;
const pauseMs = 50;

/** Load on a service. */
export class Load {
  /** Values that were acknowledged. */
  acknowledged = 0;
  readonly #setup: LoadSetup;
  readonly #keys: Map<string, Promised> = new Map<string, Promised>();
  readonly #clients: readonly Promise<void>[];
  #ending = false;

  constructor(setup: LoadSetup) {
    this.#setup = setup;
    this.#clients = Array.from({ length: setup.clients }, (_, client) => this.#run(client));
  }

  /** Ends it; what is under way is waited for. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#clients);
  }

  /** Compares every key with what was promised. @returns what is wrong. */
  async verify(url: string, consistency: 'linearizable' | 'local'): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const [key, promised] of this.#keys) {
      const answer = await fetch(`${url}/v1/kv/${key}?consistency=${consistency}`, {
        signal: AbortSignal.timeout(answerMs),
      });
      const value = await answer.text();
      const there = answer.status === 404 ? 0 : numberOf(value);
      if (answer.status !== 200 && answer.status !== 404) {
        wrong.push(`${key} cannot be read: ${value}`);
      } else if (!(there >= promised.acknowledged && there <= promised.sent)) {
        wrong.push(`${key} is ${there}, not ${promised.acknowledged} to ${promised.sent}`);
      } else if (there > 0 && value !== this.#valueOf(there)) {
        wrong.push(`${key} is not what was put, in value ${there}`);
      }
    }
    return wrong;
  }

  async #run(client: number): Promise<void> {
    const { endpoints, prefix } = this.#setup;
    let at = client;
    for (let name = 1; this.#goesOn(); name++) {
      const key = `${prefix}-${client}-${name}`;
      const promised: Promised = { acknowledged: 0, sent: 0 };
      this.#keys.set(key, promised);
      while (this.#goesOn() && promised.sent < valuesPerKey) {
        const endpoint = endpoints[at % endpoints.length] ?? '';
        const outcome = await this.#put(`${endpoint}/v1/kv/${key}`, ++promised.sent);
        if (outcome === 'done') {
          promised.acknowledged = promised.sent;
          this.acknowledged++;
          continue;
        }
        // Perhaps another one knows better.
        at++;
        await sleep(pauseMs);
        if (outcome === 'unknown') break;
      }
    }
  }

  #goesOn(): boolean {
    return !this.#ending;
  }

  async #put(url: string, number: number): Promise<'done' | 'not done' | 'unknown'> {
    try {
      const answer = await fetch(url, {
        method: 'PUT',
        body: this.#valueOf(number),
        signal: AbortSignal.timeout(answerMs),
      });
      await answer.text();
      if (answer.ok) return 'done';
      // Only this status says that it will never happen.
      return answer.status === 503 ? 'not done' : 'unknown';
    } catch {
      return 'unknown';
    }
  }

  #valueOf(number: number): string {
    return `${number} `.padEnd(this.#setup.valueBytes, `${number}.`);
  }
}

function numberOf(value: string): number {
  return Number.parseInt(value, 10);
}
