// Why a lab cannot be used, built or entered.
import type { ErrorRows } from './error-row.js';

interface Name {
  readonly name: string;
}
interface Host {
  readonly host: string;
}

export const labErrors = {
  'lab-unknown': { text: ({ name }: Name) => `no lab and no file is called ${name}`, hint: "'weir lab' lists the labs", exitStatus: 2 },
  'lab-unreadable': { text: ({ name, why }: Name & { why: string }) => `${name}: ${why}`, exitStatus: 2 },
  'lab-not-json': {
    text: ({ name, line, column, expected, found }: Name & { line: number; column: number; expected: string; found: string }) =>
      `${name}:${line}:${column}: not JSON: expected ${expected}, got ${found === '' ? 'the end' : JSON.stringify(found)}`,
    exitStatus: 2,
  },
  /** One line for each thing that is wrong. */
  'lab-invalid': { text: ({ lines }: { lines: readonly string[] }) => lines.join('\n'), exitStatus: 2 },
  'lab-host-unknown': {
    text: ({ run, host, hosts }: Host & { run: string; hosts: readonly string[] }) =>
      `${run} has no host ${host}; it has ${hosts.join(', ')}`,
    exitStatus: 1,
  },
  /** `standing`: the labs that stand, each with its hosts. */
  'lab-not-standing': {
    text: ({ run, host, standing }: Host & { run: string | undefined; standing: string }) =>
      `no lab ${run === undefined ? '' : `${run} `}with a host ${host} stands; ${standing === '' ? 'none does' : `there is ${standing}`}`,
    hint: "'weir lab NAME --keep' leaves one standing",
    exitStatus: 1,
  },
  'lab-ambiguous': {
    text: ({ host }: Host & { runs: readonly string[] }) => `several labs have a host ${host}`,
    hint: ({ runs }: Host & { runs: readonly string[] }) => `say --run ${runs.join(' or --run ')}`,
    exitStatus: 1,
  },
  'lab-many': { text: () => 'one lab at a time', exitStatus: 2 },
  'capture-failed': { text: ({ why }: { why: string }) => `tcpdump ${why}`, exitStatus: 1 },
  'capture-not-pcap': { text: () => 'not a pcap file', exitStatus: 1 },
  'capture-link-type': {
    text: ({ linkType, expected }: { linkType: number; expected: number }) =>
      `a capture with link type ${linkType}, not ${expected} (LINUX_SLL2)`,
    exitStatus: 1,
  },
  'capture-missing': { text: () => 'traffic cannot be judged: nothing is captured', exitStatus: 1 },
  'web-server-failed': { text: ({ host, why }: Host & { why: string }) => `the web server of ${host} ${why}`, exitStatus: 1 },
  'lab-command-failed': { text: ({ command, why }: { command: string; why: string }) => `${command}: ${why}`, exitStatus: 1 },
  'switch-ports-silent': { text: ({ ports }: { ports: string }) => `switch ports that stay silent: ${ports}`, exitStatus: 1 },
  'lab-namespace-foreign': {
    text: ({ namespace }: { namespace: string }) => `there is a namespace ${namespace} already that belongs to no lab`,
    hint: ({ namespace }: { namespace: string }) => `remove it first (ip netns del ${namespace})`,
    exitStatus: 1,
  },
  'bin-missing': { text: () => "weir's bin/ was not found beside its program", exitStatus: 1 },
} as const satisfies ErrorRows;
