// Names and CPU scheduling of the processes: *_priority, *_rt_priority … in global_defs (keepalived.conf(5)).
import type { GlobalSettings, ProcessSettings } from '../../../../model/keepalived/global.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { INT_MAX, readWhole } from '../../values/number.js';
import { has, numberOf, textOf, wordsOf } from '../../values/values.js';

/** A real-time priority out of bounds is set to the nearest bound. */
function realTimePriority(global: Values, role: string, report: Report): number | undefined {
  const [word] = wordsOf(global, `${role}_rt_priority`) ?? [];
  if (word === undefined) return undefined;
  const { value } = readWhole(word.text, { min: -INT_MAX - 1, max: INT_MAX });
  if (value === undefined) {
    report('number-invalid', word.at, { text: word.text });
    report('rt-priority-invalid', word.at, { role, word: word.text });
  } else if (value < 1) {
    report('rt-priority-below-min', word.at, { role, value });
  } else if (value > 99) {
    report('rt-priority-above-max', word.at, { role, value });
  }
  return value === undefined ? undefined : Math.min(99, Math.max(1, value));
}

/** CPU numbers. Whether the host has these CPUs is found out when they are set. */
function processors(global: Values, role: string, report: Report): readonly number[] {
  const found: number[] = [];
  for (const word of wordsOf(global, `${role}_cpu_affinity`) ?? []) {
    const { value, problem } = readWhole(word.text, { min: 0, max: 1023, signed: true });
    if (value !== undefined) found.push(value);
    else {
      reportProblem(report, word.at, problem);
      report('cpu-id-invalid', word.at, { cpu: Number.parseInt(word.text, 10) || 0, role });
    }
  }
  return found;
}

function forRole(global: Values, role: 'vrrp' | 'checker' | 'bfd', report: Report): ProcessSettings {
  const name = textOf(global, `${role}_process_name`);
  const priority = numberOf(global, `${role}_priority`);
  const rtPriority = realTimePriority(global, role, report);
  const rlimitRttimeUs = numberOf(global, `${role}_rlimit_rttime`);
  return {
    ...(name === undefined ? {} : { name }),
    ...(priority === undefined ? {} : { priority }),
    ...(rtPriority === undefined ? {} : { rtPriority }),
    ...(rlimitRttimeUs === undefined ? {} : { rlimitRttimeUs }),
    noSwap: has(global, `${role}_no_swap`),
    cpus: processors(global, role, report),
  };
}

/** The names of keepalived's processes, which `process_names` asks for. */
const PROCESS_NAMES = { parent: 'keepalived', vrrp: 'keepalived_vrrp', checker: 'keepalived_ipvs', bfd: 'keepalived_bfd' };

export function buildProcessSettings(global: Values, report: Report): GlobalSettings['processes'] {
  const named = has(global, 'process_names');
  const parentName = textOf(global, 'process_name') ?? (named ? PROCESS_NAMES.parent : undefined);
  const child = (role: 'vrrp' | 'checker' | 'bfd'): ProcessSettings => {
    const settings = forRole(global, role, report);
    return named && settings.name === undefined ? { ...settings, name: PROCESS_NAMES[role] } : settings;
  };
  return {
    parent: { ...(parentName === undefined ? {} : { name: parentName }), noSwap: false, cpus: [] },
    vrrp: child('vrrp'),
    checker: child('checker'),
    bfd: child('bfd'),
  };
}
