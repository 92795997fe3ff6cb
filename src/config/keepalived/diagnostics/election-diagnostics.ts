// What can be wrong with how an instance is elected, authenticated and announced.
import type { DiagnosticRows, Maybe, With } from './row.js';

export const electionDiagnostics = {
  'hmac-key-file-unreadable': {
    severity: 'error',
    text: ({ name, path }: With<'name' | 'path'> & Maybe<'hint'>) => `(${name}) auth_hmac key file '${path}' cannot be opened`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'hmac-key-file-open-to-others': {
    severity: 'security',
    text: ({ name, path }: With<'name' | 'path'>) => `(${name}) auth_hmac key file '${path}' is readable by group or others`,
    hint: ({ path }: With<'path'>) => `chmod 600 ${path}`,
  },
  'hmac-key-file-large': {
    severity: 'error',
    text: ({ name, path }: With<'name' | 'path' | 'max'>) => `(${name}) auth_hmac key file '${path}' is too large`,
    hint: ({ max }: With<'max'>) => `a key has ${max} bytes at most`,
  },
  'hmac-key-id-range': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) auth_hmac key id '${word}' must be between 1 and 255`,
  },
  'hmac-key-invalid': {
    severity: 'error',
    text: ({ name, id, length, min, max }: With<'name' | 'id' | 'length' | 'min' | 'max'>) =>
      `(${name}) auth_hmac key ${id} length ${length} not in range [${min}, ${max}]`,
    hint: 'make one with: openssl rand -hex 32, and write hex:DIGITS',
  },
  'hmac-key-id-twice': {
    severity: 'error',
    text: ({ name, id }: With<'name' | 'id'>) => `(${name}) duplicate auth_hmac key id ${id}`,
    hint: 'the first one counts',
  },
  'hmac-strict-mode': { severity: 'error', text: ({ name }: With<'name'>) => `(${name}) strict mode requires auth_hmac mode enforce` },
  'hmac-active-key-missing': {
    severity: 'error',
    text: ({ name, key }: With<'name' | 'key'>) => `(${name}) auth_hmac active_key ${key} is not defined, disabling extension`,
    hint: 'give key ID VALUE and active_key ID',
  },
  'auth-pass-truncated': {
    severity: 'error',
    text: () => 'Truncating auth_pass to 8 characters',
    hint: 'VRRPv2 has room for eight bytes; the rest is not compared',
  },
  'auth-type-unknown': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) unknown authentication type '${word}'`,
    hint: 'PASS or AH',
  },
  'auth-in-version-3': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) VRRP version 3 does not support authentication. Ignoring.`,
    hint: 'both nodes must agree; auth_hmac authenticates version 3',
  },
  'auth-in-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Strict mode does not support authentication. Ignoring.`,
    hint: 'both nodes must agree, or each will be master',
  },
  'auth-without-password': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Authentication specified but no password given. Ignoring`,
  },
  'auth-beside-hmac': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) auth_hmac cannot be combined with authentication, dropping legacy auth`,
  },
  'vrrp-version-conflict': {
    severity: 'error',
    text: ({ name, version, deduced }: With<'name' | 'version' | 'deduced'>) =>
      `(${name}) vrrp_version ${version} conflicts with configured or deduced version ${deduced}; ignoring.`,
  },
  'state-unknown': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) unknown state '${word}', defaulting to BACKUP`,
    hint: 'MASTER or BACKUP, in capitals; the priority decides',
  },
  'state-conflict': { severity: 'error', text: ({ name }: With<'name'>) => `(${name}) state previously set as MASTER - ignoring BACKUP` },
  'state-not-owner': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) State MASTER must match being address owner`,
    hint: 'in strict mode MASTER is priority 255, BACKUP any other',
  },
  'state-master-with-ah': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Initial state master is incompatible with AH authentication - clearing`,
  },
  'advert-interval-rounded-v2': {
    severity: 'error',
    text: ({ name, seconds }: With<'name' | 'seconds'>) =>
      `(${name}) VRRPv2 advertisement interval ${seconds}s must be an integer. rounding`,
    hint: 'version 3 has hundredths of a second',
  },
  'advert-interval-range-v3': {
    severity: 'error',
    text: ({ name, seconds }: With<'name' | 'seconds'>) =>
      `(${name}) VRRPv3 advertisement interval ${seconds}s is out of range. Must be less than 40.96s. Setting to 40.95s`,
  },
  'advert-interval-rounded-v3': {
    severity: 'error',
    text: ({ name, seconds }: With<'name' | 'seconds'>) =>
      `(${name}) VRRPv3 advertisement interval ${seconds}s must be in units of 10ms - rounding`,
  },
  'nopreempt-priority-255': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) nopreempt is incompatible with priority 255. resetting nopreempt`,
  },
  'nopreempt-state-master': {
    severity: 'error',
    text: ({ name }: With<'name'> & Maybe<'hint'>) => `(${name}) Warning - nopreempt will not work with initial state MASTER - clearing`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'preempt-delay-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) preempt_delay is incompatible with strict mode - resetting`,
  },
  'preempt-delay-nopreempt': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) preempt_delay is incompatible with nopreempt mode - resetting`,
  },
  'preempt-delay-state-master': {
    severity: 'error',
    text: ({ name }: With<'name'> & Maybe<'hint'>) =>
      `(${name}) Warning - preempt delay will not work with initial state MASTER - clearing`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'accept-version-2': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting`,
  },
  'owner-ignore-adverts-not-owner': {
    severity: 'error',
    text: ({ name, priority }: With<'name' | 'priority'>) => `(${name}) ignoring owner_ignore_adverts since priority is not ${priority}`,
  },
  'owner-ignore-adverts-strict-mode': {
    severity: 'error',
    text: ({ name, priority }: With<'name' | 'priority'>) =>
      `(${name}) strict_mode with priority ${priority} requires owner_ignore_adverts`,
  },
  'down-timer-adverts-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) down_timer_adverts is incompatible with strict mode - resetting`,
  },
  'lower-prio-no-advert-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Strict mode requires no lower priority advert. resetting`,
  },
  'higher-prio-send-advert-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) strict mode requires higher_prio_send_advert to be clear. resetting`,
  },
  'timer-expired-backup-range': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) timer_expired_backup highest_other_priority not valid! must be between 1 & 254`,
  },
  'timer-expired-backup-preempt': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) expired_timer_backup requires nopreempt - resetting`,
  },
  'fast-down-adverts-without-interval': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) fast_down_adverts without fast_advert_int - ignoring`,
  },
  'fast-advert-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) fast_advert_int is incompatible with strict mode - ignoring`,
  },
  'fast-advert-interval-long': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) fast_advert_int is not below advert_int - ignoring`,
  },
  'garp-zero': {
    severity: 'error',
    text: ({ who, keyword }: With<'who' | 'keyword'>) => `${who}${keyword} must be greater than 0, setting to 1`,
  },
  'garp-without-time': {
    severity: 'error',
    text: ({ who, keyword }: With<'who' | 'keyword'>) => `${who}${keyword} specified without time - ignoring`,
  },
  'garp-invalid': {
    severity: 'error',
    text: ({ who, keyword, word }: With<'who' | 'keyword' | 'word'>) => `${who}${keyword} '${word}' invalid - ignoring`,
  },
  'garp-repeat-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Strict mode requires no repeat garps. resetting`,
  },
  'vrrp-version-ipv6': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) cannot use IPv6 with VRRP version 2; setting version 3`,
  },
} as const satisfies DiagnosticRows;
