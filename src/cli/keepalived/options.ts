// What keepalived's options do, with keepalived's messages.
import { LOG_FACILITIES } from '../../daemon/log/log-options.js';
import { isAllowed, PROCESS_KINDS, PROCESSES, perProcess } from '../../daemon/processes.js';
import { type DaemonOptions, WEIR_FILE_VARIABLE } from '../../daemon/supervisor/daemon-options.js';
import { CommandLineError, type GivenOption, OPTIONS, piecesOf, readCommandLine } from '../../model/keepalived/command-line.js';
import { absolutePath } from '../../sys/files/working-directory.js';

export const DEFAULT_PATH = '/etc/keepalived/keepalived.conf';
const DEFAULT_LOG_FILE = '/tmp/keepalived.log';

/** What is wrong with an option and does not end the start. */
export interface OptionWarning {
  readonly code: 'log-facility-invalid' | 'umask-invalid';
  readonly text: string;
}

/** What was asked for. `failed`: a message for standard error, exit 1. */
export type Asked =
  | { readonly kind: 'help' | 'version' }
  /** `args`: what stands behind it. `warnings` go to standard error. */
  | { readonly kind: 'genhash'; readonly args: readonly string[]; readonly warnings: readonly string[] }
  | { readonly kind: 'signum'; readonly name: string }
  | { readonly kind: 'failed'; readonly text: string }
  /** `warnings` go to standard error, `extra` are words that are no options. */
  | {
      readonly kind: 'run';
      readonly options: DaemonOptions;
      readonly warnings: readonly OptionWarning[];
      readonly extra: readonly string[];
    }
  | {
      readonly kind: 'test';
      readonly options: DaemonOptions;
      /** `-tFILE`: messages go there. */
      readonly output?: string;
      readonly warnings: readonly OptionWarning[];
      readonly extra: readonly string[];
    };

function facility(text: string): number | undefined {
  const name = /^[0-7]$/.test(text) ? `local${text}` : text;
  return Object.hasOwn(LOG_FACILITIES, name) ? LOG_FACILITIES[name] : undefined;
}

