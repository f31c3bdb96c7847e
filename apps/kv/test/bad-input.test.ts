/** What the built program says to bad input. */
import { cleanUp } from '@quorate/harness';
import { afterAll, beforeAll } from 'vitest';
import { build } from './harness.ts';
import { badInput } from './processes/bad-input.ts';

beforeAll(build, 180_000);
afterAll(cleanUp, 30_000);

badInput();
