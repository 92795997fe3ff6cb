// keepalived's command line: the options of keepalived(8), in getopt's grammar. weir reads its own so, and those of daemons that run here.

export interface Option {
  readonly short?: string;
  readonly long?: string;
  /** `optional`: only attached (`-tFILE`, `--config-test=FILE`), as getopt has it. */
  readonly argument: 'none' | 'required' | 'optional';
}

const none = (short: string | undefined, long: string): Option => ({ ...(short === undefined ? {} : { short }), long, argument: 'none' });
const required = (short: string, long: string): Option => ({ short, long, argument: 'required' });
const optional = (short: string, long: string): Option => ({ short, long, argument: 'optional' });

export const OPTIONS: readonly Option[] = [
  required('f', 'use-file'),
  none('P', 'vrrp'),
  none('C', 'check'),
  none('B', 'no_bfd'),
  none(undefined, 'all'),
  none('l', 'log-console'),
  none('D', 'log-detail'),
  required('S', 'log-facility'),
  optional('g', 'log-file'),
  none(undefined, 'flush-log-file'),
  none('G', 'no-syslog'),
  required('u', 'umask'),
  none('X', 'release-vips'),
  none('V', 'dont-release-vrrp'),
  none('I', 'dont-release-ipvs'),
  none('R', 'dont-respawn'),
  none('n', 'dont-fork'),
  none('d', 'dump-conf'),
  required('p', 'pid'),
  required('r', 'vrrp_pid'),
  none('T', 'genhash'),
  required('c', 'checkers_pid'),
  none('a', 'address-monitoring'),
  required('b', 'bfd_pid'),
  none('x', 'snmp'),
  required('A', 'snmp-agent-socket'),
  required('s', 'namespace'),
  none('m', 'core-dump'),
  optional('M', 'core-dump-pattern'),
  none('e', 'all-config'),
  required('i', 'config-id'),
  { long: 'signum', argument: 'required' },
  optional('t', 'config-test'),
  { long: 'perf', argument: 'optional' },
  { long: 'debug', argument: 'optional' },
  none(undefined, 'no-mem-check'),
  none('v', 'version'),
  none('h', 'help'),
];

/** One option as it stood, and its argument. */
export interface GivenOption {
  readonly option: Option;
  readonly value?: string;
  readonly text: string;
}

/** keepalived's message. */
export class CommandLineError extends Error {}

function longOption(name: string): Option | undefined {
  const exact = OPTIONS.find(({ long }) => long === name);
  if (exact !== undefined) return exact;
  const starting = OPTIONS.filter(({ long }) => long?.startsWith(name) === true);
  return starting.length === 1 ? starting[0] : undefined;
}

/**
 * Splits the words as getopt_long does: clusters, attached and separate arguments, unique beginnings of long names.
 * @throws CommandLineError
 */
export function readCommandLine(args: readonly string[]): { readonly given: readonly GivenOption[]; readonly extra: readonly string[] } {
  const given: GivenOption[] = [];
  const extra: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') {
      extra.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      extra.push(word);
      continue;
    }
    const argument = (option: Option, attached: string | undefined, text: string): void => {
      if (option.argument === 'none' || (option.argument === 'optional' && attached === undefined)) {
        given.push({ option, text });
        return;
      }
      const value = attached ?? args[++at];
      if (value === undefined || value === '') throw new CommandLineError(`Missing parameter for option ${text}`);
      given.push({ option, value, text });
    };
    if (word.startsWith('--')) {
      const [, name = '', attached] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const option = longOption(name);
      if (option === undefined) throw new CommandLineError(`Unknown option --${name}`);
      argument(option, attached, `--${option.long}`);
      continue;
    }
    for (let letter = 1; letter < word.length; letter++) {
      const name = word[letter] ?? '';
      const option = OPTIONS.find(({ short }) => short === name);
      if (option === undefined) throw new CommandLineError(`Unknown option -${name}`);
      const rest = word.slice(letter + 1);
      argument(option, option.argument === 'none' || rest === '' ? undefined : rest, `-${name}`);
      if (option.argument !== 'none') break;
    }
  }
  return { given, extra };
}
