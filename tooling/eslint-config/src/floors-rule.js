/** `quorate/floors`: a package imports only from the floors below its own. The table is in floors.js. */
import { posix } from 'node:path';
import { appNames, apps, packages, tooling } from './floors.js';
import { visitImports } from './imports.js';
import { placeOf } from './place.js';

/** @type {import('eslint').Rule.RuleModule} */
export const floorsRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      noFloor:
        '{{folder}} stands on no floor yet: give it a line in tooling/eslint-config/src/floors.js.',
      app: 'Nothing imports an app; {{target}} is one.',
      notBelow:
        '{{folder}} (floor {{floor}}) may import {{allowed}}, not {{target}} (floor {{targetFloor}}).',
      leaves: "{{source}} leaves the package. Import another package by its name, '@quorate/…'.",
    },
  },
  create(context) {
    const filename = context.filename.replaceAll('\\', '/');
    const place = placeOf(filename);
    if (place === undefined || place.room !== 'src') {
      return {};
    }
    const own = lineOf(place.house, place.folder);
    return visitImports((source, node) => {
      const report = (
        /** @type {string} */ messageId,
        /** @type {Record<string, string>} */ data,
      ) => {
        context.report({ node, messageId, data });
      };
      if (own === undefined) {
        report('noFloor', { folder: place.folder });
        return;
      }
      if (source.startsWith('.')) {
        const target = placeOf(posix.join(posix.dirname(filename), source));
        if (target?.house !== place.house || target.folder !== place.folder) {
          report('leaves', { source });
        }
        return;
      }
      const target = /^@quorate\/([^/]+)/.exec(source)?.[1];
      if (target === undefined) {
        return;
      }
      if (appNames.includes(target)) {
        report('app', { target });
        return;
      }
      const other = packages[target];
      if (other === undefined) {
        if (place.house !== 'tooling') {
          report('noFloor', { folder: target });
        }
        return;
      }
      if (own.mayImport !== 'every package' && !own.mayImport.includes(target)) {
        const allowed =
          own.mayImport.length === 0 ? 'no package' : `only ${own.mayImport.join(', ')}`;
        report('notBelow', {
          folder: place.folder,
          floor: String(own.floor),
          allowed,
          target,
          targetFloor: String(other.floor),
        });
      }
    });
  },
};

/**
 * @param {'packages' | 'apps' | 'tooling'} house
 * @param {string} folder
 */
function lineOf(house, folder) {
  switch (house) {
    case 'packages':
      return packages[folder];
    case 'apps':
      return apps;
    case 'tooling':
      return tooling;
  }
}