/** C's notation: 022, 0x12, 18; undefined when it is no mask. */
function mask(text: string): number | undefined {
  if (!/^(?:0x[0-9a-f]+|[0-9]+)$/i.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
  return value >= 0 && value <= 0o777 ? value : undefined;
}

/** Options without effect in weir; docs/keepalived.md gives the reasons. */
const IDLE = new Set(['X', 'x', 'A', 'm', 'M', 'a']);

const log = (draft: DaemonOptions, part: Partial<DaemonOptions['log']>): Partial<DaemonOptions> => ({ log: { ...draft.log, ...part } });
const pid = (draft: DaemonOptions, part: DaemonOptions['pidFiles']): Partial<DaemonOptions> => ({
  pidFiles: { ...draft.pidFiles, ...part },
});

type OptionEffect = (draft: DaemonOptions, value: string) => Partial<DaemonOptions> | OptionWarning;

/** What each option does, by its letter or, without one, its name, or what is wrong with it. */
const EFFECTS: Readonly<Record<string, OptionEffect>> = {
  ...Object.fromEntries(
    PROCESS_KINDS.flatMap((kind): readonly [string, OptionEffect][] => {
      const option = PROCESSES[kind].keepalived?.pidFileOption;
      return option === undefined ? [] : [[option, (draft, value) => pid(draft, { [kind]: absolutePath(value) })]];
    }),
  ),
  f: (_, path) => ({ path }),
  all: () => ({ all: true }),
  l: (draft) => log(draft, { console: true }),
  D: (draft) => log(draft, { detail: true }),
  G: (draft) => log(draft, { syslog: false }),
  g: (draft, value) => log(draft, { file: absolutePath(value === '' ? DEFAULT_LOG_FILE : value) }),
  S: (draft, value) => {
    const number = facility(value);
    return number === undefined
      ? { code: 'log-facility-invalid', text: `Invalid log facility '${value}'` }
      : log(draft, { facility: number });
  },
  u: (_, value) => {
    const number = mask(value);
    return number === undefined ? { code: 'umask-invalid', text: `Invalid --umask option ${value}` } : { umask: number };
  },
  V: () => ({ keepAddresses: true }),
  I: () => ({ keepServers: true }),
  R: () => ({ respawn: false }),
  n: () => ({ foreground: true }),
  d: () => ({ dump: true }),
  p: (draft, value) => pid(draft, { parent: absolutePath(value) }),
  s: (_, netNamespace) => ({ netNamespace }),
  i: (_, configId) => ({ configId }),
  e: () => ({ allConfig: true }),
};

function partsOf(given: readonly GivenOption[]): DaemonOptions['parts'] {
  const letters = new Set(given.flatMap(({ option: { short } }) => short ?? []));
  return perProcess((row) => isAllowed(row, letters));
}

function defaults(given: readonly GivenOption[], argv: readonly string[]): DaemonOptions {
  const { [WEIR_FILE_VARIABLE]: weirFile } = process.env;
  return {
    path: DEFAULT_PATH,
    parts: partsOf(given),
    all: false,
    log: { detail: false, console: false, syslog: true, facility: LOG_FACILITIES['daemon'] ?? 3 },
    foreground: false,
    dump: false,
    keepAddresses: false,
    keepServers: false,
    respawn: true,
    pidFiles: {},
    allConfig: false,
    ...(weirFile === undefined ? {} : { weirFile }),
    notActedOn: given.flatMap(({ option, text }) => (IDLE.has(option.short ?? '') ? [text] : [])),
    argv,
  };
}

/** -T ends keepalived's own options where it stands: undefined where there is none, or an option in front of it that ends them, too. */
function genhashIn(args: readonly string[]): Extract<Asked, { readonly kind: 'genhash' }> | undefined {
  const words: string[] = [];
  let first = true;
  for (const piece of piecesOf(args, OPTIONS)) {
    if (piece.kind === 'word') {
      words.push(piece.word);
      continue;
    }
    if (piece.kind !== 'option' || ['help', 'version', 'signum'].includes(piece.option.long ?? '')) return undefined;
    if (piece.option.short === 'T') {
      const name = piece.text.replace(/^--/, '');
      const warnings = first ? [] : [`Warning -- \`${name}\` not used as first option, previous options ignored`];
      return { kind: 'genhash', args: [...piece.behind, ...words], warnings };
    }
    first = false;
  }
  return undefined;
}

/** Reads keepalived's command line (keepalived(8)). Paths of files become absolute: a daemon changes its folder. */
export function readOptions(args: readonly string[]): Asked {
  try {
    const genhash = genhashIn(args);
    if (genhash !== undefined) return genhash;
    const { given, extra } = readCommandLine(args);
    // Help, version and signum are answered where they stand, before anything behind them is looked at.
    for (const { option, value = '' } of given) {
      if (option.short === 'h') return { kind: 'help' };
      if (option.short === 'v') return { kind: 'version' };
      if (option.long === 'signum') return { kind: 'signum', name: value };
    }
    const warnings: OptionWarning[] = [];
    let options = defaults(given, args);
    for (const { option, value = '' } of given) {
      const effect = EFFECTS[option.short ?? option.long ?? '']?.(options, value) ?? {};
      if ('code' in effect) warnings.push(effect);
      else options = { ...options, ...effect };
    }
    const test = given.findLast(({ option }) => option.short === 't');
    if (test === undefined) return { kind: 'run', options, warnings, extra };
    return { kind: 'test', options, ...(test.value === undefined ? {} : { output: test.value }), warnings, extra };
  } catch (error) {
    if (error instanceof CommandLineError) return { kind: 'failed', text: error.message };
    throw error;
  }
}
