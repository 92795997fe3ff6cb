// What is wrong with the command line of one of weir's own commands; the API reports the same about its parameters.
import type { ErrorRows } from './error-row.js';

interface Option {
  /** With its dashes. */
  readonly option: string;
}
interface Given {
  readonly given: string;
}
interface Expected {
  readonly expected: string;
}

const shown = (text: string): string => (text === '' ? '(empty)' : text);

export const usageErrors = {
  /** `usage`: the whole usage text. */
  usage: { text: ({ usage }: { usage: string }) => usage, exitStatus: 2 },
  'option-unknown': { text: ({ option }: Option) => `unknown option: ${option}`, exitStatus: 2 },
  'option-twice': { text: ({ option }: Option) => `${option} is given twice`, exitStatus: 2 },
  'option-takes-no-value': { text: ({ option }: Option) => `${option} takes no value`, exitStatus: 2 },
  'option-needs-value': { text: ({ option }: Option) => `${option} needs a value`, exitStatus: 2 },
  'option-missing': { text: ({ option }: Option) => `${option} is missing`, exitStatus: 2 },
  'option-value': {
    text: ({ option, expected, given }: Option & Expected & Given) => `${option} takes ${expected}, not ${shown(given)}`,
    exitStatus: 2,
  },
  /** `only`: the case in which the options may be given. */
  'option-not-here': {
    text: ({ options, only }: { options: string; only: string }) => `${options}: only with ${only}`,
    exitStatus: 2,
  },
  'options-exclude': { text: ({ options }: { options: readonly string[] }) => `only one of ${options.join(', ')}`, exitStatus: 2 },
  'argument-unexpected': { text: ({ given }: Given) => `unexpected argument: ${shown(given)}`, exitStatus: 2 },
  'argument-missing': { text: ({ expected }: Expected) => `${expected} is missing`, exitStatus: 2 },
  'argument-twice': { text: ({ given }: Given) => `${given} is given twice`, exitStatus: 2 },
  'argument-value': { text: ({ expected, given }: Expected & Given) => `not ${expected}: ${shown(given)}`, exitStatus: 2 },
  'file-unreadable': { text: ({ path, why }: { path: string; why: string }) => `${path} cannot be read: ${why}`, exitStatus: 2 },
  'capture-without-service': {
    text: ({ path, service }: { path: string; service: string }) => `${path} has no packet to or from ${service}`,
    hint: 'name what clients connect to, with udp: or sctp: in front where it is not TCP; tcpdump -n -r lists the packets of a file',
    exitStatus: 2,
  },
  'action-unknown': {
    text: ({ given, known }: Given & { known: string }) => `unknown action: ${given} (${known})`,
    exitStatus: 2,
  },
  'too-many-files': { text: () => 'explain takes one file and one --id', exitStatus: 2 },
  'ids-without-files': {
    text: ({ ids, files }: { ids: number; files: number }) => `--id: ${ids} names for ${files} files`,
    exitStatus: 2,
  },
  'role-not-clear': {
    text: () => 'no datapath is loaded here, no VIP is on lo and no keepalived.conf is here',
    hint: 'weir load on a director (or --role director); --role rs on a real server; else --keepalived FILE',
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
