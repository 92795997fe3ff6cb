// What can be wrong with BFD instances.
import type { DiagnosticRows, With } from './row.js';

export const bfdDiagnostics = {
  'bfd-weight-range': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) =>
      `Configuration error: BFD instance ${name} weight value ${word} not valid (must be in range [-253-253]), ignoring`,
  },
  'bfd-weight-option-unknown': {
    severity: 'error',
    text: ({ name, option }: With<'name' | 'option'>) => `Configuration error: BFD instance ${name} unknown weight option ${option}`,
    hint: 'reverse',
  },
  'bfd-max-hops': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `BFD instance ${name}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit`,
  },
  'bfd-neighbor-missing': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Configuration error: BFD instance ${name} has no neighbor address set, disabling instance`,
  },
  'bfd-mixed-families': {
    severity: 'error',
    text: ({ name, text }: With<'name' | 'text'>) =>
      `Configuration error: BFD instance ${name} ${text} are not of the same family, disabling instance`,
  },
  'bfd-name-long': { severity: 'error', text: ({ name }: With<'name'>) => `BFD name ${name} too long` },
  'bfd-name-long-ignored': {
    severity: 'error',
    text: ({ name, max }: With<'name' | 'max'>) =>
      `Configuration error: BFD instance ${name} name too long (maximum length is ${max} characters) - ignoring`,
  },
  'bfd-name-twice': { severity: 'error', text: ({ name }: With<'name'>) => `BFD ${name} already specified` },
  'bfd-name-twice-ignored': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Configuration error: BFD instance ${name} already configured - ignoring`,
  },
  'bfd-instance-ignored': {
    severity: 'error',
    text: ({ name, what }: With<'name' | 'what'>) => `Configuration error: BFD instance ${name} has ${what}, ignoring instance`,
  },
  'bfd-address-invalid': {
    severity: 'error',
    text: ({ name, what }: With<'name' | 'what'>) => `Configuration error: BFD instance ${name} has malformed ${what}`,
  },
} as const satisfies DiagnosticRows;
