/** The program `quorate-linearizability`. */
import { run } from './cli/program.ts';

// A reader that goes away (`quorate-linearizability … | head`) ends the program, it is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 2 : 1);
});

process.exitCode = await run(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  stdin: process.stdin,
});
