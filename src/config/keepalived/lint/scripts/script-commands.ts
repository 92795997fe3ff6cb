// Commands with shell syntax that run without a shell.
import type { Script } from '../../../../model/keepalived/script.js';
import { placeIn, serverPlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';
import { usedScripts } from './used-scripts.js';

const SIGNS: LintVerdict = {
  code: 'shell-signs-without-shell',
  severity: 'warning',
  meaning: 'A command has `|`, `&&`, `||`, `;`, `>`, `$(…)` or backquotes, but runs without a shell: the program gets them as arguments.',
};

/** Words that are commands only in a shell: no such program is found, and the whole text goes to `sh -c`. */
const OF_SHELLS = new Set([
  'if',
  'for',
  'while',
  'until',
  'case',
  '!',
  '{',
  '(',
  '[[',
  'exit',
  'cd',
  'eval',
  'exec',
  'source',
  '.',
  'export',
  'set',
]);
const COMMAND = /^(?:[\w./+-]+|\[)$/;
const SIGN = /^(?:\|\|?|&&?|;|\d?(?:>>?|<<?)(?:&\d|[\w./-]+)?)$|.;$/;
const SUBSTITUTION = /\$\(|`/;

/** The first word with shell syntax. */
function signIn({ argv }: Script): string | undefined {
  const [command = '', ...words] = argv;
  if (!COMMAND.test(command) || OF_SHELLS.has(command)) return undefined;
  return words.find((word, index) => SIGN.test(word) || (SUBSTITUTION.test(word) && words[index - 1] !== '-c'));
}

export const scriptCommands: LintRule = {
  verdicts: [SIGNS],
  examine: (nodes) =>
    nodes.flatMap((node) =>
      usedScripts(node.configuration).flatMap(({ script, block, name, keyword }) => {
        const sign = signIn(script);
        if (sign === undefined) return [];
        const at = block === 'virtual_server' ? serverPlace(node, name) : placeIn(node, block, name, keyword);
        const cause = `'${sign}' is an argument of ${script.argv[0]}: the command runs without a shell`;
        const fix = `use "/bin/sh -c '…'" around the command, or a script file`;
        return [findingOf(SIGNS, at, `${name}: the command needs a shell`, cause, fix)];
      }),
    ),
};
