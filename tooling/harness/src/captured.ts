/** Command lines run within the test, which takes a hundredth of the time of a process. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What a command printed, and its exit code. */
export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whoever hangs must not keep all others waiting. */
const mostMs = 60_000;

/** There is one stdout. */
let before: Promise<unknown> = Promise.resolve();

/** Runs what comes to an end by itself, after whatever is under way, and keeps what it prints. */
export function captured(run: () => Promise<number>): Promise<Captured> {
  const result = before.then(() => capturedNow(run));
  before = result.catch(() => undefined);
  return result;
}

async function capturedNow(run: () => Promise<number>): Promise<Captured> {
  const out = capture(process.stdout);
  const error = capture(process.stderr);
  try {
    const late = sleep(mostMs, undefined, { ref: false }).then(() => {
      throw new Error(
        `no end within ${String(mostMs)} ms; it has printed ${out.text()}${error.text()}`,
      );
    });
    const code = await Promise.race([run(), late]);
    return { code, stdout: out.text(), stderr: error.text() };
  } finally {
    out.end();
    error.end();
  }
}

interface Capture {
  readonly text: () => string;
  readonly end: () => void;
}

function capture(stream: NodeJS.WriteStream): Capture {
  let text = '';
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, where it was
  const original = stream.write;
  stream.write = (chunk: string | Uint8Array): boolean => {
    text += Buffer.from(chunk).toString();
    return true;
  };
  return {
    text: () => text,
    end: () => {
      stream.write = original;
    },
  };
}
