// The health checks of a real server.
import { type Address, isLinkLocal } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import type { BfdInstance, TrackFile } from '../../../../model/keepalived/trackers.js';
import type { VipCheck } from '../../../../model/keepalived/vip-check.js';
import type { Checker, CheckKind, CheckTarget } from '../../../../model/keepalived/virtual-server.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { INT_MAX, readWhole, SECOND_US } from '../../values/number.js';
import { addressOf, allOf, blocksOf, numberOf, placeOf, textOf, wordsOf } from '../../values/values.js';
import { completeTiming, type KindDefaults, type TimingDefaults, timingOf } from './check-timing.js';
import { buildHttpCheck, readOldRetry } from './http-check.js';
import { buildMiscCheck, buildUdpCheck } from './misc-check.js';

/** The real server that is checked, and what else the file defines. */
export interface CheckerContext {
  /** `[10.0.0.2]:tcp:80` */
  readonly server: string;
  readonly address: Address;
  /** How clients' packets get to it. */
  readonly path: Omit<VipCheck, 'kind'>;
  readonly timing: TimingDefaults;
  readonly files: readonly TrackFile[];
  readonly bfds: readonly BfdInstance[];
  readonly report: Report;
}

const ORDINARY: KindDefaults = { retry: 1, delayBeforeRetryUs: SECOND_US };
const KINDS: Readonly<Record<string, KindDefaults>> = {
  HTTP_GET: { retry: 1, delayBeforeRetryUs: 3 * SECOND_US },
  SSL_GET: { retry: 1, delayBeforeRetryUs: 3 * SECOND_US },
  DNS_CHECK: { retry: 3, delayBeforeRetryUs: 'delay_loop' },
  MISC_CHECK: { retry: 0, delayBeforeRetryUs: SECOND_US },
};

/** undefined: the check cannot connect, which was reported. */
function readTarget(block: Values, { address: server, report }: CheckerContext): CheckTarget | undefined {
  const address = addressOf(block, 'connect_ip');
  let bindAddress = addressOf(block, 'bindto');
  const aim = address ?? server;
  if (bindAddress !== undefined && bindAddress.family !== aim.family) {
    report('check-bind-family', placeOf(block, 'bindto'), { bind: formatAddress(bindAddress) });
    bindAddress = undefined;
  }
  let bindInterface = textOf(block, 'bind_if');
  if (bindInterface !== undefined && bindInterface.length > 15) {
    report('check-bind-interface-long', placeOf(block, 'bind_if'), { interface: bindInterface });
    bindInterface = undefined;
  }
  if (isLinkLocal(aim) && bindAddress !== undefined && bindInterface === undefined) {
    report('check-link-local-without-interface', block.at, { address: formatAddress(aim) });
    return undefined;
  }
  const [port, bindPort, fwmark] = [numberOf(block, 'connect_port'), numberOf(block, 'bind_port'), numberOf(block, 'fwmark')];
  return {
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
    ...(bindAddress === undefined ? {} : { bindAddress }),
    ...(bindInterface === undefined ? {} : { bindInterface }),
    ...(bindPort === undefined ? {} : { bindPort }),
    ...(fwmark === undefined ? {} : { fwmark }),
  };
}

function buildDns(block: Values, report: Report): CheckKind {
  const name = textOf(block, 'name') ?? '.';
  const bad = name !== '.' && name.split('.').includes('');
  if (bad) report('dns-name-empty-label', placeOf(block, 'name'), { name });
  return { kind: 'dns', type: textOf(block, 'type') ?? 'SOA', name: bad ? '.' : name };
}

/** The weight of FILE_CHECK; undefined: absent, or invalid and reported. */
function readFileWeight(block: Values, report: Report): { readonly weight: number; readonly reverse: boolean } | undefined {
  const words = wordsOf(block, 'weight');
  if (words === undefined) return undefined;
  const [number, option, extra] = words;
  const at = number?.at ?? placeOf(block, 'weight');
  if (number === undefined) {
    report('file-check-weight-missing', at);
    return undefined;
  }
  const { value, problem } = readWhole(number.text, { min: -INT_MAX, max: INT_MAX });
  if (value === undefined) {
    reportProblem(report, at, problem);
    report('file-check-weight-range', at);
    return undefined;
  }
  const unknown = extra ?? (option !== undefined && !['reverse', 'noreverse'].includes(option.text) ? option : undefined);
  if (unknown === undefined) return { weight: value, reverse: option?.text === 'reverse' };
  report('file-check-weight-option-unknown', unknown.at, { word: unknown.text });
  return undefined;
}

