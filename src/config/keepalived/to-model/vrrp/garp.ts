// Gratuitous ARP settings: the instance's, else those of global_defs, else keepalived's defaults (keepalived.conf(5)).
import type { GarpTiming } from '../../../../model/keepalived/instance.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { readWhole, SECOND_US } from '../../values/number.js';
import { booleanOf, has, lastOf, nameOf, numberOf, placeOf, wordsOf } from '../../values/values.js';

/** The settings of global_defs for gratuitous ARP; absent: not set. */
export interface GarpDefaults {
  readonly minimal: boolean;
  readonly numbers: ReadonlyMap<GarpNumber, number>;
  readonly extra?: Extra;
}

type GarpNumber =
  | 'garp_master_delay'
  | 'garp_master_repeat'
  | 'garp_lower_prio_delay'
  | 'garp_lower_prio_repeat'
  | 'garp_master_refresh'
  | 'garp_master_refresh_repeat';

const numbers: readonly GarpNumber[] = [
  'garp_master_delay',
  'garp_master_repeat',
  'garp_lower_prio_delay',
  'garp_lower_prio_repeat',
  'garp_master_refresh',
  'garp_master_refresh_repeat',
];
const never0 = new Set<GarpNumber>(['garp_master_repeat', 'garp_master_refresh_repeat']);

interface Extra {
  readonly us: number;
  readonly all: boolean;
}

/** Reads one number; a count of 0 becomes 1. `who` is the beginning of the message. */
function readNumber(block: Values, keyword: string, counts: boolean, who: string, report: Report): number | undefined {
  const value = numberOf(block, keyword);
  if (!counts || value !== 0) return value;
  report('garp-zero', placeOf(block, keyword), { who, keyword });
  return 1;
}

/** `[all] SECONDS` */
function readExtra(block: Values, keyword: string, min: number, who: string, report: Report): Extra | undefined {
  const list = wordsOf(block, keyword);
  if (list === undefined) return undefined;
  const all = list.some((word) => word.text === 'all');
  const word: Word | undefined = list.filter((each) => each.text !== 'all').at(-1);
  const at = lastOf(block, keyword)?.at ?? block.at;
  if (word === undefined) {
    report('garp-without-time', at, { who, keyword });
    return undefined;
  }
  const { value, problem } = readWhole(word.text, { min, max: 86400 });
  if (value !== undefined) return { us: value * SECOND_US, all };
  reportProblem(report, word.at, problem);
  report('garp-invalid', word.at, { who, keyword, word: word.text });
  return undefined;
}

/** The settings of global_defs that instances inherit. */
export function readGarpDefaults(global: Values, report: Report): GarpDefaults {
  const found = new Map<GarpNumber, number>();
  for (const name of numbers) {
    const value = readNumber(global, `vrrp_${name}`, never0.has(name), '', report);
    if (value !== undefined) found.set(name, value);
  }
  const extra = readExtra(global, 'vrrp_garp_extra_if', 1, '', report);
  return { minimal: booleanOf(global, 'vrrp_min_garp') ?? false, numbers: found, ...(extra === undefined ? {} : { extra }) };
}

/** The settings of instances that set nothing themselves, by their defaults: built once. */
const shared: WeakMap<GarpDefaults, { strict?: GarpTiming; plain?: GarpTiming }> = new WeakMap();

/** The instance's settings with all defaults. */
export function buildGarp(block: Values, defaults: GarpDefaults, strict: boolean, report: Report): GarpTiming {
  if (numbers.some((name) => has(block, name)) || has(block, 'garp_extra_if')) return timingOf(block, defaults, strict, report);
  const built = shared.get(defaults) ?? {};
  shared.set(defaults, built);
  const kind = strict ? 'strict' : 'plain';
  built[kind] ??= timingOf(block, defaults, strict, report);
  return built[kind];
}

/** Strict mode sends no gratuitous ARPs after adverts of lower priority. */
function timingOf(block: Values, defaults: GarpDefaults, strict: boolean, report: Report): GarpTiming {
  const who = `(${nameOf(block)}): `;
  const own = (name: GarpNumber): number | undefined => readNumber(block, name, never0.has(name), who, report);
  const inherited = (name: GarpNumber, otherwise: number): number => defaults.numbers.get(name) ?? otherwise;
  const value = (name: GarpNumber, otherwise: number): number => own(name) ?? inherited(name, otherwise);
  const masterDelay = value('garp_master_delay', defaults.minimal ? 0 : 5);
  const masterRepeat = value('garp_master_repeat', defaults.minimal ? 1 : 5);
  if (strict && (own('garp_lower_prio_delay') || own('garp_lower_prio_repeat'))) {
    const place = placeOf(block, own('garp_lower_prio_repeat') ? 'garp_lower_prio_repeat' : 'garp_lower_prio_delay');
    report('garp-repeat-strict-mode', place, { name: nameOf(block) });
  }
  const extra = readExtra(block, 'garp_extra_if', 0, who, report) ?? defaults.extra ?? { us: 0, all: false };
  return {
    masterDelayUs: masterDelay * SECOND_US,
    masterRepeat,
    lowerPriorityDelayUs: strict ? 0 : value('garp_lower_prio_delay', inherited('garp_master_delay', defaults.minimal ? 0 : 5)) * SECOND_US,
    lowerPriorityRepeat: strict ? 0 : value('garp_lower_prio_repeat', inherited('garp_master_repeat', defaults.minimal ? 1 : 5)),
    masterRefreshUs: value('garp_master_refresh', 0) * SECOND_US,
    masterRefreshRepeat: value('garp_master_refresh_repeat', 1),
    extraInterfaceUs: extra.us,
    extraInterfaceAll: extra.all,
  };
}
