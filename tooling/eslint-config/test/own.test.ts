/** That ESLint is asked for our own rules, and where. The rules have tests of their own. */
import { ESLint } from 'eslint';
import { describe, expect, test } from 'vitest';
import { quorate } from '../src/index.js';

const eslint = new ESLint({ overrideConfigFile: true, baseConfig: quorate() });

async function complaints(code: string, filePath = 'packages/raft/src/a.ts'): Promise<string[]> {
  const results = await eslint.lintText(code, { filePath });
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message }) => ruleId ?? message),
  );
}

describe('rules of our own', () => {
  test.each([
    ['a floor above', "import '@quorate/log';", 'quorate/floors'],
    ['a clock', 'export const now = Date.now();', 'quorate/purity'],
    ['an enum', "export enum Kind { A = 'a' }", 'no-restricted-syntax'],
    [
      'an enum that is only declared',
      "export declare enum Kind { A = 'a' }",
      'no-restricted-syntax',
    ],
  ])('complain of %s', async (_, code, rule) => {
    expect(await complaints(code)).toEqual([rule]);
  });

  test('look at sources in JavaScript too', async () => {
    const code = "import '../../raft/src/engine.ts';";
    expect(await complaints(code, 'tooling/launch/src/a.js')).toEqual(['quorate/floors']);
  });
});
