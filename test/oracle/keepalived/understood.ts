// What keepalived understood of a file, as lines of its data dump, and weir's model as the same lines.

import { initialState } from '../../../src/control/vrrp/state/vrrp-machine.js';
import { step } from '../../../src/control/vrrp/step.js';
import { instanceLines } from '../../../src/dump/instance.js';
import { formatAddress } from '../../../src/model/address-text.js';
import type { KeepalivedConfiguration } from '../../../src/model/keepalived/configuration.js';
import type { VirtualServer } from '../../../src/model/keepalived/virtual-server.js';

/** Lines of a running daemon, headings, and lines that depend on the host. */
const LEFT_OUT =
  /does not exist|no IPv|src address not configured|^\s*(?:State|Wantstate|Number of|Master down|Flags|Using src_ip|No sockets|Effective prio|Total prio|Last trans|Read timeout|Tracked \w+ :|tracked interface|BFD \w|Unicast config option)/;

const normal = (line: string): string =>
  line
    .trim()
    .replace(/, ifindex \d+/, '')
    .replace(': weight', ', weight');

/** The instances as keepalived.data shows them before any event. */
export function instancesOf(configuration: KeepalivedConfiguration): readonly string[] {
  const machine = step(initialState(), { kind: 'configure', configuration, interfaces: [] }, 0).state;
  const lines = machine.instances.flatMap((instance) =>
    instanceLines(instance, machine, {
      offsetUs: 0,
      ctime: String,
      owner: (runAs) => ((runAs?.user ?? 'root') === 'root' ? '0:0' : (runAs?.user ?? '')),
    }),
  );
  return lines.filter((line) => !LEFT_OUT.test(line)).map(normal);
}

const METHODS = { masq: 'NAT', route: 'DR', tunnel: 'TUN', local: 'LOCAL', fullnat: 'FULLNAT' } as const;
const yes = (value: boolean): string => (value ? 'yes' : 'no');
const on = (value: boolean): string => (value ? 'ON' : 'OFF');

function serviceLines(server: VirtualServer): readonly string[] {
  const fwmark = server.target.kind === 'service' && server.target.key.kind === 'fwmark';
  return [
    `lvs_sched = ${server.scheduler}`,
    `One packet scheduling = ${server.onePacket ? 'enabled' : 'disabled'}`,
    `alpha is ${on(server.alpha)}`,
    `omega is ${on(server.omega)}`,
    `quorum = ${server.quorum}, hysteresis = ${server.hysteresis}`,
    `Using smtp notification = ${yes(server.smtpAlert)}`,
    `default forwarding method = ${METHODS[server.method]}`,
    ...(server.persistence === undefined ? [] : [`persistence timeout = ${server.persistence.timeout}`]),
    ...(fwmark ? [] : [`protocol = ${server.protocol.toUpperCase()}`]),
    ...server.realServers.flatMap((real) => [
      `RIP = ${formatAddress(real.address)}, RPORT = ${real.port}, WEIGHT = ${real.weight}`,
      `forwarding method = ${METHODS[real.method]}`,
      `Alpha is ${on(real.alpha)}`,
      `connection limit range = ${real.lowerThreshold} -> ${real.upperThreshold}`,
      `Using smtp notification = ${yes(real.smtpAlert)}`,
    ]),
  ];
}

function checkerLines({ realServers }: VirtualServer): readonly string[] {
  return realServers.flatMap((real) =>
    real.checkers.flatMap(({ check, target, timing }) => {
      if (check.kind === 'file' || check.kind === 'bfd') return [];
      return [
        `Alpha = ${yes(timing.alpha)}`,
        `Delay loop = ${timing.delayLoopUs} us`,
        `Warmup = ${timing.warmupUs} us`,
        `Retries = ${timing.retry}`,
        ...(timing.retry === 0 ? [] : [`Delay before retry = ${timing.delayBeforeRetryUs} us`]),
        `Log all failures = ${yes(timing.logAllFailures)}`,
        ...(check.kind === 'misc'
          ? []
          : [
              `Dest = [${formatAddress(target.address ?? real.address)}]:${target.port ?? real.port}`,
              `Timeout = ${(timing.connectTimeoutUs / 1e6).toFixed(6)}`,
            ]),
        ...(check.kind === 'dns' ? [`Type = ${check.type}`] : []),
      ];
    }),
  );
}

/** Virtual servers, their servers and checkers as keepalived_check.data shows them. */
export const servicesOf = ({ virtualServers }: KeepalivedConfiguration): readonly string[] => [
  ...virtualServers.flatMap(serviceLines),
  ...virtualServers.flatMap(checkerLines),
];
