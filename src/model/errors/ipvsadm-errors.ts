// How ipvsadm refuses a command line: its own texts, to the byte (ipvsadm 1.31's sources), with its exit statuses. 255 is popt's.
import type { ErrorRows } from './error-row.js';

interface Text {
  readonly text: string;
}
interface Name {
  readonly name: string;
}
/** `subject`: how ipvsadm names a command or a tunnel type. */
interface Rule extends Name {
  readonly subject: string;
}

export const ipvsadmErrors = {
  'ipvsadm-try-help': { text: () => "Try `ipvsadm -h' or 'ipvsadm --help' for more information.", exitStatus: 255 },
  /** A restore goes on behind it. */
  'ipvsadm-bad-word': { text: ({ word, reason }: { word: string; reason: string }) => `${word}: ${reason}`, exitStatus: 255 },
  'ipvsadm-illegal': { text: ({ what }: { what: string }) => `illegal ${what} specified`, exitStatus: 2 },
  'ipvsadm-invalid-value': {
    text: ({ what, text }: Text & { what: string }) => `invalid ${what} value \`${text}' specified`,
    exitStatus: 2,
  },
  'ipvsadm-invalid-option': { text: ({ text }: Text) => `invalid option \`${text}'`, exitStatus: 2 },
  'ipvsadm-option-twice': { text: ({ name }: Name) => `multiple '${name}' options specified`, exitStatus: 2 },
  'ipvsadm-option-needed': {
    text: ({ name, subject }: Rule) => `You need to supply the '${name}' option for the ${subject}`,
    exitStatus: 2,
  },
  'ipvsadm-option-illegal': { text: ({ name, subject }: Rule) => `Illegal '${name}' option with the ${subject}`, exitStatus: 2 },
  'ipvsadm-options-conflict': {
    text: ({ name, other, subject }: Rule & { other: string }) =>
      `The option '${name}' conflicts with the '${other}' option in the ${subject}`,
    exitStatus: 2,
  },
  'ipvsadm-list-conflict': { text: () => 'options conflicts in the list command', exitStatus: 2 },
  'ipvsadm-argument': { text: ({ text }: Text) => `unexpected argument ${text}`, exitStatus: 2 },
  'ipvsadm-set-three': { text: () => '--set option requires 3 timeout values', exitStatus: 2 },
  'ipvsadm-6-before-f': { text: () => '-6 used before -f\n', exitStatus: 2 },
  'ipvsadm-port-zero': { text: () => 'Zero port specified for non-persistent service', exitStatus: 2 },
  'ipvsadm-one-packet': { text: () => 'One-Packet Scheduling is only for UDP virtual services', exitStatus: 2 },
  'ipvsadm-tunnel-options': { text: () => 'Tunnel options conflict with forward method', exitStatus: 2 },
  'ipvsadm-fullnat-options': { text: () => "'fullnat' and 'local-address' go together", exitStatus: 2 },
  'ipvsadm-client-address': { text: () => "'client-address' goes with 'fullnat'", exitStatus: 2 },
  'ipvsadm-other-family': { text: () => 'Different address family is allowed only for tunneling servers', exitStatus: 2 },
  'ipvsadm-flag-invalid': { text: ({ name }: Name) => `invalid scheduler flag \`${name}'`, exitStatus: 2 },
  'ipvsadm-flag-incompatible': { text: ({ name }: Name) => `incompatible scheduler flag \`${name}'`, exitStatus: 2 },
  'ipvsadm-group': {
    text: ({ family, text }: Text & { family: 'IPv4' | 'IPv6' }) => `invalid ${family} mcast-group \`${text}'`,
    exitStatus: 2,
  },
} as const satisfies ErrorRows;

export type IpvsadmErrorCode = keyof typeof ipvsadmErrors;
