/**
 * The lint rules of this repository that need no types: those of typescript-eslint's strict set, and the two rules
 * that keep the house in shape. Those that need types are oxlint's, in .oxlintrc.jsonc: without them a file is
 * judged by itself, which takes ESLint a third of the time, and lets it keep what it found of files that are as
 * they were.
 */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { floorsRule } from './floors-rule.js';
import { purityRule } from './purity-rule.js';

export const plugin = {
  meta: { name: 'quorate' },
  rules: { floors: floorsRule, purity: purityRule },
};

export function quorate() {
  return defineConfig(
    globalIgnores(['**/dist/', '**/coverage/', '**/.turbo/', '**/.cache/']),
    js.configs.recommended,
    tseslint.configs.strict,
    {
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
        eqeqeq: 'error',
        'no-restricted-syntax': [
          'error',
          {
            selector: 'TSEnumDeclaration',
            message: 'Write a union of literals instead of an enum.',
          },
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
      // The compiler knows what is defined.
      files: ['**/*.js', '**/*.cjs'],
      rules: { 'no-undef': 'off' },
    },
    {
      // CommonJS, which pnpm asks for.
      files: ['**/*.cjs'],
      rules: { '@typescript-eslint/no-require-imports': 'off' },
    },
  );
}
