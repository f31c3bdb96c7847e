/** The rules that need no types, as ESLint has them checked. Our own have tests of their own. */
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { quorate } from '../src/index.js';

const eslint = new ESLint({ overrideConfigFile: true, baseConfig: quorate() });

async function complaints(code: string, filePath = 'packages/log/src/a.ts'): Promise<string[]> {
  const results = await eslint.lintText(code, { filePath });
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message }) => ruleId ?? message),
  );
}

describe('rules that need no types', () => {
  test.each([
    ['an enum', "export enum Kind { A = 'a' }", 'no-restricted-syntax'],
    [
      'an enum that is only declared',
      "export declare enum Kind { A = 'a' }",
      'no-restricted-syntax',
    ],
    ['a `!`', 'export const f = (a?: string) => a!;', '@typescript-eslint/no-non-null-assertion'],
    ['`any`', 'export const f = (a: any) => a;', '@typescript-eslint/no-explicit-any'],
    [
      'types that are imported as values',
      "import { A } from './a.ts';\nexport type B = A;",
      '@typescript-eslint/consistent-type-imports',
    ],
    ['what nobody uses', 'const a = 1;', '@typescript-eslint/no-unused-vars'],
    ['`==`', 'export const f = (a: string) => a == "b";', 'eqeqeq'],
    ['a library that prints', "console.log('a');", 'no-console'],
  ])('complain of %s', async (_, code, rule) => {
    expect(await complaints(code)).toEqual([rule]);
  });

  test('let a program print', async () => {
    expect(await complaints("console.log('a');", 'apps/kv/src/a.ts')).toEqual([]);
  });

  test('complain of an exception that nothing needs', async () => {
    const found = await complaints('// eslint-disable-next-line eqeqeq\nexport {};');
    expect(found).toEqual([expect.stringContaining('Unused eslint-disable directive')]);
  });

  test('are the only ones that ESLint is asked for', async () => {
    const config: unknown = await eslint.calculateConfigForFile('packages/log/src/a.ts');
    const { rules } = config as { readonly rules: Readonly<Record<string, readonly [number]>> };
    const typed = Object.keys(tseslint.configs.disableTypeChecked.rules ?? {});
    expect(typed.filter((name) => (rules[name]?.[0] ?? 0) !== 0)).toEqual([]);
  });
});
