/** `@eslint/js` carries no types of its own. */
declare module '@eslint/js' {
  import type { Linter } from 'eslint';

  const js: { readonly configs: { readonly recommended: Linter.Config } };
  export default js;
}
