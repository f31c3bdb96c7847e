#!/usr/bin/env node
/**
 * The program `quorate-bank`.
 */
import { run } from './cli/program.ts';

// A reader that goes away (`quorate-bank export | head`) ends the program, it is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const exitCode = await run(process.argv.slice(2));
// What was written must be out before the end; open connections need not be waited for.
process.stdout.write('', () => process.exit(exitCode));
