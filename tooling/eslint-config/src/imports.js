/**
 * Every way in which a file can name another module: static, type-only, re-exported, dynamic, and
 * `typeof import()`. Both rules look at imports through this.
 *
 * @param {(source: string, node: import('eslint').Rule.Node) => void} visit
 * @returns {import('eslint').Rule.RuleListener}
 */
export function visitImports(visit) {
  /** @param {any} node */
  const fromSource = (node) => {
    const source = node.source ?? node.argument?.literal ?? node.argument;
    const value =
      source?.type === 'TemplateLiteral' ? source.quasis[0]?.value.cooked : source?.value;
    if (typeof value === 'string') {
      visit(value, source);
    }
  };
  return {
    ImportDeclaration: fromSource,
    ExportNamedDeclaration: fromSource,
    ExportAllDeclaration: fromSource,
    ImportExpression: fromSource,
    TSImportType: fromSource,
  };
}
