// Scheduling and persistence of a virtual_server: the scheduler, its flags, and which clients stay with a server for how long.

import type { Family } from '../../../../model/address.js';
import { parseIpv4Loose } from '../../../../model/address-text.js';
import type { Persistence } from '../../../../model/service.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { allOf, has, lastOf, placeOf, textOf, wordsOf } from '../../values/values.js';

const FLAGS = [
  ['flag-1', 1],
  ['flag-2', 2],
  ['flag-3', 4],
] as const;

/** Flags of one scheduler; the first letters of the keyword name it (`hashed` belongs to sh and mh). */
const NAMED_FLAGS = [
  ['sh-fallback', 1],
  ['sh-port', 2],
  ['mh-fallback', 1],
  ['mh-port', 2],
  ['hashed', 1],
] as const;

/** Flags as the bits 1, 2, 4. As in keepalived, a scheduler's flag counts only behind an lvs_sched that has it. */
export function readFlags(block: Values, report: Report): number {
  const order = [...block.of.keys()];
  const scheduler = textOf(block, 'lvs_sched');
  const hashing = allOf(block, 'lvs_sched').some(({ value }) => value === 'sh' || value === 'mh');
  let bits = 0;
  for (const [name, bit] of FLAGS) if (has(block, name)) bits |= bit;
  for (const [name, bit] of NAMED_FLAGS) {
    const before = order.indexOf(name) < order.indexOf('lvs_sched');
    for (const { at } of allOf(block, name)) {
      if (scheduler === undefined || before || !hashing) {
        const hint = scheduler === undefined || before ? `put it behind lvs_sched ${name.slice(0, 2)}` : `lvs_sched is ${scheduler}`;
        report('scheduler-flag-ignored', at, { name, hint });
      } else if ((name === 'hashed' && scheduler.endsWith('h')) || name.startsWith(scheduler)) {
        bits |= bit;
      } else {
        report('scheduler-flag-without-effect', at, { name, scheduler, flag: name.slice(2) });
      }
    }
  }
  return bits;
}

/** Seconds; undefined: no persistence, or an invalid value. */
function readTimeout(block: Values, report: Report): number | undefined {
  const words = wordsOf(block, 'persistence_timeout');
  if (words === undefined) return undefined;
  const [word] = words;
  if (word === undefined) return DEFAULT_TIMEOUT_S;
  const { value, problem } = readWhole(word.text, { min: 1, max: 2678400 });
  if (problem !== undefined) {
    reportProblem(report, word.at, problem, 'seconds, 1 to 2678400 (31 days)');
    report('persistence-timeout-invalid', word.at);
  }
  return value;
}

const DEFAULT_TIMEOUT_S = 360;
/** The kernel's IP_VS_PENAME_MAXLEN less the NUL. */
const ENGINE_LENGTH_MAX = 15;

/** IPv4: the mask as a number; IPv6: the prefix length. */
function readGranularity(block: Values, family: Family, report: Report): number | undefined {
  const text = textOf(block, 'persistence_granularity');
  if (text === undefined) return undefined;
  const at = placeOf(block, 'persistence_granularity');
  if (family === 'inet6') {
    const { value, problem } = readWhole(text, { min: 1, max: 128 });
    if (problem !== undefined) {
      reportProblem(report, at, problem);
      report('persistence-prefix-invalid', at, { text });
    }
    return value;
  }
  const mask = parseIpv4Loose(text)?.words[0];
  if (mask === undefined) {
    report('persistence-netmask-invalid', at, { text });
  } else if (mask !== 0 && (mask | (mask - 1)) >>> 0 !== 0xffffffff) {
    report('persistence-netmask-bits', at, { text });
  }
  return mask;
}

function readEngine(block: Values, report: Report): string | undefined {
  const engine = textOf(block, 'persistence_engine');
  if (engine === undefined || engine.length <= ENGINE_LENGTH_MAX) return engine;
  report('persistence-engine-long', placeOf(block, 'persistence_engine'), { engine });
  return engine.slice(0, ENGINE_LENGTH_MAX);
}

/** A granularity alone turns persistence on, too. */
export function readPersistence(block: Values, family: Family, report: Report): Persistence | undefined {
  const timeout = readTimeout(block, report);
  const granularity = readGranularity(block, family, report);
  const engine = readEngine(block, report);
  if (timeout === undefined && granularity === undefined) return undefined;
  const netmask = granularity ?? (family === 'inet' ? 0xffffffff : 128);
  return { timeout: timeout ?? DEFAULT_TIMEOUT_S, netmask, ...(engine === undefined ? {} : { engine }) };
}

/** Port 0 is only served for persistent clients: keepalived turns persistence on itself. */
export function persistenceOfAnyPort(block: Values, family: Family, name: string, report: Report): Persistence {
  report('virtual-server-port-zero', lastOf(block, 'persistence_engine')?.at ?? block.at, { name });
  const engine = textOf(block, 'persistence_engine')?.slice(0, ENGINE_LENGTH_MAX);
  return { timeout: DEFAULT_TIMEOUT_S, netmask: family === 'inet' ? 0xffffffff : 128, ...(engine === undefined ? {} : { engine }) };
}
