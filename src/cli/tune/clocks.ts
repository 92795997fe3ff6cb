// weir tune --clocks: the clocks of other hosts beside that of this one.
import { randomInt } from 'node:crypto';
import { clockVerdict } from '../../control/tuning/clock-offset.js';
import { type ClockAnswer, probeClock } from '../../host/clock-probe.js';
import type { Address } from '../../model/address.js';
import { formatAddress, parseIpv4 } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Io } from '../io.js';
import type { TuneFlags } from './options.js';

const HOSTS_MAX = 256;
const TOLERANCE_MS = 500;
const TOLERANCE_MAX_MS = 3_600_000;

/** The worst of all counts. */
const STATUS = { same: 0, unknown: 1, differs: 4 } as const;

interface ClockLine {
  readonly host: string;
  readonly verdict: 'same' | 'differs' | 'unsure' | 'silent' | 'unreachable';
  readonly offsetMs?: number;
  readonly uncertaintyMs?: number;
  readonly why?: string;
}

function readTolerance(text: string | undefined): number {
  if (text === undefined) return TOLERANCE_MS;
  if (/^[0-9]{1,7}$/.test(text) && Number(text) <= TOLERANCE_MAX_MS) return Number(text);
  throw new WeirError('option-value', { option: '--tolerance', expected: `milliseconds (0 to ${TOLERANCE_MAX_MS})`, given: text });
}

function readHosts(words: readonly string[]): readonly Address[] {
  if (words.length === 0) throw new WeirError('argument-missing', { expected: 'the address of a host' });
  const surplus = words[HOSTS_MAX];
  if (surplus !== undefined) throw new WeirError('argument-unexpected', { given: surplus });
  return words.map((word) => {
    const address = parseIpv4(word);
    if (address === undefined) throw new WeirError('argument-value', { expected: 'an IPv4 address', given: word });
    return address;
  });
}

function lineOf(address: Address, answer: ClockAnswer, toleranceMs: number): ClockLine {
  const host = formatAddress(address);
  if (answer.kind === 'silent') return { host, verdict: 'silent' };
  if (answer.kind === 'unreachable') return { host, verdict: 'unreachable', why: answer.why };
  const { offsetMs, uncertaintyMs } = answer;
  return { host, verdict: clockVerdict(answer, toleranceMs), offsetMs, uncertaintyMs };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function lineText({ host, verdict, offsetMs = 0, uncertaintyMs = 0, why = '' }: ClockLine): string {
  const measured = `${host} ${offsetMs < 0 ? '-' : '+'}${seconds(Math.abs(offsetMs))} s (± ${seconds(uncertaintyMs)} s)`;
  switch (verdict) {
    case 'same':
      return measured;
    case 'differs':
      return `${measured}: its clock differs from the one here — fix: a client of NTP on both hosts, such as chrony`;
    case 'unsure':
      return `${measured}: the answer took too long to know`;
    case 'silent':
      return `${host}: no answer to a timestamp request of ICMP — fix: look at the clock there (date -u), or let ICMP type 13 in and 14 out`;
    case 'unreachable':
      return `${host}: cannot be asked: ${why}`;
  }
}

/** @throws WeirError, SystemError EPERM */
export async function compareClocks(words: readonly string[], flags: TuneFlags, io: Io): Promise<number> {
  const [hosts, toleranceMs] = [readHosts(words), readTolerance(flags.tolerance)];
  const lines = await Promise.all(hosts.map(async (host) => lineOf(host, await probeClock(host, randomInt(65_536)), toleranceMs)));
  io.out(flags.json === true ? `${JSON.stringify({ toleranceMs, clocks: lines })}\n` : lines.map((line) => `${lineText(line)}\n`).join(''));
  if (lines.some(({ verdict }) => verdict === 'differs')) return STATUS.differs;
  return lines.every(({ verdict }) => verdict === 'same') ? STATUS.same : STATUS.unknown;
}
