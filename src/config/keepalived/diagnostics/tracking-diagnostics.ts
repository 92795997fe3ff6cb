// What can be wrong with trackers and the lists of them.
import type { DiagnosticRows, Maybe, With } from './row.js';

type InList = With<'who' | 'name' | 'text'>;
const inList = ({ who, text }: InList): string => `(${who}) ${text}`;

/** Why a weight does not count, in keepalived's words. */
type Reason = With<'who' | 'name' | 'reason'>;
const scriptText = ({ who, name, reason }: Reason): string => `(${who}) ignoring tracked script ${name} with weights due to ${reason}`;
const weightText = ({ who, name, reason, noun, weight }: Reason & With<'noun' | 'weight'>): string =>
  `(${who}) ignoring tracked ${noun} ${name} with weight ${weight} due to ${reason}`;

const OWNER_HINT = 'priority 255 is the address owner’s and never changes: set a lower one, unless the host owns the addresses';
const MEMBER_HINT = 'members must have one priority: use weight 0 here, or track it in the group';

export const trackingDiagnostics = {
  'tracker-defined-twice': {
    severity: 'notice',
    text: ({ keyword, name }: With<'keyword' | 'name'>) => `${keyword} ${name} is defined twice`,
    hint: 'the first one counts',
  },
  'track-script-zero': {
    severity: 'error',
    text: ({ name, keyword }: With<'name' | 'keyword'>) => `(${name}): vrrp script ${keyword} must be greater than 0, setting to 1`,
  },
  'track-script-without-command': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `No script set for vrrp_script ${name} - removing`,
  },
  'track-script-user-on-line': {
    severity: 'notice',
    text: ({ name, user }: With<'name' | 'user'>) => `(${name}): '${user}' behind the script is ignored`,
    hint: "a vrrp_script sets it with its keyword 'user'",
  },
  'track-file-init-invalid': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `Track file ${name} init value ${word} is invalid`,
  },
  'track-file-init-option-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Unknown track file init option ${word}` },
  'track-file-without-path': { severity: 'error', text: ({ name }: With<'name'>) => `No file set for track_file ${name} - ignoring` },
  'track-process-quorum-max-low': { severity: 'error', text: () => 'quorum_max is less than quorum - ignoring' },
  'track-process-quorum-high': { severity: 'error', text: () => 'Quorum is greater than quorum_max - ignoring' },
  'track-process-param-match-unknown': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `Invalid param_match type ${word} - ignoring`,
  },
  'track-process-without-name': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `track process '${name}' process name not specified`,
  },
  'tracker-weight-range': { severity: 'error', text: ({ text }: With<'text'>) => String(text) },
  'tracker-weight-option-unknown': { severity: 'error', text: ({ text }: With<'text'>) => String(text) },
  'tracked-option-unknown': { severity: 'error', text: inList },
  'tracked-weight-missing': { severity: 'error', text: inList },
  'tracked-weight-range': { severity: 'error', text: inList },
  'tracked-weight-option-unknown': { severity: 'error', text: inList },
  'tracked-twice': { severity: 'error', text: inList },
  'tracked-unknown': {
    severity: 'error',
    text: ({ who, text }: InList & Maybe<'hint'>) => `(${who}) ${text}`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
  'tracked-weight-254': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) => `(${who}) weight for ${name} cannot be +/-254. Setting to +/-253`,
  },
  'track-interface-own': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) => `(${who}) Ignoring track_interface ${name} since own interface`,
    hint: 'an instance always tracks its own interface',
  },
  'track-interface-of-owner': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) => `(${who}) ignoring ${name} tracked interface due to address owner`,
    hint: OWNER_HINT,
  },
  'track-interface-weight-in-group': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) => `(${who}) ignoring ${name} tracked interface weight due to SYNC group`,
    hint: MEMBER_HINT,
  },
  'track-interface-of-instance-and-group': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) =>
      `(${who}) track_interface ${name} is configured on VRRP instance and sync group. Remove vrrp instance or sync group config`,
  },
  'tracked-weight-in-group': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) => `(${who}) ignoring weight from tracked file ${name} due to SYNC group. specify weight 0`,
  },
  'tracked-script-of-owner': { severity: 'error', text: scriptText, hint: OWNER_HINT },
  'tracked-script-in-group': { severity: 'error', text: scriptText, hint: MEMBER_HINT },
  'tracked-of-owner': { severity: 'error', text: weightText, hint: OWNER_HINT },
  'tracked-in-group': { severity: 'error', text: weightText, hint: MEMBER_HINT },
} as const satisfies DiagnosticRows;
