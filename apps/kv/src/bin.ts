#!/usr/bin/env node
/** Nothing here yet. */
export {};
