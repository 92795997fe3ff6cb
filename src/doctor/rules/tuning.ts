// Sysctls whose value does damage by itself, by the table that `weir tune` has.
import { sysctlName } from '../../control/realserver/arp-settings.js';
import type { Finding } from '../../model/finding.js';
import { tuningText, tuningValues } from '../../model/tuning/row.js';
import { tuningRows } from '../../model/tuning/table.js';
import type { DirectorFacts, RealServerFacts } from '../facts.js';

export function tuningRule(facts: DirectorFacts | RealServerFacts): readonly Finding[] {
  const role = facts.role === 'rs' ? 'realserver' : 'director';
  return tuningRows([role]).flatMap(({ path, damage }): readonly Finding[] => {
    const values = tuningValues(facts.settings.get(path) ?? '');
    const cause = values === undefined ? undefined : damage?.(values);
    if (values === undefined || cause === undefined) return [];
    const key = sysctlName(path);
    return [
      {
        severity: 'warning',
        code: 'tuning-harmful',
        what: `${key} is ${tuningText(values)}`,
        cause,
        fix: `weir tune --role ${role} --only ${key} --apply`,
      },
    ];
  });
}
