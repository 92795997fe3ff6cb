// Collects the facts about VRRP on this host: the configuration of the daemons that run in this network namespace (or the host's),
// other hosts that answer for the VIPs that are here, other hosts' adverts, and settings of this host that block VRRP.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { readKeepalived } from '../../config/keepalived/read.js';
import { virtualInterfaceNamesOf } from '../../control/vrrp/interfaces/virtual-interface-names.js';
import { probeArp } from '../../host/arp.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { probeNeighbours } from '../../host/neighbour-probe.js';
import { hostNumberNames } from '../../host/number-names.js';
import type { Address } from '../../model/address.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { EtherType } from '../../wire/ethernet.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeNeighbour, dumpNeighbours } from '../../wire/rtnetlink-neighbour.js';
import type { AddressFact, HolderFact, HostFacts } from '../facts.js';
import type { DaemonFact, VrrpFacts, VrrpInstanceFact } from '../vrrp-facts.js';
import { advertBlocks } from './advert-blocks.js';
import { collectAdverts } from './adverts.js';
import { collectDaemons, DEFAULT_PATH } from './daemons.js';
import { collectFilterChains } from './filter-chains.js';
import { collectPath } from './host.js';
import { collectListeners } from './listeners.js';

const AUTH_TYPES = { none: 0, pass: 1, ah: 2, hmac: 0 } as const;

function factOf(
  instance: VrrpInstance,
  configuration: KeepalivedConfiguration,
  file: string,
  host: HostFacts,
): VrrpInstanceFact | undefined {
  const iface = host.interfaces.find(({ name }) => name === instance.interface);
  if (iface === undefined) return undefined;
  const { name, family, version, vrid, priority, advertUs, addresses, authentication, unicast, multicastGroup, virtualInterface } =
    instance;
  const vmac = virtualInterfaceNamesOf(configuration, instance).own?.settings.name;
  const made = virtualInterface?.kind === 'vmac' && host.interfaces.some((one) => one.name === vmac);
  return {
    name,
    file,
    family,
    interfaceName: iface.name,
    ifindex: iface.ifindex,
    version,
    vrid,
    priority,
    authType: AUTH_TYPES[authentication.kind],
    ...(authentication.kind === 'pass' ? { password: authentication.password.slice(0, 8) } : {}),
    interval: advertUs / 1_000_000,
    vips: addresses.map(({ address }) => address).filter((address) => address.family === family),
    destinations: unicast === undefined ? [multicastGroup] : unicast.peers.map(({ address }) => address),
    unicast: unicast !== undefined,
    ...(made && vmac !== undefined ? { vmac } : {}),
  };
}

/** The instances of one file whose interfaces exist here; undefined: the file cannot be read. */
function readInstances(file: string, host: HostFacts): readonly VrrpInstanceFact[] | undefined {
  const { configuration } = readKeepalived(hostConfigFiles, {
    path: file,
    mustExist: true,
    directory: process.cwd(),
    configId: hostname().split('.')[0] ?? '',
    environment: process.env,
    names: hostNumberNames,
  });
  return configuration?.instances.flatMap((one) => factOf(one, configuration, file, host) ?? []);
}

/** Other hosts that answer for VIPs that are here. */
function collectHolders(instances: readonly VrrpInstanceFact[], addresses: readonly AddressFact[], host: HostFacts): readonly HolderFact[] {
  const here = new Set(addresses.map(({ address }) => addressId(address)));
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  const questions = [...new Set(instances.map(({ ifindex }) => ifindex))].flatMap((ifindex) => {
    const mac = host.interfaces.find((iface) => iface.ifindex === ifindex)?.mac;
    const vips = instances.filter((one) => one.ifindex === ifindex).flatMap((one) => one.vips);
    return mac === undefined ? [] : [{ ifindex, mac, vips: vips.filter((vip) => here.has(addressId(vip))) }];
  });
  const of = (family: Address['family'], vips: readonly Address[]) => vips.filter((vip) => vip.family === family);
  const byArp = probeArp(
    questions.map(({ ifindex, mac, vips }) => ({ ifindex, mac, addresses: of('inet', vips) })),
    own,
  ).filter(({ kind }) => kind === 'holds');
  const byNeighbours = probeNeighbours(
    questions.flatMap(({ ifindex, mac, vips }) => {
      const from = addresses.find(
        ({ address, ifindex: there }) => there === ifindex && address.family === 'inet6' && !vips.some((vip) => sameAddress(vip, address)),
      )?.address;
      return from === undefined ? [] : [{ ifindex, mac, from, addresses: of('inet6', vips) }];
    }),
    own,
  );
  return [...byArp, ...byNeighbours].map(({ ifindex, address, mac }) => ({ ifindex, address, mac }));
}

