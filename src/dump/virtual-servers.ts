// The virtual servers' part of keepalived_check.data, with their health at this moment. Pure.

import { type RealHealth, realHealthOf } from '../control/check/health.js';
import type { CheckMachine, RealState, ServerState } from '../control/check/state.js';
import { itemsFrom } from '../control/timed-list.js';
import { serverName } from '../control/virtual-server/names.js';
import { formatAddress } from '../model/address-text.js';
import type { RealServer, VirtualServer } from '../model/keepalived/virtual-server.js';
import { checkerLines } from './checkers.js';
import { yesNo } from './line-parts.js';
import type { HostClocks } from './live.js';

const METHODS = { masq: 'NAT', route: 'DR', tunnel: 'TUN', local: 'LOCAL', fullnat: 'FULLNAT' } as const;

const onOff = (on: boolean): string => (on ? 'ON' : 'OFF');

function method({ method: forwarding, tunnel }: Pick<RealServer, 'method' | 'tunnel'>): string {
  return forwarding === 'tunnel' ? `TUN, type = ${tunnel.type.toUpperCase()}` : METHODS[forwarding];
}

function realServer({ config: real, alive }: RealState, { weight, failed }: RealHealth, isSet: boolean): readonly string[] {
  const { address, port, alpha, lowerThreshold, upperThreshold, inhibitOnFailure, notifyUp, notifyDown, virtualHost, smtpAlert } = real;
  return [
    '   ------< Real server >------',
    `   RIP = ${formatAddress(address)}, RPORT = ${port}, WEIGHT = ${weight} EFF WEIGHT = ${weight}`,
    `   forwarding method = ${method(real)}`,
    `   Alpha is ${onOff(alpha)}`,
    `   connection limit range = ${lowerThreshold} -> ${upperThreshold}`,
    `   Inhibit on failure is ${onOff(inhibitOnFailure)}`,
    ...(notifyUp === undefined ? [] : [`     RS up notify script = ${notifyUp.text}`]),
    ...(notifyDown === undefined ? [] : [`     RS down notify script = ${notifyDown.text}`]),
    ...(virtualHost === undefined ? [] : [`    VirtualHost = '${virtualHost}'`]),
    `   Using smtp notification = ${yesNo(smtpAlert)}`,
    `   initial weight = ${real.weight}`,
    `   effective weight = ${weight}`,
    `   alive = ${Number(alive)}`,
    `   num failed checkers = ${failed.length}`,
    `   RS set = ${Number(isSet)}`,
  ];
}

function targetLine({ target, name }: VirtualServer): string {
  if (target.kind === 'group') return ` VS GROUP = ${name}`;
  const { key } = target;
  return key.kind === 'fwmark' ? ` VS FWMARK = ${key.mark}` : ` VS VIP = ${formatAddress(key.address)}, VPORT = ${key.port}`;
}

function sorryLines({ sorryServer, sorryInhibit, protocol }: VirtualServer): readonly string[] {
  if (sorryServer === undefined) return [];
  return [
    `   sorry server = ${serverName(sorryServer, protocol)}`,
    `     forwarding method = ${method(sorryServer)}`,
    `     Inhibit on failure is ${onOff(sorryInhibit)}`,
  ];
}

function serverLines(server: VirtualServer, { quorumUp }: ServerState): readonly string[] {
  const { persistence, quorum, hysteresis, quorumUp: upScript, quorumDown: downScript } = server;
  const persistent = persistence === undefined ? [] : [`   persistence timeout = ${persistence.timeout}`];
  return [
    ' ------< Virtual server >------',
    targetLine(server),
    ...(server.virtualHost === undefined ? [] : [`   VirtualHost = ${server.virtualHost}`]),
    `   lvs_sched = ${server.scheduler}`,
    `   One packet scheduling = ${server.onePacket ? 'enabled' : 'disabled'}`,
    ...persistent,
    `   protocol = ${server.protocol.toUpperCase()}`,
    `   alpha is ${onOff(server.alpha)}`,
    `   omega is ${onOff(server.omega)}`,
    `   quorum = ${quorum}, hysteresis = ${hysteresis}`,
    ...(upScript === undefined ? [] : [`   Quorum up notify script = ${upScript.text}`]),
    ...(downScript === undefined ? [] : [`   Quorum down notify script = ${downScript.text}`]),
    ...(server.haSuspend ? ['   Using HA suspend'] : []),
    `   Using smtp notification = ${yesNo(server.smtpAlert)}`,
    `   default forwarding method = ${method(server)}`,
    ...sorryLines(server),
    '   alive = 1',
    `   quorum_state_up = ${Number(quorumUp)}`,
  ];
}

function virtualServer(state: ServerState, { checkers }: CheckMachine): readonly string[] {
  const reals = state.reals.flatMap((real) =>
    realServer(
      real,
      realHealthOf(real, itemsFrom(checkers, real.firstChecker, real.checkerCount)),
      (real.alive && !state.sorry) || real.config.inhibitOnFailure,
    ),
  );
  return [...serverLines(state.config, state), ...reals];
}

/** Virtual servers with their real servers, then all checks. */
export function virtualServerLines(machine: CheckMachine, clocks: HostClocks): readonly string[] {
  return [
    '------< LVS Topology >------',
    ...machine.servers.flatMap((state) => virtualServer(state, machine)),
    ...checkerLines(machine, clocks),
  ];
}
