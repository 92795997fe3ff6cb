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

/** What getopt_long makes of a command line, piece by piece; it goes on behind what is wrong. */
export type Piece =
  /** `excess`: a value that it does not take. `behind`: what has not been read yet. */
  | (GivenOption & { readonly kind: 'option'; readonly excess?: string; readonly behind: readonly string[] })
  | { readonly kind: 'unknown'; readonly text: string; readonly word: string }
  | { readonly kind: 'missing'; readonly text: string }
  /** No option. */
  | { readonly kind: 'word'; readonly word: string };

function longOption(name: string, options: readonly Option[]): Option | undefined {
  const exact = options.find(({ long }) => long === name);
  if (exact !== undefined) return exact;
  const starting = options.filter(({ long }) => long?.startsWith(name) === true);
  return starting.length === 1 ? starting[0] : undefined;
}

/** Splits words as getopt_long does: clusters, attached and separate arguments, unique beginnings of long names. */
export function* piecesOf(args: readonly string[], options: readonly Option[]): Generator<Piece> {
  let at = 0;
  const piece = (option: Option, attached: string | undefined, text: string, cluster = ''): Piece => {
    const given = (value?: string): Piece => ({
      kind: 'option',
      option,
      ...(value === undefined ? {} : { value }),
      text,
      ...(option.argument === 'none' && attached !== undefined ? { excess: attached } : {}),
      behind: [...(cluster === '' ? [] : [`-${cluster}`]), ...args.slice(at + 1)],
    });
    if (option.argument === 'none' || (option.argument === 'optional' && attached === undefined)) return given();
    const value = attached ?? args[++at];
    return value === undefined ? { kind: 'missing', text } : given(value);
  };
  for (; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') {
      for (const behind of args.slice(at + 1)) yield { kind: 'word', word: behind };
      return;
    }
    if (!word.startsWith('-') || word === '-') yield { kind: 'word', word };
    else if (word.startsWith('--')) {
      const [, name = '', attached] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const option = longOption(name, options);
      yield option === undefined ? { kind: 'unknown', text: `--${name}`, word } : piece(option, attached, `--${option.long}`);
    } else {
      for (let letter = 1; letter < word.length; letter++) {
        const name = word[letter] ?? '';
        const option = options.find(({ short }) => short === name);
        const rest = word.slice(letter + 1);
        if (option === undefined) yield { kind: 'unknown', text: `-${name}`, word };
        else if (option.argument === 'none') yield piece(option, undefined, `-${name}`, rest);
        else {
          yield piece(option, rest === '' ? undefined : rest, `-${name}`);
          break;
        }
      }
    }
  }
}

/**
 * Reads keepalived's own command line.
 * @throws CommandLineError
 */
export function readCommandLine(args: readonly string[]): { readonly given: readonly GivenOption[]; readonly extra: readonly string[] } {
  const given: GivenOption[] = [];
  const extra: string[] = [];
  for (const piece of piecesOf(args, OPTIONS)) {
    if (piece.kind === 'word') extra.push(piece.word);
    else if (piece.kind === 'unknown') throw new CommandLineError(`Unknown option ${piece.text}`);
    else if (piece.kind === 'missing' || piece.value === '') throw new CommandLineError(`Missing parameter for option ${piece.text}`);
    else given.push({ option: piece.option, ...(piece.value === undefined ? {} : { value: piece.value }), text: piece.text });
  }
  return { given, extra };
}
