// The command line of tcpvsadm: one command, and the options that it takes.
import { WeirError } from '../../model/errors/weir-error.js';

/** By the order of KTCPVS's table. */
const COMMANDS = {
  'add-service': { letter: 'A', needs: ['ident'], takes: ['scheduler', 'port', 'listen', 'way'] },
  'edit-service': { letter: 'E', needs: ['ident'], takes: ['scheduler', 'port', 'listen', 'way'] },
  'delete-service': { letter: 'D', needs: ['ident'], takes: [] },
  flush: { letter: 'F', needs: [], takes: [] },
  list: { letter: 'L', needs: [], takes: ['ident', 'numeric'] },
  'add-server': { letter: 'a', needs: ['ident', 'real-server'], takes: ['weight'] },
  'edit-server': { letter: 'e', needs: ['ident', 'real-server'], takes: ['weight'] },
  'delete-server': { letter: 'd', needs: ['ident', 'real-server'], takes: [] },
  'add-rule': { letter: '', needs: ['ident', 'real-server', 'pattern'], takes: ['match'] },
  'del-rule': { letter: '', needs: ['ident', 'real-server', 'pattern'], takes: [] },
  start: { letter: '', needs: [], takes: ['ident'] },
  stop: { letter: '', needs: [], takes: ['ident'] },
  'load-configfile': { letter: 'f', needs: [], takes: [] },
  help: { letter: 'h', needs: [], takes: [] },
} as const satisfies Readonly<Record<string, { letter: string; needs: readonly string[]; takes: readonly string[] }>>;

export type CommandName = keyof typeof COMMANDS;

const OPTIONS = {
  ident: 'i',
  scheduler: 's',
  port: 'P',
  listen: 'l',
  'real-server': 'r',
  weight: 'w',
  pattern: 'p',
  match: 'm',
  numeric: 'n',
  /** weir's own: without a letter. */
  way: '',
} as const;

type OptionName = keyof typeof OPTIONS;

export interface TcpvsadmCommand {
  readonly name: CommandName;
  /** Of `load-configfile`. */
  readonly file: string;
  readonly options: Readonly<Partial<Record<OptionName, string>>>;
}

export const usageError = (what: string): WeirError => new WeirError('tcpvsadm-usage', { what });

interface Found {
  readonly kind: 'command' | 'option';
  readonly name: string;
  readonly hasValue: boolean;
}

function meaningOf(isLetter: boolean, text: string): Found {
  for (const [name, { letter }] of Object.entries(COMMANDS)) {
    if (isLetter ? letter === text && letter !== '' : name === text) return { kind: 'command', name, hasValue: name === 'load-configfile' };
  }
  for (const [name, letter] of Object.entries(OPTIONS)) {
    if (isLetter ? letter === text && letter !== '' : name === text) return { kind: 'option', name, hasValue: name !== 'numeric' };
  }
  throw usageError(`invalid option ${isLetter ? '-' : '--'}${text}`);
}

/** Each option with its value, as getopt_long finds them. */
function* optionsIn(args: readonly string[]): Generator<Found & { readonly value: string }> {
  const left = [...args];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const value = (found: Found): string => {
      const next = left.shift();
      if (next === undefined) throw usageError(`option ${found.name} requires an argument`);
      return next;
    };
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const found = meaningOf(false, equals < 0 ? word.slice(2) : word.slice(2, equals));
      if (equals >= 0 && !found.hasValue) throw usageError(`option ${found.name} takes no argument`);
      yield { ...found, value: !found.hasValue ? '' : equals < 0 ? value(found) : word.slice(equals + 1) };
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const found = meaningOf(true, word[at] ?? '');
        if (!found.hasValue) {
          yield { ...found, value: '' };
          continue;
        }
        yield { ...found, value: at + 1 < word.length ? word.slice(at + 1) : value(found) };
        break;
      }
    } else throw usageError('unknown arguments found in command line');
  }
}

/** @throws WeirError tcpvsadm-usage */
export function readCommand(args: readonly string[]): TcpvsadmCommand {
  let name: CommandName | undefined;
  let file = '';
  const options: Partial<Record<OptionName, string>> = {};
  for (const found of optionsIn(args)) {
    if (found.kind === 'command') {
      if (name !== undefined) throw usageError('multiple commands specified');
      name = found.name as CommandName;
      file = found.value;
    } else {
      const option = found.name as OptionName;
      if (options[option] !== undefined) throw usageError(`multiple '${option}' options specified`);
      options[option] = found.value;
    }
  }
  if (name === undefined) {
    if (args.length > 0) throw usageError('no command specified');
    return { name: 'list', file, options };
  }
  const { needs, takes } = COMMANDS[name];
  const missing = needs.find((option) => options[option] === undefined);
  if (missing !== undefined) throw usageError(`You need to supply the '${missing}' option for the '${name}' command`);
  const known: readonly string[] = [...needs, ...takes];
  const illegal = Object.keys(options).find((option) => !known.includes(option));
  if (illegal !== undefined) throw usageError(`Illegal '${illegal}' option with the '${name}' command`);
  return { name, file, options };
}
