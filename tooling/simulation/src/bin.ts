#!/usr/bin/env node
/** `sim`: runs whole clusters on virtual time, out of seeds. */
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2), {
  print: (line) => {
    process.stdout.write(`${line}\n`);
  },
  say: (line) => {
    process.stderr.write(`${line}\n`);
  },
});
