// keepalived_bfd.data after its global part: configuration and state of the sessions, and refused packets. Pure.

import type { BfdMachine, Session } from '../control/bfd/state.js';
import { diagnosticText, stateText } from '../control/bfd/texts.js';
import { detectionUs, remoteDetectionUs, transmitUs } from '../control/bfd/timing.js';
import { formatAddress } from '../model/address-text.js';
import type { BfdInstance } from '../model/keepalived/trackers.js';
import type { BfdPort } from '../wire/bfd.js';
import type { HostClocks } from './live.js';

export interface BfdFacts {
  readonly state: BfdMachine;
  readonly inputs: readonly { readonly port: BfdPort; readonly fd: number }[];
  /** The sending socket of each session. */
  readonly outputs: ReadonlyMap<string, number>;
}

const yes = (value: boolean): string => (value ? 'Yes' : 'No');
const INPUTS = { single: ' fd_in', multihop: ' multihop fd_in' } as const;

/** The configuration of a session. */
export function bfdSettings(config: BfdInstance): readonly string[] {
  const { neighbour, source, events } = config;
  return [
    ` BFD Instance = ${config.name}`,
    `   Neighbor IP = ${formatAddress(neighbour)}`,
    ...(source === undefined ? [] : [`   Source IP = ${formatAddress(source)}`]),
    `   Required min RX interval = ${config.minRxUs} us`,
    `   Desired min TX interval = ${config.minTxUs} us`,
    `   Desired idle TX interval = ${config.idleTxUs} us`,
    `   Detection multiplier = ${config.multiplier}`,
    `   ${neighbour.family === 'inet' ? 'TTL' : 'hoplimit'} = ${config.ttl}`,
    `   max_hops = ${config.maxHops < 0 ? 255 : config.maxHops}`,
    `   passive = ${config.passive}`,
    `   send event to VRRP process = ${yes(events.vrrp)}`,
    `   send event to checker process = ${yes(events.checker)}`,
  ];
}

/** `1763640000.123456 (Thu Nov 20 12:00:00 2026.123456)` */
function moment(atUs: number, { offsetUs, ctime }: HostClocks): string {
  const wallUs = atUs + offsetUs;
  const [seconds, micros] = [Math.floor(wallUs / 1e6), String(Math.floor(wallUs % 1e6)).padStart(6, '0')];
  return `${seconds}.${micros} (${ctime(seconds)}.${micros})`;
}

function sessionLines(session: Session, output: number | undefined, clocks: HostClocks): readonly string[] {
  const hex = (word: number): string => `0x${word.toString(16)}`;
  const { config, receivedAtUs } = session;
  return [
    ...bfdSettings(config),
    ...(config.multihop ? ['   multihop = true'] : []),
    `   fd_out ${output ?? -1}`,
    `   local state = ${stateText(session.state)}`,
    `   remote state = ${stateText(session.remoteState)}`,
    `   local discriminator = ${hex(session.discriminator)}`,
    `   remote discriminator = ${hex(session.remoteDiscriminator)}`,
    `   local diag = ${diagnosticText(session.diagnostic)}`,
    `   remote diag = ${diagnosticText(session.remoteDiagnostic)}`,
    `   remote min tx intv = ${session.remoteMinTxUs} us`,
    `   remote min rx intv = ${session.remoteMinRxUs} us`,
    '   local demand = 0',
    `   remote demand = ${session.remoteDemand ? 1 : 0}`,
    `   remote detect multiplier = ${session.remoteMultiplier}`,
    `   ${session.polling ? '' : '!'}poll, !final`,
    `   local tx intv = ${transmitUs(session)} us`,
    `   remote tx intv = ${Math.max(session.requiredMinRxUs, session.remoteMinTxUs)} us`,
    `   local detection time = ${detectionUs(session)} us`,
    `   remote detection time = ${remoteDetectionUs(session)} us`,
    receivedAtUs === undefined ? '   last_seen = [never]' : `   last seen = ${moment(receivedAtUs, clocks)}`,
    `   Packets received = ${session.received}, sent = ${session.sent}`,
    `   Went up = ${session.wentUp}, down = ${session.wentDown}`,
  ];
}

export function bfdLines({ state, inputs, outputs }: BfdFacts, clocks: HostClocks): readonly string[] {
  const refused = Object.entries(state.refused);
  return [
    '------< BFD Data >------',
    ...inputs.map(({ port, fd }) => `${INPUTS[port]} = ${fd}`),
    ...(refused.length === 0 ? [] : [' Refused packets :', ...refused.map(([reason, count]) => `   ${reason} = ${count}`)]),
    ...(state.sessions.length === 0 ? [] : ['------< BFD Topology >------']),
    ...state.sessions.flatMap((session) => sessionLines(session, outputs.get(session.config.name), clocks)),
  ];
}
