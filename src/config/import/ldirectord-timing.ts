// When ldirectord checks servers, and after how many failures one is down, in the words of keepalived.conf.
import type { ImportReport } from './import-report.js';
import type { CheckRow } from './imported.js';
import type { Block, Setting } from './ldirectord-block.js';
import { wholeNumber } from './values.js';

const DEFAULTS = { interval: 10, check: 5, negotiate: 30 } as const;
/** Timeouts take no more than TIMEOUT_MAX. */
const [SECONDS_MAX, TIMEOUT_MAX, COUNT_MAX] = [86_400, 4294, 1000];

export interface CheckTiming {
  /** Between checks, s. */
  readonly interval: number;
  /** s */
  readonly timeout: number;
  /** `retry` and `delay_before_retry`. */
  readonly retries: readonly CheckRow[];
}

/** What a setting has, else `standard`. `unit`: for what is no number of it. */
function numberOf(
  report: ImportReport,
  setting: Setting | undefined,
  { standard, max, unit, became }: { standard: number; max: number; unit: string; became: (value: number) => string },
): number {
  if (setting === undefined) return standard;
  const found = wholeNumber(setting.value, 1, max);
  if (found === undefined)
    report.add(setting.at, 'approximated', became(standard), `${setting.value} is no number of ${unit} from 1 to ${max}`);
  else report.add(setting.at, 'equivalent', became(found));
  return found ?? standard;
}

/** Of one virtual server ldirectord has it only with a process for each. */
function intervalOf(block: Block, report: ImportReport): number {
  const own = block.ownSetting('checkinterval');
  const isForked = block.value('fork') === 'yes';
  if (own !== undefined && !isForked) report.add(own.at, 'equivalent', 'nothing', 'without fork=yes ldirectord does not use it');
  return numberOf(report, (isForked ? own : undefined) ?? block.globalSetting('checkinterval'), {
    ...{ standard: DEFAULTS.interval, max: SECONDS_MAX, unit: 'seconds' },
    became: (value) => `delay_loop ${value}`,
  });
}

/** A failure more is a retry; ldirectord makes it with its next round. */
function failuresOf(block: Block, interval: number, report: ImportReport): readonly CheckRow[] {
  const rows = (count: number): readonly string[] => [`retry ${count - 1}`, ...(count === 1 ? [] : [`delay_before_retry ${interval}`])];
  const count = numberOf(report, block.setting('failurecount'), {
    ...{ standard: 1, max: COUNT_MAX, unit: 'failures' },
    became: (value) => rows(value).join(', '),
  });
  return rows(count);
}

/** `checkcount` is of pings alone: so many, one after the other, are one check. */
function pingsOf(block: Block, failures: readonly CheckRow[], report: ImportReport): readonly CheckRow[] {
  const setting = block.setting('checkcount');
  const count = wholeNumber(setting?.value, 1, COUNT_MAX) ?? 1;
  if (setting === undefined || count === 1) return failures;
  if (failures.length > 1) {
    report.lost(setting.at, 'a check is one ping: the failures of failurecount count alone');
    return failures;
  }
  const rows = [`retry ${count - 1}`, 'delay_before_retry 0'];
  report.add(setting.at, 'equivalent', rows.join(', '));
  return rows;
}

/** `type`: negotiate, connect, ping or external. The timeouts of the kinds stand in for each other. */
export function timingOf(block: Block, type: string, report: ImportReport): CheckTiming {
  const names = ['checktimeout', 'negotiatetimeout'];
  const isNegotiated = type === 'negotiate';
  const isScript = type === 'external';
  const interval = intervalOf(block, report);
  const failures = failuresOf(block, interval, report);
  const timeout = numberOf(report, block.setting(...(isNegotiated ? names.toReversed() : names)), {
    ...{ standard: isNegotiated ? DEFAULTS.negotiate : DEFAULTS.check, max: TIMEOUT_MAX, unit: 'seconds' },
    became: (value) => `${isScript ? 'misc_timeout' : 'connect_timeout'} ${value}`,
  });
  return { interval, timeout, retries: type === 'ping' ? pingsOf(block, failures, report) : failures };
}

export const DEFAULT_INTERVAL_S = DEFAULTS.interval;
