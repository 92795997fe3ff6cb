// What an operator changes in the file between two reloads: nothing, a number, a server, a check.
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Random } from '../random.js';
import { checkerOf, HOSTS, hostAddress, nameOf, quorumOf, realOf, serverOf, sorryOf, timingOf, withServersOf } from './configuration.js';
import type { Configuration } from './history.js';
import { hostOf } from './names.js';

type ChangeReal = (random: Random, real: RealServer) => RealServer;

const realChanges: readonly (readonly [string, ChangeReal])[] = [
  ['weight', (random, real) => ({ ...real, weight: random.pick([0, 1, 3, 10, 65_535]) })],
  ['inhibit_on_failure', (_, real) => ({ ...real, inhibitOnFailure: !real.inhibitOnFailure })],
  ['another check', (random, real) => ({ ...real, checkers: [...real.checkers, checkerOf(random, real.alpha)] })],
  ['one check less', (_, real) => ({ ...real, checkers: real.checkers.slice(1) })],
  ['other checks', (random, real) => ({ ...real, checkers: [checkerOf(random, real.alpha)] })],
  [
    'other times',
    (random, real) => ({ ...real, checkers: real.checkers.map((one) => ({ ...one, timing: timingOf(random, one.timing.alpha) })) }),
  ],
  ['checks in another order', (_, real) => ({ ...real, checkers: real.checkers.toReversed() })],
];

type ChangeServer = (random: Random, server: VirtualServer) => VirtualServer;

const weightOf = ({ realServers }: VirtualServer): number => realServers.reduce((sum, { weight }) => sum + weight, 0);

function withoutSorry({ sorryServer: _, ...server }: VirtualServer): VirtualServer {
  return server;
}

const serverChanges: readonly (readonly [string, ChangeServer])[] = [
  ['quorum', (random, server) => ({ ...server, ...quorumOf(random, weightOf(server)) })],
  ['sorry server', (_, server) => (server.sorryServer === undefined ? { ...server, sorryServer: sorryOf() } : withoutSorry(server))],
  ['sorry_server_inhibit', (_, server) => ({ ...server, sorryInhibit: !server.sorryInhibit })],
  ['ha_suspend', (_, server) => ({ ...server, haSuspend: !server.haSuspend })],
  ['one server less', (random, server) => ({ ...server, realServers: without(server.realServers, random) })],
  ['another server', (random, server) => ({ ...server, realServers: withAnother(random, server) })],
  ['servers in another order', (_, server) => ({ ...server, realServers: server.realServers.toReversed() })],
];

const without = <Item>(list: readonly Item[], random: Random): readonly Item[] =>
  list.length === 0 ? list : list.toSpliced(random.below(list.length), 1);

function withAnother(random: Random, { realServers, alpha }: VirtualServer): readonly RealServer[] {
  const used = new Set(realServers.map(hostOf));
  const free = Array.from({ length: HOSTS }, (_, host) => host).find((host) => !used.has(`10.0.0.${1 + host}`));
  return free === undefined ? realServers : [...realServers, { ...realOf(random, free, alpha), address: hostAddress(free) }];
}

function changeOne<Item>(random: Random, list: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  const at = random.below(list.length);
  return list.map((item, index) => (index === at ? change(item) : item));
}

/** Its number is one that no server in the file has. */
function anotherServer(random: Random, servers: readonly VirtualServer[]): VirtualServer {
  const names = new Set(servers.map(({ name }) => name));
  const free = Array.from({ length: servers.length + 1 }, (_, number) => number).find((number) => !names.has(nameOf(number)));
  const server = serverOf(random, free ?? servers.length);
  return servers.length > 0 && random.chance(0.5) ? withServersOf(random, server, random.pick(servers)) : server;
}

/** Another file, and in words what it changes. */
export function otherConfiguration(
  random: Random,
  before: Configuration,
): { readonly configuration: Configuration; readonly what: string } {
  const { servers } = before;
  const kind = random.below(10);
  if (kind < 1 || servers.length === 0) return { configuration: before, what: 'nothing' };
  if (kind === 1) {
    const { settings } = before;
    const sharedChecks = !settings.sharedChecks;
    return { configuration: { ...before, settings: { ...settings, sharedChecks } }, what: `shared_checks ${sharedChecks ? 'on' : 'off'}` };
  }
  if (kind === 2) return { configuration: { ...before, servers: servers.slice(1) }, what: 'one virtual server less' };
  if (kind === 3)
    return { configuration: { ...before, servers: [...servers, anotherServer(random, servers)] }, what: 'another virtual server' };
  if (kind < 7) {
    const [what, change] = random.pick(serverChanges);
    return { configuration: { ...before, servers: changeOne(random, servers, (server) => change(random, server)) }, what };
  }
  const [what, change] = random.pick(realChanges);
  const changed = changeOne(random, servers, (server) => ({
    ...server,
    realServers: server.realServers.length === 0 ? [] : changeOne(random, server.realServers, (real) => change(random, real)),
  }));
  return { configuration: { ...before, servers: changed }, what };
}
