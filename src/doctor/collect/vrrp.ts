// Gathers what is known of VRRP here: the configuration of the daemon that runs in this network namespace (or the host's), who else
// answers for the VIPs that are here, whose adverts pass on the wire, and whether a rule keeps adverts from passing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { readKeepalived } from '../../config/keepalived/read.js';
import { probeArp } from '../../host/arp.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { hostNumberNames } from '../../host/number-names.js';
import type { Address } from '../../model/address.js';
import { sameAddress } from '../../model/identity.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { systemClock } from '../../sys/clock.js';
import type { Netlink } from '../../sys/netlink.js';
import { PacketSocket } from '../../sys/packet-socket.js';
import { decodeEthernet, EtherType } from '../../wire/ethernet.js';
import { decodeIpv4, IpProtocol } from '../../wire/ipv4.js';
import { decodeNeighbour, dumpNeighbours } from '../../wire/rtnetlink-neighbour.js';
import { decodeVrrpAddresses, decodeVrrpHeader } from '../../wire/vrrp.js';
import type { AdvertBlock, AdvertFact, HostFacts, VrrpFacts, VrrpInstanceFact } from '../facts.js';
import { blocking } from '../packet-filter.js';

const DEFAULT_PATH = '/etc/keepalived/keepalived.conf';
/** An AH header in front of the advert. */
const AH = { protocol: 51, bytes: 24 } as const;
/** Adverts are looked for among so many frames of a busy wire. */
const MOST_FRAMES = 50_000;

/** The file that a running daemon of this network namespace was started with. */
function runningWith(): string | undefined {
  const own = readlinkSync('/proc/self/ns/net');
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]+/);
      if (!/(^|\/)keepalived$/.test(words[0] ?? '') || readlinkSync(`/proc/${pid}/ns/net`) !== own) continue;
      const short = words.indexOf('-f');
      const long = words.find((word) => word.startsWith('--use-file='));
      const path = (short >= 0 ? words[short + 1] : long?.slice('--use-file='.length)) ?? DEFAULT_PATH;
      return path.startsWith('/') ? path : `${readlinkSync(`/proc/${pid}/cwd`)}/${path}`;
    } catch {
      // It ended between two reads.
    }
  }
  return undefined;
}

function factOf(instance: VrrpInstance, host: HostFacts): VrrpInstanceFact | undefined {
  const link = host.links.find(({ name }) => name === instance.interface);
  if (link === undefined || instance.family !== 'inet') return undefined;
  const { name, version, vrid, priority, advertUs, addresses, authentication, unicast, multicastGroup } = instance;
  return {
    name,
    device: link.name,
    ifindex: link.ifindex,
    version,
    vrid,
    priority,
    authType: { none: 0, pass: 1, ah: 2, hmac: 0 }[authentication.kind],
    interval: advertUs / 1_000_000,
    vips: addresses.map(({ address }) => address).filter(({ family }) => family === 'inet'),
    destinations: unicast === undefined ? [multicastGroup] : unicast.peers.map(({ address }) => address),
    unicast: unicast !== undefined,
  };
}

/** An advert in a frame that another host sent. */
function advertIn(bytes: Uint8Array, ifindex: number): AdvertFact | undefined {
  const ethernet = decodeEthernet(bytes);
  const packet = ethernet?.etherType === EtherType.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  if (ethernet === undefined || packet === undefined || (packet.protocol !== IpProtocol.vrrp && packet.protocol !== AH.protocol))
    return undefined;
  const message = packet.protocol === AH.protocol ? packet.payload.subarray(AH.bytes) : packet.payload;
  const header = decodeVrrpHeader(message);
  if (header === undefined) return undefined;
  const { version, vrid, priority, authType, interval, addressCount } = header;
  const vips = decodeVrrpAddresses(message, 'inet', addressCount);
  const { source, destination } = packet;
  return { ifindex, mac: ethernet.source, source, destination, version, vrid, priority, authType, interval, vips };
}

