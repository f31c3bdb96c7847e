/**
 * The lint rules of our own, which keep the house in shape. All others are oxlint's, in .oxlintrc.jsonc: of those it
 * knows all, and it takes a tenth of the time.
 */
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { floorsRule } from './floors-rule.js';
import { purityRule } from './purity-rule.js';

export const plugin = {
  meta: { name: 'quorate' },
  rules: { floors: floorsRule, purity: purityRule },
};

export function quorate() {
  return defineConfig(globalIgnores(['**/dist/']), {
    // Tests may reach for whatever they like.
    files: ['{packages,apps,tooling}/*/src/**/*.{ts,js}'],
    languageOptions: { parser: tseslint.parser },
    plugins: { quorate: plugin },
    rules: {
      'quorate/floors': 'error',
      'quorate/purity': 'error',
      // The compiler refuses those that become code.
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSEnumDeclaration',
          message: 'Write a union of literals instead of an enum.',
        },
      ],
    },
  });
}
