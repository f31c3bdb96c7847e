/**
 * The bounds of the table of sessions. They are constants and not options: each takes part in what becomes of
 * a command, so replicas with different bounds would come to different states.
 */

/** Most sessions. One more takes the place of the one that was silent for longest. */
export const maxSessions = 10_000;

/** Shortest and longest silence after which a session may end; what a client asks for is kept between them. */
export const timeoutRangeMs: { readonly least: number; readonly greatest: number } = {
  least: 100,
  greatest: 24 * 60 * 60 * 1000,
};

/** Most replies kept for one session: so many commands may be under way that it has no answers of. */
export const maxKeptReplies = 8192;

/** Most bytes of replies kept for one session. One reply is always kept, however large. */
export const maxKeptBytesOfSession: number = 16 * 1024 * 1024;

/** Most bytes of replies kept in all. Beyond, the sessions that were silent for longest go. */
export const maxKeptBytes: number = 256 * 1024 * 1024;

/** What each session and each reply counts besides its bytes. */
export const overheadBytes = 128;
