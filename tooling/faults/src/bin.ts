#!/usr/bin/env node
/** The program: `faults NAME…`. A signal ends it in good order, a second one at once. */
import { main } from './program.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The processes that it started notice by themselves that it is gone.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}
process.exitCode = await main(process.argv.slice(2), {
  print: (text) => void process.stdout.write(text),
  say: (line) => void process.stderr.write(`${line}\n`),
  signal: interrupted.signal,
  randomSeed: () => Math.floor(Math.random() * 2 ** 32),
});
