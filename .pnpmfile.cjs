/**
 * A script prints what its program prints, and nothing else: `pnpm quorate-kv get x` can be piped,
 * and the last line of `pnpm test` is its total. pnpm would add a banner before and a line after.
 * Only scripts of the root are silenced; `pnpm install` and every other command report as usual.
 */
const { scripts } = require('./package.json');

module.exports = {
  hooks: {
    updateConfig(config) {
      const [command, name] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
      const script = command === 'run' ? name : command;
      return script !== undefined && Object.hasOwn(scripts, script)
        ? { ...config, reporter: 'silent' }
        : config;
    },
  },
};
