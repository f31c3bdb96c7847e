#!/usr/bin/env node
/** The program: `mutations ID…`. A signal ends it in good order: whatever it started ends with it. */
import { main } from './program.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted.abort(new Error(`interrupted by ${signal}`));
  });
}
process.exitCode = await main(process.argv.slice(2), {
  print: (text) => void process.stdout.write(text),
  say: (line) => void process.stderr.write(`${line}\n`),
  signal: interrupted.signal,
});
