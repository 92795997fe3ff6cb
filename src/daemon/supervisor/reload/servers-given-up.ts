// What a new configuration gives up of virtual servers: their addresses, their servers, and what the checks of these ask.

import { realIdentity, serverIdentity } from '../../../control/check/identity.js';
import { realName } from '../../../control/check/names.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import { CHECK_NAMES } from '../../../model/keepalived/check-names.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Checker, GroupMember, RealServer, VirtualServer } from '../../../model/keepalived/virtual-server.js';

type Virtuals = Pick<KeepalivedConfiguration, 'virtualServers' | 'virtualServerGroups'>;

/** A check that asks another address, or from another one, may find another server. */
const asks = ({ check, target: { address, bindAddress } }: Checker): string =>
  [check.kind, ...[address, bindAddress].map((one) => one && addressId(one))].join(' ');

function checksGivenUp(before: RealServer, next: RealServer): readonly string[] {
  const asked = new Set(next.checkers.map(asks));
  return before.checkers.filter((one) => !asked.has(asks(one))).map(({ check }) => CHECK_NAMES[check.kind]);
}

function ofServer(before: VirtualServer, next: VirtualServer | undefined): readonly string[] {
  if (next === undefined) return [`virtual server ${before.name}`];
  const kept = new Map(next.realServers.map((real) => [realIdentity(real), real]));
  const reals = before.realServers.flatMap((real) => {
    const [name, now] = [`${realName(real, before)} of ${before.name}`, kept.get(realIdentity(real))];
    return now === undefined ? [name] : checksGivenUp(real, now).map((check) => `${check} of ${name}`);
  });
  const sorry = before.sorryServer !== undefined && next.sorryServer === undefined;
  return sorry ? [...reals, `the sorry server of ${before.name}`] : reals;
}

const memberText = (member: GroupMember): string =>
  member.kind === 'fwmark' ? `firewall mark ${member.mark}` : `${formatAddress(member.first)} port ${member.port}`;

function membersGivenUp(before: Virtuals, next: Virtuals): readonly string[] {
  const groups = new Map(next.virtualServerGroups.map(({ name, members }) => [name, members]));
  return before.virtualServerGroups.flatMap(({ name, members }) => {
    const kept = new Set((groups.get(name) ?? []).map((member) => JSON.stringify(member)));
    return members.filter((member) => !kept.has(JSON.stringify(member))).map((member) => `${memberText(member)} of group ${name}`);
  });
}

/** Each as a message names it. */
export function serversGivenUp(before: Virtuals, next: Virtuals): readonly string[] {
  const kept = new Map(next.virtualServers.map((server) => [serverIdentity(server), server]));
  const servers = before.virtualServers.flatMap((server) => ofServer(server, kept.get(serverIdentity(server))));
  return [...servers, ...membersGivenUp(before, next)];
}
