/** `quorate/purity`: a package keeps the doors shut that purity.js names for it. */
import { isBuiltin } from 'node:module';
import { visitImports } from './imports.js';
import { placeOf } from './place.js';
import { doors, exceptions, parts, shut } from './purity.js';

/** @import { Door } from './purity.js' */

const why = {
  async: 'nothing waits here; ask for it in an effect and take the answer as an input',
  asyncTypes: 'nothing waits here; ask for it in an effect and take the answer as an input',
  microtasks: 'nothing is put off here',
  clock: 'time is handed in',
  timers: 'timers are handed in',
  random: 'randomness is handed in, seeded',
  node: 'this package also runs in a browser',
};

/** The names under which the global object itself can be had. */
const globalObjects = ['globalThis', 'self', 'window', 'global'];

/** @type {import('eslint').Rule.RuleModule} */
export const purityRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      shut: '{{folder}} must not use {{name}}: {{why}}.',
      unknownName: '{{folder}} must not reach into {{name}} by a name that cannot be read here.',
    },
  },
  create(context) {
    const filename = context.filename.replaceAll('\\', '/');
    const place = placeOf(filename);
    if (place === undefined || place.house !== 'packages' || place.room !== 'src') {
      return {};
    }
    const exception = Object.entries(exceptions).find(([file]) =>
      filename.endsWith(`packages/${file}`),
    );
    const part = Object.entries(parts).find(([path]) => filename.includes(`packages/${path}/`));
    const folder = part?.[0] ?? place.folder;
    const closed = exception?.[1] ?? part?.[1] ?? shut[folder] ?? [];
    if (closed.length === 0) {
      return {};
    }

    /**
     * @param {import('eslint').Rule.Node} node
     * @param {Door} door
     * @param {string} name
     */
    const report = (node, door, name) => {
      context.report({ node, messageId: 'shut', data: { folder, name, why: why[door] } });
    };

    /** @param {'globals' | 'modules' | 'members'} kind @param {string} name @param {boolean} isType */
    const doorOf = (kind, name, isType) =>
      closed.find(
        (door) =>
          (door === 'asyncTypes') === isType && doors[door][kind].some((each) => each === name),
      );

    const waits =
      (/** @type {string} */ name) => (/** @type {import('eslint').Rule.Node} */ node) => {
        if (closed.includes('async')) {
          report(node, 'async', name);
        }
      };

    return {
      ...visitImports((source, node) => {
        const module = source.replace(/^node:/, '');
        const door = doorOf('modules', module, false);
        if (door !== undefined) {
          report(node, door, source);
        } else if (closed.includes('node') && isBuiltin(source)) {
          report(node, 'node', source);
        }
      }),
      ':function[async=true]': waits('async'),
      AwaitExpression: waits('await'),
      'ForOfStatement[await=true]': waits('for await'),
      'VariableDeclaration[kind="await using"]': waits('await using'),

      'Program:exit'() {
        const scope = context.sourceCode.scopeManager.globalScope;
        if (scope === null) {
          return;
        }
        // A name is global if no scope of the file declares it.
        const references = [
          ...scope.through,
          ...scope.variables
            .filter((each) => each.defs.length === 0)
            .flatMap((each) => each.references),
        ];
        for (const reference of new Set(references)) {
          const { identifier } = reference;
          // Only the scopes of typescript-eslint tell a type from a value; plain JavaScript has values alone.
          const isType = 'isTypeReference' in reference && reference.isTypeReference === true;
          check(identifier, identifier.name, isType);
        }
      },
    };

    /**
     * @param {any} node the identifier, or the member expression on the global object that stands for it
     * @param {string} name
     * @param {boolean} isType
     */
    function check(node, name, isType) {
      const door = doorOf('globals', name, isType);
      if (door !== undefined) {
        report(node, door, name);
        return;
      }
      if (isType) {
        return;
      }
      const isGlobalObject = globalObjects.includes(name);
      const members = membersOf(node);
      if (members === undefined) {
        if (isGlobalObject && exception === undefined) {
          context.report({ node, messageId: 'unknownName', data: { folder, name } });
        }
        return;
      }
      for (const member of members) {
        if (isGlobalObject) {
          check(node.parent, member, false);
          continue;
        }
        const memberDoor = doorOf('members', `${name}.${member}`, false);
        if (memberDoor !== undefined) {
          report(node.parent, memberDoor, `${name}.${member}`);
        }
      }
    }
  },
};

/**
 * The members that are taken from an object: `x.a`, `x['a']`, `const { a, b } = x`.
 * @param {any} node
 * @returns {readonly string[] | undefined} undefined if that cannot be told
 */
function membersOf(node) {
  const { parent } = node;
  if (parent.type === 'MemberExpression' && parent.object === node) {
    if (!parent.computed) {
      return [parent.property.name];
    }
    return typeof parent.property.value === 'string' ? [parent.property.value] : undefined;
  }
  if (
    parent.type === 'VariableDeclarator' &&
    parent.init === node &&
    parent.id.type === 'ObjectPattern'
  ) {
    const keys = parent.id.properties.map((/** @type {any} */ each) =>
      each.type === 'Property' && !each.computed ? (each.key.name ?? each.key.value) : undefined,
    );
    return keys.every((/** @type {unknown} */ key) => typeof key === 'string') ? keys : undefined;
  }
  return undefined;
}
