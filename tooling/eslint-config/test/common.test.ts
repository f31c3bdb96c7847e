/**
 * The rules that are not our own, as oxlint has them checked: none of ESLint's recommended ones and of the strict set
 * of typescript-eslint is lost, and those that need types, or that we set, really fire.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const configFile = '.oxlintrc.jsonc';

/** What is in the two sets and not asked of oxlint. */
const left: Readonly<Record<string, string>> = {
  'no-unsafe-enum-assignment': 'there are no enums, and looking for one takes its time',
  'no-unsafe-class-instance-assignment': 'oxlint does not know it yet',
  'require-await': 'a method of a port is async although one of its implementations has no wait',
  'no-dupe-args': 'no module can be parsed that has one',
  'no-octal': 'no module can be parsed that has one',
  'no-undef': 'the compiler knows what is defined',
};

/** What oxlint is asked beyond the two sets. */
const added = [
  'consistent-type-imports',
  'eqeqeq',
  'no-import-type-side-effects',
  'prefer-readonly',
  'switch-exhaustiveness-check',
];

/** Several of these are about a value that is `any`, or a promise that nobody waits for. */
const preamble = `
export declare const anything: ReturnType<typeof JSON.parse>;
export declare const words: readonly string[];
export declare const word: string;
export declare function later(): Promise<void>;
export declare function takes(word: string): void;
export declare function calls(run: () => void): void;
export declare const kind: 'a' | 'b';
export declare class Engine { step(): void }
export declare const engine: Engine;
`;

/** Rule → code that it must complain of: each one that needs types, and those of the others that matter most. */
const mistakes = {
  'consistent-type-imports': "import { A } from './a.ts';\nexport type B = A;",
  eqeqeq: "export const f = () => word == 'b';",
  'no-explicit-any': 'export const f = (a: any) => takes(a);',
  'no-non-null-assertion': 'export const f = (a?: string) => a!;',
  'no-unused-vars': 'const a = 1;',
  'await-thenable': 'export async function f() { await word; }',
  'no-array-delete': 'const list = [1]; delete list[0];',
  'no-base-to-string': 'export const text = String({});',
  'no-confusing-void-expression': 'export const f = () => { return takes(word); };',
  'no-deprecated': '/** @deprecated */ declare function old(): void; old();',
  'no-duplicate-type-constituents': 'export type A = 1 | 1;',
  'no-floating-promises': 'later();',
  'no-for-in-array': 'for (const at in words) takes(at);',
  'no-implied-eval': "new Function('f()');",
  'no-meaningless-void-operator': 'void takes(word);',
  'no-misused-promises': 'calls(async () => { await later(); });',
  'no-misused-spread': 'export const copy = { ...words };',
  'no-redundant-type-constituents': 'export type A = string | unknown;',
  'no-unnecessary-boolean-literal-compare': 'export const f = (yes: boolean) => yes === true;',
  'no-unnecessary-condition': "export const f = () => engine ? 'a' : 'b';",
  'no-unnecessary-template-expression': 'export const text = `${word}`;',
  'no-unnecessary-type-arguments': 'declare function f<T = string>(): T; f<string>();',
  'no-unnecessary-type-assertion': 'export const text = word as string;',
  'no-unnecessary-type-conversion': 'export const text = String(word);',
  'no-unnecessary-type-parameters': 'export function f<T>(value: T): void { void value; }',
  'no-unsafe-argument': 'takes(anything);',
  'no-unsafe-assignment': 'export const text: string = anything;',
  'no-unsafe-call': 'anything();',
  'no-unsafe-member-access': 'takes(String(anything.name));',
  'no-unsafe-return': 'export function f(): string { return anything; }',
  'no-unsafe-unary-minus': 'export const f = (value: string) => -value;',
  'no-useless-default-assignment': 'export const f = words.map((each = word) => each);',
  'only-throw-error': "export function f() { throw 'word'; }",
  'prefer-promise-reject-errors': "export const f = () => Promise.reject('word');",
  'prefer-readonly': 'export class A { private at = 1; next() { return this.at + 1; } }',
  'prefer-reduce-type-parameter':
    'export const f = words.reduce((all, each) => all.concat(each), [] as string[]);',
  'prefer-return-this-type': 'export class A { self(): A { return this; } }',
  'restrict-plus-operands': 'export const f = (value: number) => word + value;',
  'restrict-template-expressions': 'export const f = (value: object) => `is ${value}`;',
  'return-await': 'export async function f() { try { return later(); } catch { return; } }',
  'switch-exhaustiveness-check': "switch (kind) { case 'a': takes(kind); }",
  'unbound-method': 'export const { step } = engine;',
  'use-unknown-in-catch-callback-variable': 'later().catch((error) => { takes(String(error)); });',
} as const;

/** Their mistakes take an enum, which ESLint forbids, or code that the compiler made or complains of itself. */
const unproven = [
  'no-generated-empty-object-type',
  'no-mixed-enums',
  'no-unsafe-enum-comparison',
  'related-getter-setter-pairs',
];

interface Config {
  readonly rules: Readonly<Record<string, unknown>>;
}

