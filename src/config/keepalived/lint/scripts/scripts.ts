// Scripts that stop the daemon that runs them, and scripts that run as root although others can change them.
import type { Script } from '../../../../model/keepalived/script.js';
import { placeIn, serverPlace } from '../place.js';
import { findingOf, type LintNode, type LintRule, type LintVerdict } from '../rule.js';
import { type UsedScript, usedScripts } from './used-scripts.js';

const STOPS: LintVerdict = {
  code: 'script-stops-keepalived',
  severity: 'warning',
  meaning: 'A tracking or notify script stops keepalived itself: it is not started again, and the node can no longer take over.',
};
const ROOT: LintVerdict = {
  code: 'script-as-root',
  severity: 'warning',
  meaning: 'Scripts run as root without `enable_script_security`: whoever can change a script is root.',
};

/** Commands that stop the daemon; `keepalived` may be part of a path. */
const STOPPING =
  /(?:systemctl\s+(?:\S+\s+)*(?:stop|restart|kill|disable)\s+(?:\S+\s+)*keepalived|(?:service|rc-service|init\.d)[\s/]+keepalived\s+(?:stop|restart)|(?:pkill|killall)\s+(?:\S+\s+)*keepalived|\bkill\s+.*(?:keepalived\.pid|(?:pidof|pgrep)\s+(?:\S+\s+)*keepalived))/;
/** Signals with another purpose than stopping the daemon (is it alive, reload, dump). */
const ASKING = /kill\w*\s+(?:-s\s+|--signal[ =]|-)(?:SIG)?(?:0|1|HUP|10|USR1|12|USR2)\b/;
/** Longer lines were not written by a person. */
const LINE_LENGTH_MAX = 1000;

const stops = (line: string): boolean => line.length <= LINE_LENGTH_MAX && !/^\s*#/.test(line) && STOPPING.test(line) && !ASKING.test(line);

function stopping({ argv, text }: Script, node: LintNode): string | undefined {
  if (stops(text)) return text;
  // The command itself, or the file that a shell runs.
  for (const path of argv.slice(0, 2)) {
    const line = node.scripts.get(path)?.split('\n').find(stops);
    if (line !== undefined) return `${path} has the line "${line.trim()}"`;
  }
  return undefined;
}

const runsAsRoot = ({ script }: UsedScript, node: LintNode): boolean =>
  (script.runAs?.user ?? node.configuration.global.scriptUser?.user ?? 'root') === 'root';

function securityFinding(node: LintNode): readonly ReturnType<typeof findingOf>[] {
  const { global } = node.configuration;
  const roots = global.scriptSecurity ? [] : usedScripts(node.configuration).filter((used) => runsAsRoot(used, node));
  const [first] = roots;
  if (first === undefined) return [];
  const names = [...new Set(roots.map(({ script }) => script.argv[0] ?? script.text))];
  const cause = `neither enable_script_security nor script_user is set: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`;
  const fix =
    'set enable_script_security (refuses scripts that others can change) and script_user (another than root, if possible) in global_defs';
  const at = first.block === 'virtual_server' ? serverPlace(node, first.name) : placeIn(node, first.block, first.name, first.keyword);
  return [findingOf(ROOT, at, `${names.length} script${names.length > 1 ? 's run' : ' runs'} as root without script security`, cause, fix)];
}

export const scripts: LintRule = {
  verdicts: [STOPS, ROOT],
  examine: (nodes) =>
    nodes.flatMap((node) => [
      ...usedScripts(node.configuration).flatMap(({ script, block, name, keyword }) => {
        const why = stopping(script, node);
        if (why === undefined) return [];
        const fix = 'report the failure by the exit status (with weight 0: FAULT), and leave the daemon running';
        const at = block === 'virtual_server' ? serverPlace(node, name) : placeIn(node, block, name, keyword);
        return [findingOf(STOPS, at, `${name}: a script stops keepalived itself`, why, fix)];
      }),
      ...securityFinding(node),
    ]),
};
