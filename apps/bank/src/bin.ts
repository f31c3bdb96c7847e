#!/usr/bin/env node
/**
 * The program `quorate-bank`.
 */
import { main } from '@quorate/program/command-line';
import { run } from './cli/program.ts';

await main(run);