function collectSettings(instances: readonly VrrpInstanceFact[]): ReadonlyMap<string, string> {
  const names = new Set(['all', ...instances.flatMap(({ interfaceName, vmac }) => (vmac === undefined ? [] : [interfaceName, vmac]))]);
  const keys = ['rp_filter', 'arp_ignore', 'arp_filter'];
  const paths = [...names].flatMap((name) => keys.map((key) => `net/ipv4/conf/${name}/${key}`));
  return new Map(
    ['net/ipv4/ip_nonlocal_bind', 'net/ipv6/ip_nonlocal_bind', ...paths].flatMap((path): [string, string][] => {
      const value = readSetting(path);
      return value === undefined ? [] : [[path, value]];
    }),
  );
}

/** The configuration files: the one named on the command line, else those of the daemons, else the host's own. */
function filesOf(path: string | undefined, daemons: readonly DaemonFact[]): readonly string[] {
  if (path !== undefined) return [path];
  if (daemons.length > 0) return [...new Set(daemons.map(({ file }) => file))];
  return existsSync(DEFAULT_PATH) ? [DEFAULT_PATH] : [];
}

/** `path`: keepalived.conf; absent: those of the daemons that run here, or the host's own. Undefined: no VRRP here. @throws SystemError */
export function collectVrrp(netlink: Netlink, host: HostFacts, waitMs: number, path?: string): VrrpFacts | undefined {
  const daemons = collectDaemons();
  const files = filesOf(path, daemons);
  if (files.length === 0) return undefined;
  const read = files.map((file) => ({ file, instances: readInstances(file, host) }));
  const unread = read.flatMap(({ file, instances }) =>
    instances === undefined ? [{ what: 'VRRP was not examined', cause: `${file} cannot be read` }] : [],
  );
  const instances = read.flatMap((one) => one.instances ?? []);
  if (instances.length === 0 && unread.length === 0) return undefined;
  const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  const holders = collectHolders(instances, addresses, host);
  const capturePoints = new Map(
    instances.map(({ ifindex, family }) => [
      `${ifindex} ${family}`,
      { ifindex, etherType: family === 'inet' ? EtherType.ipv4 : EtherType.ipv6 },
    ]),
  );
  const adverts = collectAdverts([...capturePoints.values()], waitMs);
  const sources = new Map(adverts.map(({ source }) => [addressId(source), source]));
  const neighbours = (['inet', 'inet6'] as const).flatMap((family) =>
    netlink
      .dump(dumpNeighbours(family), decodeNeighbour, 'list neighbours')
      .flatMap(({ address, mac }) => (mac === undefined ? [] : [{ address, mac }])),
  );
  const { chains, notExamined } = instances.length === 0 ? { chains: [], notExamined: [] } : collectFilterChains();
  return {
    instances,
    daemons: path === undefined ? daemons : [],
    addresses,
    adverts,
    paths: [...sources.values()].map((source) => collectPath(netlink, source)),
    holders,
    neighbours,
    blocks: advertBlocks(instances, addresses, adverts, chains),
    listeners: collectListeners(),
    settings: collectSettings(instances),
    notExamined: [...unread, ...notExamined],
  };
}
