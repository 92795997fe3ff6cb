// The options of weir tune, as values.
import { sysctlName } from '../../control/realserver/arp-settings.js';
import { sysctlPath, type TuningChoice } from '../../control/tuning/plan.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { nearest } from '../../model/nearest.js';
import { TUNING_ROLES, type TuningRole } from '../../model/tuning/row.js';
import { refusedRows, tuningRows } from '../../model/tuning/table.js';
import type { Flags } from '../flags.js';

export const TYPES = {
  role: 'value',
  forwarding: 'value',
  only: 'value',
  without: 'value',
  apply: 'flag',
  undo: 'flag',
  persist: 'flag',
  diff: 'flag',
  clocks: 'flag',
  tolerance: 'value',
  root: 'value',
  json: 'flag',
} as const;
export type TuneFlags = Flags<typeof TYPES>;

/** @throws WeirError option-missing, option-value */
export function readRoles(text: string | undefined): readonly TuningRole[] {
  if (text === undefined) throw new WeirError('option-missing', { option: '--role' });
  const known: readonly string[] = TUNING_ROLES;
  return text.split(',').map((given) => {
    if (!known.includes(given)) throw new WeirError('option-value', { option: '--role', expected: TUNING_ROLES.join(', '), given });
    return given as TuningRole;
  });
}

/** @throws WeirError option-value */
export function readForwarding(text: string | undefined): boolean | undefined {
  if (text === undefined || text === 'on' || text === 'off') return text && text === 'on';
  throw new WeirError('option-value', { option: '--forwarding', expected: 'on or off', given: text });
}

/** The rows that a list of keys names. @throws WeirError tuning-refused, tuning-unknown */
function readKeys(text: string, roles: readonly TuningRole[]): readonly string[] {
  const rows = tuningRows(roles).map(({ path }) => path);
  return text.split(',').map((key) => {
    const path = sysctlPath(key);
    const refused = refusedRows.find((one) => one.path === path);
    if (refused !== undefined) throw new WeirError('tuning-refused', { key, why: refused.why });
    if (rows.includes(path)) return path;
    const near = nearest(key, rows.map(sysctlName));
    throw new WeirError('tuning-unknown', { key, roles: roles.join(','), ...(near === undefined ? {} : { near }) });
  });
}

/** @throws WeirError */
export function readChoice({ role, only, without }: TuneFlags): TuningChoice {
  const roles = readRoles(role);
  return {
    roles,
    ...(only === undefined ? {} : { only: readKeys(only, roles) }),
    ...(without === undefined ? {} : { without: readKeys(without, roles) }),
  };
}