function buildFile(block: Values, { files, report }: CheckerContext): CheckKind | undefined {
  const name = textOf(block, 'track_file');
  const file = files.find((one) => one.name === name);
  if (name !== undefined && file === undefined) report('file-check-unknown', placeOf(block, 'track_file'), { name });
  if (file === undefined) {
    report('file-check-without-file', block.at);
    return undefined;
  }
  const { weight, reverse } = readFileWeight(block, report) ?? file;
  return { kind: 'file', trackFile: file.name, weight, reverse };
}

/** The first of its names that is a BFD session. */
function buildBfd(block: Values, { server, bfds, report }: CheckerContext): CheckKind | undefined {
  let found: string | undefined;
  for (const { value, at } of allOf(block, 'name')) {
    const words = value as readonly { readonly text: string }[];
    const name = words[0]?.text;
    if (name === undefined || words.length > 1) {
      report('bfd-check-names', at, { server });
      return undefined;
    }
    if (found !== undefined) report('bfd-check-name-twice', at, { server, name, earlier: found });
    else if (bfds.some((bfd) => bfd.name === name && bfd.events.checker)) found = name;
    else {
      report('bfd-check-unknown', at, { server, name });
      return undefined;
    }
  }
  if (found !== undefined) return { kind: 'bfd', name: found };
  report('bfd-check-without-name', block.at, { server });
  return undefined;
}

function buildKind(keyword: string, block: Values, context: CheckerContext): CheckKind | undefined {
  const { report } = context;
  switch (keyword) {
    case 'HTTP_GET':
      return buildHttpCheck('http', block, block.at, report);
    case 'SSL_GET':
      return buildHttpCheck('ssl', block, block.at, report);
    case 'TCP_CHECK':
      return { kind: 'tcp' };
    case 'PING_CHECK':
      return { kind: 'ping' };
    case 'SMTP_CHECK':
      return { kind: 'smtp', heloName: textOf(block, 'helo_name') ?? 'smtpchecker.keepalived.org' };
    case 'DNS_CHECK':
      return buildDns(block, report);
    case 'MISC_CHECK':
      return buildMiscCheck(block, report);
    case 'UDP_CHECK':
      return buildUdpCheck(block, report);
    case 'FILE_CHECK':
      return buildFile(block, context);
    case 'VIP_CHECK':
      return { kind: 'vip', ...context.path };
    default:
      return buildBfd(block, context);
  }
}

/** One check, or for SMTP_CHECK one for each of its hosts. */
function buildOne(keyword: string, block: Values, context: CheckerContext): readonly Checker[] {
  const check = buildKind(keyword, block, context);
  if (check === undefined) return [];
  const hosts = keyword === 'SMTP_CHECK' ? blocksOf(block, 'host') : [];
  const targets = (hosts.length === 0 ? [block] : hosts).flatMap((host) => readTarget(host, context) ?? []);
  const timing = completeTiming(timingOf(block, context.timing, readOldRetry(block, context.report)), KINDS[keyword] ?? ORDINARY);
  return targets.map((target) => ({ check, target, timing }));
}

const CHECKER_NAMES = [
  'HTTP_GET',
  'SSL_GET',
  'TCP_CHECK',
  'SMTP_CHECK',
  'DNS_CHECK',
  'MISC_CHECK',
  'UDP_CHECK',
  'PING_CHECK',
  'FILE_CHECK',
  'BFD_CHECK',
  'VIP_CHECK',
] as const;

export function buildCheckers(server: Values, context: CheckerContext): readonly Checker[] {
  const watched = new Set<string>();
  return CHECKER_NAMES.flatMap((keyword) =>
    blocksOf(server, keyword).flatMap((block) => {
      const checkers = buildOne(keyword, block, context);
      const name = checkers[0]?.check.kind === 'bfd' ? checkers[0].check.name : undefined;
      if (name !== undefined && watched.has(name)) {
        context.report('bfd-check-twice', placeOf(block, 'name'), { server: context.server, name });
        return [];
      }
      if (name !== undefined) watched.add(name);
      return checkers;
    }),
  );
}
