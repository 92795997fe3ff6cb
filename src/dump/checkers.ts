// The health checkers' part of keepalived_check.data, with what they found. Pure.

import type { CheckerState, CheckMachine, RealState, ServerState } from '../control/check/state.js';
import { itemsFrom } from '../control/timed-list.js';
import { serverName } from '../control/virtual-server/names.js';
import { endpointText } from '../model/endpoint-text.js';
import { CHECK_NAMES } from '../model/keepalived/check-names.js';
import type { CertificateRules, Checker, CheckKind, HttpUrl } from '../model/keepalived/virtual-server.js';
import { yesNo } from './line-parts.js';
import { type HostClocks, wallSeconds } from './live.js';

const urlLines = ({ path, digest, statusCodes, virtualHost, regex }: HttpUrl): readonly string[] => [
  `   Checked url = ${path}`,
  ...(digest === undefined ? [] : [`     digest = ${digest}`]),
  '     HTTP Status Code(s)',
  ...statusCodes.map(({ from, to }) => `       ${from === to ? from : `${from}-${to}`}`),
  ...(virtualHost === undefined ? [] : [`     Virtual host = ${virtualHost}`]),
  ...(regex === undefined ? [] : [`     Regex = "${regex.pattern}"`, ...(regex.negate ? ['     Regex no match'] : [])]),
];

/** weir's own: keepalived verifies no certificate. */
const verifyLines = ({ host, authorities, warningDays }: CertificateRules): readonly string[] => [
  '   Verify certificate = yes',
  ...(host === undefined ? [] : [`     Name = ${host}`]),
  ...(authorities === undefined ? [] : [`     Authorities = ${authorities}`]),
  ...(warningDays === undefined ? [] : [`     Warning days = ${warningDays}`]),
];

function kindLines(check: CheckKind, { status }: CheckerState): readonly string[] {
  switch (check.kind) {
    case 'http':
    case 'ssl':
      return [...check.urls.flatMap(urlLines), ...(check.verify === undefined ? [] : verifyLines(check.verify))];
    case 'smtp':
      return check.heloName === undefined ? [] : [`   helo = ${check.heloName}`];
    case 'dns':
      return [`   Type = ${check.type}`, `   Name = ${check.name}`];
    case 'misc':
      return [
        `   script = ${check.script.text}`,
        `   timeout = ${Math.floor(check.timeoutUs / 1e6)}`,
        `   dynamic = ${check.dynamic ? 'YES' : 'NO'}`,
        `   Last status = ${status}`,
      ];
    case 'udp':
      return [`   Require reply = ${yesNo(check.requireReply)}`];
    case 'file':
      return [`     Tracked file = ${check.trackFile}`];
    case 'bfd':
      return [`   Name = ${check.name}`];
    default:
      return [];
  }
}

/** When it came to its verdict, and why it failed: keepalived's dump has neither. */
function verdictLines({ sinceUs, reason }: CheckerState, { offsetUs, ctime }: HostClocks): readonly string[] {
  if (sinceUs === undefined) return [];
  const wallUs = sinceUs + offsetUs;
  const since = `   Since = ${wallSeconds(wallUs)} (${ctime(Math.floor(wallUs / 1e6))})`;
  return [since, ...(reason === '' ? [] : [`   Last failure = ${reason}`])];
}

function checker(state: CheckerState, server: ServerState, real: RealState, clocks: HostClocks): readonly string[] {
  const { check, timing, target } = state.config;
  const { protocol, name } = server.config;
  const asked = { address: target.address ?? real.config.address, port: target.port ?? real.config.port };
  const attempted = [
    `   Alpha = ${yesNo(timing.alpha)}`,
    `   Delay loop = ${timing.delayLoopUs} us`,
    `   Warmup = ${timing.warmupUs} us`,
    `   Retries = ${timing.retry}`,
    ...(timing.rise === 1 ? [] : [`   Rise = ${timing.rise}`]),
    ...(timing.fall === 1 ? [] : [`   Fall = ${timing.fall}`]),
    ...(timing.retry === 0
      ? []
      : [`   Delay before retry = ${timing.delayBeforeRetryUs} us`, `   Retries iterations = ${state.ran ? state.retries : 0}`]),
  ];
  return [
    ` ${name} -> ${serverName({ ...real.config, ...asked }, protocol)}`,
    `   Enabled = ${yesNo(!server.suspended && !real.maintained)}`,
    `   Up = ${yesNo(state.up)}`,
    `   Has run = ${yesNo(state.ran)}`,
    ...verdictLines(state, clocks),
    `   Current weight = ${state.weight}`,
    ...(check.kind === 'file' ? [] : attempted),
    `   Log all failures = ${yesNo(timing.logAllFailures)}`,
    ...(check.kind === 'file' || check.kind === 'bfd' || check.kind === 'misc'
      ? []
      : ['   Connection', ...connectionLines(state.config, endpointText(asked))]),
    `   Keepalive method = ${CHECK_NAMES[check.kind]}`,
    ...kindLines(check, state),
  ];
}

function connectionLines({ target, timing }: Checker, destination: string): readonly string[] {
  const { bindAddress, bindPort = 0, bindInterface, fwmark = 0 } = target;
  return [
    `     Dest = ${destination}`,
    ...(bindAddress === undefined ? [] : [`     Bind to = ${endpointText({ address: bindAddress, port: bindPort })}`]),
    ...(bindInterface === undefined ? [] : [`     Bind i/f = ${bindInterface}`]),
    ...(fwmark === 0 ? [] : [`     Mark = ${fwmark}`]),
    `     Timeout = ${(timing.connectTimeoutUs / 1e6).toFixed(6)}`,
  ];
}

export function checkerLines({ servers, checkers }: CheckMachine, clocks: HostClocks): readonly string[] {
  const lines = servers.flatMap((server) =>
    server.reals.flatMap((real) =>
      itemsFrom(checkers, real.firstChecker, real.checkerCount).flatMap((state) => checker(state, server, real, clocks)),
    ),
  );
  return lines.length === 0 ? [] : ['------< Health checkers >------', ...lines];
}
