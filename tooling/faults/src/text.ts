/** Words about things. */

/** What an error says. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The first words of a long text, on one line. */
export function brief(text: string, most: number = 300): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, ' | ');
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
