// What can be wrong with a weir.yaml. Each is reported with file, line and column, all of a file in one go.
import type { ErrorRows } from './error-row.js';

interface Key {
  readonly key: string;
}

export const weirFileErrors = {
  /** The whole file, for a command that begins with it: each fault with its place. */
  'weir-file-refused': { text: ({ faults }: { faults: readonly string[] }) => faults.join('\n'), exitStatus: 2 },
  /** `why`: in the words of the YAML parser. */
  'file-no-yaml': { text: ({ why }: { why: string }) => `this is no YAML: ${why}`, exitStatus: 2 },
  'file-yaml-feature': {
    text: ({ feature }: { feature: string }) => `${feature} of YAML is not read`,
    hint: 'write the value itself',
    exitStatus: 2,
  },
  'file-too-large': { text: ({ max }: { max: number }) => `the file has more than ${max} bytes`, exitStatus: 2 },
  'file-of-keepalived': {
    text: () => 'this is a keepalived.conf, not a weir.yaml',
    hint: 'weir plan -f FILE shows what its reload changes, weir config lint FILE what is wrong in it',
    exitStatus: 2,
  },
  'file-key-unknown': {
    text: ({ key }: Key & { known: string; meant?: string | undefined }) => `unknown key ${key}`,
    hint: ({ known, meant }) => (meant === undefined ? `one of ${known}` : `did you mean ${meant}?`),
    exitStatus: 2,
  },
  'file-key-missing': { text: ({ key }: Key) => `${key} is missing`, exitStatus: 2 },
  'file-key-needed': { text: ({ key, why }: Key & { why: string }) => `${key} is needed for ${why}`, exitStatus: 2 },
  'file-key-only-with': {
    text: ({ key, only, given }: Key & { only: string; given: string }) => `${key} goes with ${only} only, not with ${given}`,
    exitStatus: 2,
  },
  'file-keys-exclude': { text: ({ keys }: { keys: string }) => `only one of ${keys} can be given, and one must be`, exitStatus: 2 },
  'file-value': {
    text: ({ expected, given }: { expected: string; given: string; meant?: string | undefined }) => `expected ${expected}, not ${given}`,
    hint: ({ meant }) => (meant === undefined ? undefined : `did you mean ${meant}?`),
    exitStatus: 2,
  },
  'file-server-port': {
    text: ({ method }: { method: string; port: number }) => `method ${method} cannot change the port of a packet`,
    hint: ({ port }) => `leave the port out, or write the service's: ${port}`,
    exitStatus: 2,
  },
  'file-reference': {
    text: ({ what, name }: { what: string; name: string; meant?: string | undefined }) => `there is no ${what} ${name}`,
    hint: ({ meant }) => (meant === undefined ? undefined : `did you mean ${meant}?`),
    exitStatus: 2,
  },
  'file-twice': { text: ({ what, name }: { what: string; name: string }) => `${what} ${name} is there twice`, exitStatus: 2 },
  'file-service-elsewhere': {
    text: ({ service }: { service: string }) => `${service} is in keepalived.conf, too`,
    hint: 'have it in one of the two files',
    exitStatus: 2,
  },
  'file-backup-hash': {
    text: ({ balance }: { balance: string }) => `a backup server is only used with round_robin and least_conn, not with ${balance}`,
    exitStatus: 2,
  },
  /** In the words of keepalived's messages. */
  'file-check': {
    text: ({ text }: { text: string; hint?: string | undefined }) => text,
    hint: ({ hint }) => hint,
    exitStatus: 2,
  },
  'file-expression': { text: ({ why }: { why: string }) => `this regular expression is not read: ${why}`, exitStatus: 2 },
  'file-variable': {
    text: ({ variable }: { variable: string; meant?: string | undefined }) => `unknown variable $${variable}`,
    hint: ({ meant }) => (meant === undefined ? undefined : `did you mean $${meant}?`),
    exitStatus: 2,
  },
} as const satisfies ErrorRows;
