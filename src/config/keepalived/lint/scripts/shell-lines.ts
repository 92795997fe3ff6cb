// What can be learned from a shell script without running it.
import type { Script } from '../../../../model/keepalived/script.js';

/** The facts about a script. */
export interface ShellLines {
  readonly path: string;
  /** Its commands, without comments and blank lines. */
  readonly commands: readonly string[];
  /** Seconds; 0: it does not sleep */
  readonly longestSleep: number;
  /** It cannot fail: every branch ends in echo (or the like). */
  readonly endsInEcho: boolean;
  /** It examines the addresses of this host. */
  readonly looksAtAddresses: boolean;
}

/** Words that may change the exit status from the 0 of the last command. */
const MAY_FAIL = /\bexit\b(?!\s+0\b)|\breturn\b|\bexec\b|\bset\s+-\w*e|\btrap\b|\bfalse\b|\)\s*\{/;
const HARMLESS = /^(?:(?:echo|printf|logger|true|:)(?:\s[^|&]*)?|exit\s+0)$/;
/** Words that end a branch. */
const BRANCH_END = /^(?:else\b|elif\b|fi\b|esac\b|done\b|;;)/;
const SLEEP = /\bsleep\s+(\d+(?:\.\d+)?)(m?)/g;
const ADDRESSES = /\bip\s+(?:-\S+\s+)*a(?:d|ddr|ddress)?\b|\bhostname\s+-[iI]|\bifconfig\b/;

function longestSleep(lines: readonly string[]): number {
  const sleeps = lines.flatMap((line) => [...line.matchAll(SLEEP)].map(([, number, unit]) => Number(number) * (unit === 'm' ? 60 : 1)));
  return Math.max(0, ...sleeps);
}

/** One command a line: `then echo x; fi` becomes three. */
const commands = (lines: readonly string[]): readonly string[] =>
  lines
    .flatMap((line) => line.replace(/(?<=^|[\s;])(then|else|do)\s+/g, '$1;').split(/(?<!;);(?!;)/))
    .map((command) => command.trim())
    .filter((command) => command !== '' && command !== 'then' && command !== 'do');

function endsInEcho(lines: readonly string[]): boolean {
  if (lines.some((line) => MAY_FAIL.test(line))) return false;
  const all = commands(lines);
  const last = (index: number): boolean => index === all.length - 1 || BRANCH_END.test(all[index + 1] ?? '');
  const ends = all.filter((command, index) => !BRANCH_END.test(command) && last(index));
  return ends.length > 0 && ends.every((command) => HARMLESS.test(command));
}

/** undefined: the script cannot be read, or is not a shell script. */
export function shellLines({ argv }: Script, texts: ReadonlyMap<string, string>): ShellLines | undefined {
  const path = argv.slice(0, 2).find((word) => texts.has(word));
  const text = path === undefined ? undefined : texts.get(path);
  if (path === undefined || text === undefined || (text.startsWith('#!') && !/^#!.*sh\b/.test(text))) return undefined;
  const commands = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return {
    path,
    commands,
    longestSleep: longestSleep(commands),
    endsInEcho: endsInEcho(commands),
    looksAtAddresses: commands.some((line) => ADDRESSES.test(line)),
  };
}
