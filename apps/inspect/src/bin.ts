#!/usr/bin/env node
/**
 * The program `quorate-inspect`.
 */
import { run } from './program.ts';

// A reader that goes away (`quorate-inspect DIR --records | head`) ends the program, it is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2));
