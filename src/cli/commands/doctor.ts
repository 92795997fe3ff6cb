// weir doctor: reads the command line, examines this host, and prints the findings.

import { accessSync, constants } from 'node:fs';
import { type ExamineOptions, examine } from '../../doctor/examine.js';
import type { ServerMethod, ServicePort } from '../../doctor/facts.js';
import { reportJson, reportText } from '../../doctor/report.js';
import type { Address } from '../../model/address.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { findingsStatus } from '../../model/finding.js';
import { reasonOf } from '../../sys/errno.js';
import { command, expectWords } from '../command.js';
import type { Flags } from '../flags.js';
import { readVips } from '../read-vips.js';

const USAGE = `usage: weir doctor [--role director|vrrp] [--keepalived FILE] [--wait SECONDS] [--json]
       weir doctor --role rs [--vip A[:PORT][,B]] [--port PORT[/udp][,PORT]] [--dip A[,B]] [--method dr|nat|tun|fullnat] [--json]
       examines this host only and prints what is wrong, why, and how to fix it, one line each
       exit status 0: fine, 1: warnings, 2: errors; 3: doctor could not examine the host
`;

const TYPES = {
  role: 'value',
  vip: 'value',
  port: 'value',
  dip: 'value',
  method: 'value',
  wait: 'value',
  keepalived: 'value',
  json: 'flag',
} as const;
/** Statuses 0 to 2 are verdicts. */
const COULD_NOT_EXAMINE = 3;

/** `80`, `53/udp`. @throws WeirError argument-value */
function readPort(text: string): ServicePort {
  const [, digits, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535) {
    throw new WeirError('argument-value', { expected: 'a port such as 80 or 53/udp', given: text });
  }
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', port };
}

/** `[2001:db8::1]:80` and `192.0.2.1:53/udp`; what is neither is an address without a port. */
const BRACKETED = /^\[([^\]]*)\](?::(\d+(?:\/\w+)?))?$/;
const PLAIN = /^([^:]*)(?::(\d+(?:\/\w+)?))?$/;

/** VIPs, and the ports behind them and of --port. @throws WeirError */
function readServices(flags: Flags<typeof TYPES>): { readonly vips: readonly Address[]; readonly ports: readonly ServicePort[] } {
  const parts = (flags.vip?.split(',') ?? []).map((one) => BRACKETED.exec(one) ?? PLAIN.exec(one) ?? [one, one]);
  const addresses = [...new Set(parts.map(([, address = '']) => address))].join(',');
  const texts = [...parts.flatMap(([, , port]) => port ?? []), ...(flags.port?.split(',') ?? [])];
  const vips = flags.vip === undefined ? [] : readVips(addresses);
  return { vips, ports: [...new Set(texts)].map(readPort) };
}

function readOptions(flags: Flags<typeof TYPES>): ExamineOptions {
  const { role, method, dip, wait = '2' } = flags;
  if (role !== undefined && role !== 'director' && role !== 'rs' && role !== 'vrrp') {
    throw new WeirError('option-value', { option: '--role', expected: 'director, rs or vrrp', given: role });
  }
  if (method !== undefined && method !== 'dr' && method !== 'nat' && method !== 'tun' && method !== 'fullnat') {
    throw new WeirError('option-value', { option: '--method', expected: 'dr, nat, tun or fullnat', given: method });
  }
  if (role !== 'rs' && (flags.vip ?? flags.port ?? dip ?? method) !== undefined) {
    throw new WeirError('option-not-here', { options: '--vip, --port, --dip and --method', only: '--role rs' });
  }
  const dips = dip === undefined ? [] : readVips(dip);
  if (new Set(dips.map(({ family }) => family)).size < dips.length) {
    throw new WeirError('argument-value', { expected: 'one address of a family', given: dip ?? '' });
  }
  if (!/^\d{1,3}(\.\d{1,3})?$/.test(wait) || Number(wait) <= 0 || Number(wait) > 60) {
    throw new WeirError('option-value', { option: '--wait', expected: 'more than 0 and at most 60 seconds', given: wait });
  }
  const { vips, ports } = readServices(flags);
  return {
    waitMs: Number(wait) * 1000,
    ...(role === undefined ? {} : { role }),
    ...(flags.keepalived === undefined ? {} : { keepalived: flags.keepalived }),
    ...(method === undefined ? {} : { method: method satisfies ServerMethod }),
    ...(vips.length === 0 ? {} : { vips }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(dips.length === 0 ? {} : { dips }),
  };
}

/** @throws WeirError file-unreadable: without the file that was named, nothing would be examined, and nothing be found wrong */
function expectReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new WeirError('file-unreadable', { path, why: reasonOf(error as NodeJS.ErrnoException) });
  }
}

const FORM = { name: 'weir doctor', usage: USAGE, types: TYPES, failureStatus: COULD_NOT_EXAMINE };

export const run = command(FORM, async ({ flags, words }, io) => {
  expectWords(words, 0);
  const options = readOptions(flags);
  if (options.keepalived !== undefined) expectReadable(options.keepalived);
  const examination = await examine(options);
  if (examination.kind === 'no-role') throw new WeirError('role-not-clear');
  const { facts, findings } = examination;
  io.out(flags.json === true ? reportJson(facts, findings) : reportText(facts, findings));
  return findingsStatus(findings);
});
