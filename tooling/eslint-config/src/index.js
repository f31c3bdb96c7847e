/** The lint rules of this repository: typescript-eslint's strict set, and the two rules that keep the house in shape. */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { floorsRule } from './floors-rule.js';
import { purityRule } from './purity-rule.js';

export const plugin = {
  meta: { name: 'quorate' },
  rules: { floors: floorsRule, purity: purityRule },
};

/**
 * @param {string} root the folder of the repository
 */
export function quorate(root) {
  return defineConfig(
    globalIgnores(['**/dist/', '**/coverage/', '**/.turbo/', '**/.cache/']),
    js.configs.recommended,
    tseslint.configs.strictTypeChecked,
    {
      languageOptions: {
        parserOptions: { project: 'tsconfig.lint.json', tsconfigRootDir: root },
      },
      linterOptions: { reportUnusedDisableDirectives: 'error' },
      plugins: { quorate: plugin },
      rules: {
        'quorate/floors': 'error',
        'quorate/purity': 'error',

        '@typescript-eslint/consistent-type-imports': [
          'error',
          { fixStyle: 'inline-type-imports' },
        ],
        '@typescript-eslint/no-import-type-side-effects': 'error',
        '@typescript-eslint/prefer-readonly': 'error',
        '@typescript-eslint/switch-exhaustiveness-check': [
          'error',
          { requireDefaultForNonUnion: true, considerDefaultExhaustiveForUnions: false },
        ],
        eqeqeq: 'error',
        // There is none, see below, and looking for one in every assignment takes its time.
        '@typescript-eslint/no-unsafe-enum-assignment': 'off',
        'no-restricted-syntax': [
          'error',
          {
            selector: 'TSEnumDeclaration',
            message: 'Write a union of literals instead of an enum.',
          },
        ],

        // A port's method is async although one of its implementations has nothing to wait for.
        '@typescript-eslint/require-await': 'off',
        // Numbers and booleans read well in a message.
        '@typescript-eslint/restrict-template-expressions': [
          'error',
          { allowNumber: true, allowBoolean: true },
        ],
        // `() => send(frame)` is the plain way to write a callback.
        '@typescript-eslint/no-confusing-void-expression': [
          'error',
          { ignoreArrowShorthand: true },
        ],
        // `while (true)` is the plain way to write a loop that ends inside.
        '@typescript-eslint/no-unnecessary-condition': [
          'error',
          { allowConstantLoopConditions: 'only-allowed-literals' },
        ],
        // A leading underscore says that a parameter is there for its position.
        '@typescript-eslint/no-unused-vars': [
          'error',
          { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
        ],
      },
    },
    {
      // Libraries are silent: a logger is handed in.
      files: ['packages/*/src/**'],
      rules: { 'no-console': 'error' },
    },
    {
      // ESLint's syntax trees and JSON files come untyped into plain JavaScript.
      files: ['**/*.js', '**/*.cjs'],
      rules: {
        '@typescript-eslint/no-unsafe-argument': 'off',
        '@typescript-eslint/no-unsafe-assignment': 'off',
        '@typescript-eslint/no-unsafe-call': 'off',
        '@typescript-eslint/no-unsafe-member-access': 'off',
        '@typescript-eslint/no-unsafe-return': 'off',
        // The compiler knows what is defined.
        'no-undef': 'off',
      },
    },
    {
      // CommonJS, which pnpm asks for, is in no TypeScript project.
      files: ['**/*.cjs'],
      extends: [tseslint.configs.disableTypeChecked],
      rules: { '@typescript-eslint/no-require-imports': 'off' },
    },
  );
}
