/** Nothing here yet. */
export {};
