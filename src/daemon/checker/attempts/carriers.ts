// What carries attempts: sockets of each transport, and scripts.
import { constants } from 'node:os';
import type { SecureContext } from 'node:tls';
import { namedHost } from '../../../control/check/kinds/http-conversation.js';
import { kindOf } from '../../../control/check/kinds/index.js';
import type { Attempt } from '../../../control/check/messages.js';
import type { ProbeInput } from '../../../control/check/probe.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { VipCheck } from '../../../model/keepalived/vip-check.js';
import type { CertificateRules, CheckKind } from '../../../model/keepalived/virtual-server.js';
import type { CertificateDemands } from '../../../sys/sockets/certificate-fault.js';
import type { ClientOptions } from '../../../sys/sockets/client-socket.js';
import { PingClient } from '../../../sys/sockets/ping-client.js';
import { TcpClient } from '../../../sys/sockets/tcp-client.js';
import { TlsClient, type TlsEvents } from '../../../sys/sockets/tls-client.js';
import { DatagramClient, openUdp } from '../../../sys/sockets/udp-client.js';
import type { RunningScript } from '../../scripts/run-script.js';
import type { Carrier } from './attempt-run.js';

type MiscCheck = Extract<CheckKind, { kind: 'misc' }>;

export interface CarrierTools {
  /** Starts a MISC_CHECK's script: running, or why not. `name`: of the check. */
  readonly runScript: (script: Script, timeoutUs: number, name: string) => RunningScript | string;
  /** For servers whose certificate is verified by these rules, or any server. @throws NotMadeError where the authorities cannot be read */
  readonly secureContext: (rules?: CertificateRules) => SecureContext;
  readonly random: () => number;
  readonly openVip: (attempt: Attempt, check: VipCheck, feed: (input: ProbeInput) => void) => Carrier;
}

function optionsOf({ target }: Attempt): ClientOptions {
  const { address, port, bindAddress, bindInterface, bindPort, fwmark } = target;
  return { address, port, bindAddress, bindInterface, bindPort, mark: fwmark };
}

const eventsOf = (feed: (input: ProbeInput) => void): TlsEvents => ({
  connected: (warning) => feed({ kind: 'connected', ...(warning === undefined ? {} : { warning }) }),
  received: (bytes) => feed({ kind: 'received', bytes }),
  ended: () => feed({ kind: 'ended' }),
  failed: (phase, reason, errno) => feed({ kind: 'failed', phase, reason, ...(errno === undefined ? {} : { errno }) }),
  untrusted: (reason) => feed({ kind: 'untrusted', reason }),
});

/** A port is no part of a name, nor are the brackets of an address. */
const plainName = (name: string): string => name.replace(/^(\[.*\]|[^:]*):\d+$/, '$1').replace(/^\[(.*)\]$/, '$1');

/** SNI: sni_name, else the URL's host, the check's, the virtual server's; keepalived does not use the real server's. */
function serverName({ check, url, virtualHost }: Attempt): string | undefined {
  if (check.kind !== 'ssl' || !check.sni) return undefined;
  const name = check.sniName ?? check.urls[url]?.virtualHost ?? check.virtualHost ?? virtualHost;
  const host = name === undefined ? undefined : plainName(name);
  // An address is no name (RFC 6066 §3).
  return host === undefined || /^[\d.]+$|:/.test(host) ? undefined : host;
}

/** What the certificate must have: verify_host, else the name in the handshake, else the one in the request. */
function certificateDemands(attempt: Attempt): CertificateDemands | undefined {
  const { check } = attempt;
  if (check.kind !== 'ssl' || check.verify === undefined) return undefined;
  const { host, warningDays } = check.verify;
  const name = host ?? check.sniName ?? namedHost(attempt);
  return { ...(name === undefined ? {} : { host: plainName(name) }), ...(warningDays === undefined ? {} : { warningDays }) };
}

function openTls(attempt: Attempt, options: ClientOptions, feed: (input: ProbeInput) => void, { secureContext }: CarrierTools): Carrier {
  const { check } = attempt;
  const [name, certificate] = [serverName(attempt), certificateDemands(attempt)];
  return new TlsClient(
    {
      ...options,
      context: secureContext(check.kind === 'ssl' ? check.verify : undefined),
      ...(name === undefined ? {} : { serverName: name }),
      ...(certificate === undefined ? {} : { certificate }),
    },
    eventsOf(feed),
  );
}

function openScript(
  { script, timeoutUs }: MiscCheck,
  { intervalUs, target }: Attempt,
  feed: (input: ProbeInput) => void,
  { runScript }: CarrierTools,
): Carrier {
  const name = JSON.stringify([script.argv, script.text, target]);
  const running = runScript(script, timeoutUs === 0 ? intervalUs : timeoutUs, name);
  if (typeof running === 'string') {
    setImmediate(() => feed({ kind: 'failed', phase: 'connect', reason: running }));
    return { send: () => {}, close: () => {} };
  }
  void running.ended.then((outcome) => {
    if (outcome.kind === 'exited') feed({ kind: 'exited', status: outcome.status });
    else if (outcome.kind === 'notStarted') feed({ kind: 'failed', phase: 'connect', reason: outcome.why });
    else if (outcome.kind === 'timedOut') feed({ kind: 'signalled', signal: constants.signals.SIGTERM, timedOut: true });
    else feed({ kind: 'signalled', signal: outcome.signal, timedOut: false });
  });
  // After its end that does nothing.
  return { send: () => {}, close: () => running.end() };
}

/** @throws SystemError, NotMadeError where no socket can be made */
export function openCarrier(attempt: Attempt, feed: (input: ProbeInput) => void, tools: CarrierTools): Carrier {
  const { check } = attempt;
  const options = optionsOf(attempt);
  if (check.kind === 'misc') return openScript(check, attempt, feed, tools);
  if (check.kind === 'vip') return tools.openVip(attempt, check, feed);
  switch (kindOf(check.kind).probe.transport(check)) {
    case 'udp':
      return new DatagramClient(options, eventsOf(feed), () => openUdp(options, check.kind === 'udp'));
    case 'ping':
      return new PingClient(options, { id: tools.random(), sequence: tools.random() }, eventsOf(feed));
    case 'tls':
      return openTls(attempt, options, feed, tools);
    default:
      return new TcpClient(options, eventsOf(feed));
  }
}