const parsed = ts.parseConfigFileTextToJson(
  configFile,
  readFileSync(join(root, configFile), 'utf8'),
);
const config = parsed.config as Config;
const asked = Object.keys(config.rules).map((name) => name.replace('typescript/', ''));

interface Finding {
  readonly filename: string;
  /** An exception that nothing needs comes without. */
  readonly code?: string;
}

const needless = 'an exception that nothing needs';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-lint-'));
  copyFileSync(join(root, configFile), join(folder, configFile));
  const compilerOptions = {
    strict: true,
    target: 'ES2023',
    lib: ['ES2023', 'DOM'],
    types: [],
    allowJs: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** File → the rules that complained of it. */
function lint(files: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  for (const [name, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), code);
  }
  const bin = join(root, 'node_modules/oxlint/bin/oxlint');
  const names = Object.keys(files);
  const paths = names.map((name) => join(folder, name));
  const { stdout } = spawnSync(
    process.execPath,
    [bin, '-c', join(folder, configFile), '-f', 'json', ...paths],
    { cwd: root, encoding: 'utf8' },
  );
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly Finding[] };
  const of = (name: string) =>
    diagnostics
      .filter(({ filename }) => filename.endsWith(name))
      .map(({ code = needless }) => code.replace(/^(?:typescript|eslint)\((.*)\)$/, '$1'));
  return new Map(names.map((name) => [name, of(name)]));
}

const plain = (name: string): string => name.replace('@typescript-eslint/', '');

const typed = Object.keys(tseslint.configs.disableTypeChecked.rules ?? {}).map(plain);

const sets = [js.configs.recommended, ...tseslint.configs.strictTypeChecked]
  .flatMap(({ rules }) => Object.entries(rules ?? {}))
  .filter(([, level]) => level !== 'off')
  .map(([name]) => plain(name));

describe('rules that are not our own', () => {
  test('are asked of oxlint, all of the two sets', () => {
    const expected = new Set([...sets.filter((name) => !(name in left)), ...added]);
    expect(asked.toSorted()).toEqual([...expected].toSorted());
  });

  test('are all known to oxlint, and what it did not know is asked once it does', () => {
    const bin = join(root, 'node_modules/oxlint/bin/oxlint');
    const { stdout } = spawnSync(process.execPath, [bin, '--rules', '-f', 'json'], {
      cwd: root,
      encoding: 'utf8',
    });
    const known = (JSON.parse(stdout) as readonly { scope: string; value: string }[])
      .filter(({ scope }) => ['eslint', 'typescript'].includes(scope))
      .map(({ value }) => value);
    expect(asked.filter((name) => !known.includes(name))).toEqual([]);
    expect(known).not.toContain('no-unsafe-class-instance-assignment');
  });

  test('each complain of their mistake', () => {
    const files = Object.entries(mistakes).map(
      ([rule, code]) => [`${rule}.ts`, `${preamble}${code}\nexport {};\n`] as const,
    );
    const found = lint(Object.fromEntries(files));
    const silent = Object.keys(mistakes).filter(
      (rule) => found.get(`${rule}.ts`)?.includes(rule) !== true,
    );
    expect(silent).toEqual([]);
    const proven = new Set([...Object.keys(mistakes), ...unproven]);
    expect(asked.filter((name) => typed.includes(name) && !proven.has(name))).toEqual([]);
  });

  test('let pass what the options allow', () => {
    const code = `${preamble}
      export const send = () => takes(word);
      export const text = (at: number, yes: boolean) => \`\${at} \${yes}\`;
      export function forever() { while (true) takes(word); }
      export async function port(): Promise<void> {}
    `;
    expect(lint({ 'allowed.ts': code }).get('allowed.ts')).toEqual([]);
  });

  test('let programs print, and not libraries', () => {
    const code = "console.log('a');";
    const found = lint({ 'packages/log/src/a.ts': code, 'apps/kv/src/a.ts': code });
    expect(found.get('packages/log/src/a.ts')).toEqual(['no-console']);
    expect(found.get('apps/kv/src/a.ts')).toEqual([]);
  });

  test('take untyped values in JavaScript, and nothing else', () => {
    const code = `
      const value = JSON.parse('{}');
      export const name = value.name;
      Promise.resolve(1);
    `;
    const found = lint({ 'plain.js': code, 'typed.ts': code });
    expect(found.get('plain.js')).toEqual(['no-floating-promises']);
    expect(found.get('typed.ts')).toContain('no-unsafe-assignment');
  });

  test('complain of an exception that nothing needs, and of none that ESLint is asked for', () => {
    const found = lint({
      'needed.ts': `${preamble}// oxlint-disable-next-line typescript/no-floating-promises\nlater();`,
      'needless.ts': '// oxlint-disable-next-line typescript/no-floating-promises\nexport {};',
      'foreign.ts': '// eslint-disable-next-line no-console\nexport {};',
      'unheard.ts': `${preamble}// eslint-disable-next-line @typescript-eslint/no-floating-promises\nlater();`,
    });
    expect(found.get('needed.ts')).toEqual([]);
    expect(found.get('needless.ts')).toEqual([needless]);
    expect(found.get('foreign.ts')).toEqual([]);
    expect(found.get('unheard.ts')).toEqual(['no-floating-promises']);
  });
});