/** Listens on each interface for `waitMs` together; one advert of each sender and VRID. */
function overhear(indexes: readonly number[], waitMs: number): readonly AdvertFact[] {
  const heard = new Map<string, AdvertFact>();
  const sockets: PacketSocket[] = [];
  try {
    for (const ifindex of indexes) sockets.push(new PacketSocket(ifindex, EtherType.ipv4));
    let frames = 0;
    const end = systemClock.now() + waitMs;
    for (let left = waitMs; left > 0 && frames < MOST_FRAMES; left = end - systemClock.now()) {
      for (const socket of sockets) {
        let bytes = socket.receive(Math.ceil(Math.min(left, 100 / sockets.length)));
        for (; bytes !== undefined && frames < MOST_FRAMES; bytes = socket.receiveNow()) {
          frames += 1;
          const advert = advertIn(bytes, socket.ifindex);
          if (advert !== undefined) heard.set(`${socket.ifindex} ${advert.mac} ${advert.vrid}`, advert);
        }
      }
    }
  } finally {
    for (const socket of sockets) socket.close();
  }
  return [...heard.values()];
}

function collectBlocks(instances: readonly VrrpInstanceFact[], host: HostFacts, adverts: readonly AdvertFact[]): readonly AdvertBlock[] {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const { status, stdout } = spawnSync('nft', ['-j', 'list', 'ruleset'], { encoding: 'utf8', maxBuffer: 64 << 20, timeout: 10_000, env });
  if (status !== 0) return [];
  return instances.flatMap((instance) => {
    const { device, ifindex, name, authType } = instance;
    const own = host.addresses.find(
      (one) => one.ifindex === ifindex && !instance.vips.some((vip) => sameAddress(vip, one.address)),
    )?.address;
    if (own === undefined) return [];
    const protocol = authType === 2 ? ('ah' as const) : ('vrrp' as const);
    const peers = instance.unicast
      ? instance.destinations
      : adverts.filter((advert) => advert.ifindex === ifindex && advert.vrid === instance.vrid).map(({ source }) => source);
    const inward = (source: Address): AdvertBlock[] => {
      const destination = instance.unicast ? own : (instance.destinations[0] ?? own);
      const by = blocking(stdout, { way: 'in', device, source, destination, protocol });
      return by === undefined ? [] : [{ instance: name, way: 'in', source, destination, by }];
    };
    const outward = (destination: Address): AdvertBlock[] => {
      const by = blocking(stdout, { way: 'out', device, source: own, destination, protocol });
      return by === undefined ? [] : [{ instance: name, way: 'out', source: own, destination, by }];
    };
    return [...peers.flatMap(inward), ...instance.destinations.flatMap(outward)];
  });
}

/** `path`: keepalived.conf; absent: that of the daemon that runs here, or the host's own. Undefined: no VRRP here. @throws SystemError */
export function collectVrrp(netlink: Netlink, host: HostFacts, waitMs: number, path?: string): VrrpFacts | undefined {
  const file = path ?? runningWith() ?? DEFAULT_PATH;
  if (path === undefined && !existsSync(file)) return undefined;
  const { configuration } = readKeepalived(hostConfigFiles, {
    path: file,
    mustExist: true,
    directory: process.cwd(),
    configId: hostname().split('.')[0] ?? '',
    environment: process.env,
    names: hostNumberNames,
  });
  if (configuration === undefined)
    return {
      instances: [],
      adverts: [],
      holders: [],
      neighbours: [],
      blocks: [],
      blind: [`VRRP was not looked at: ${file} cannot be read`],
    };
  const instances = configuration.instances.flatMap((one) => factOf(one, host) ?? []);
  if (instances.length === 0) return undefined;
  const here = (instance: VrrpInstanceFact) =>
    instance.vips.filter((vip) => host.addresses.some(({ address }) => sameAddress(address, vip)));
  const indexes = [...new Set(instances.map(({ ifindex }) => ifindex))];
  const questions = indexes.flatMap((ifindex) => {
    const mac = host.links.find((link) => link.ifindex === ifindex)?.mac;
    const addresses = instances.filter((one) => one.ifindex === ifindex).flatMap(here);
    return mac === undefined || addresses.length === 0 ? [] : [{ ifindex, mac, addresses }];
  });
  const own = new Set(host.links.flatMap(({ mac }) => mac ?? []));
  const holders = probeArp(questions, own)
    .filter(({ kind }) => kind === 'holds')
    .map(({ ifindex, address, mac }) => ({ ifindex, address, mac }));
  const adverts = overhear(indexes, waitMs);
  const neighbours = netlink
    .dump(dumpNeighbours('inet'), decodeNeighbour, 'list neighbours')
    .flatMap(({ address, mac }) => (mac === undefined ? [] : [{ address, mac }]));
  return { instances, adverts, holders, neighbours, blocks: collectBlocks(instances, host, adverts), blind: [] };
}
