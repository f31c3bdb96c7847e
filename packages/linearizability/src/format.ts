/** Writes a history as the JSON lines that `parseHistory` reads. */
import type { History, Moment } from './operation.ts';

/** The lines, in order, each with its end of line. Operations without an end have one line. */
export function formatHistory(history: History): string {
  const events = history.flatMap(({ process, input, start, ending, end }) => {
    const { f, key } = input;
    const call = { process, type: 'invoke', ...input, ...timeOf(start) };
    const events = [{ order: start.order, late: 0, text: JSON.stringify(call) }];
    if (end !== undefined) {
      const { type } = ending;
      const output = ending.type === 'ok' ? ending.output : {};
      const completion = { process, type, f, key, ...output, ...timeOf(end) };
      events.push({ order: end.order, late: 1, text: JSON.stringify(completion) });
    }
    return events;
  });
  return events
    .sort((left, right) => left.order - right.order || left.late - right.late)
    .map(({ text }) => `${text}\n`)
    .join('');
}

function timeOf({ time }: Moment): { readonly time?: number } {
  return time === undefined ? {} : { time };
}
