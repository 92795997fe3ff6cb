// The virtual servers' part of keepalived_check.data. Pure.

import { serverName } from '../control/virtual-server/names.js';
import { formatAddress } from '../model/address-text.js';
import { CHECK_NAMES } from '../model/keepalived/check-names.js';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import type { RealServer, VirtualServer } from '../model/keepalived/virtual-server.js';

const METHODS = { masq: 'NAT', route: 'DR', tunnel: 'TUN', local: 'LOCAL' } as const;

function realServer(real: RealServer): readonly string[] {
  return [
    `   RIP = ${formatAddress(real.address)}, RPORT = ${real.port}, WEIGHT = ${real.weight}`,
    `     forwarding method = ${METHODS[real.method]}`,
    `     Alpha is ${real.alpha ? 'ON' : 'OFF'}`,
    ...(real.upperThreshold === 0 ? [] : [`     upper threshold = ${real.upperThreshold}`]),
    ...(real.lowerThreshold === 0 ? [] : [`     lower threshold = ${real.lowerThreshold}`]),
    ...(real.inhibitOnFailure ? ['     -> Inhibit service on failure'] : []),
    ...real.checkers.map(({ check }) => `     Keepalive method = ${CHECK_NAMES[check.kind]}`),
  ];
}

function virtualServer(server: VirtualServer): readonly string[] {
  const { persistence, sorryServer, protocol } = server;
  return [
    ` Virtual server = ${server.name}`,
    `   protocol = ${protocol.toUpperCase()}`,
    `   lb_algo = ${server.scheduler}`,
    `   default forwarding method = ${METHODS[server.method]}`,
    ...(persistence === undefined ? [] : [`   persistence timeout = ${persistence.timeout}`]),
    ...(server.onePacket ? ['   One packet scheduling = ON'] : []),
    `   alpha is ${server.alpha ? 'ON' : 'OFF'}, omega is ${server.omega ? 'ON' : 'OFF'}`,
    `   quorum = ${server.quorum}, hysteresis = ${server.hysteresis}`,
    ...(sorryServer === undefined ? [] : [`   sorry server = ${serverName(sorryServer, protocol)}`]),
    ...server.realServers.flatMap(realServer),
  ];
}

export function virtualServerLines({ virtualServers }: KeepalivedConfiguration): readonly string[] {
  return ['------< LVS Topology >------', ...virtualServers.flatMap(virtualServer)];
}
