// Makes the ordered list of actions that builds a lab. Pure: `weir lab --plan NAME` prints it, build.ts performs it.
import { isIPv6 } from 'node:net';
import type { Lab, LabHost, LabSite } from '../definition/lab.js';
import { bridgeOf, type HostInterface, hostInterfacesOf, namespaceOf, switchNamespace } from '../definition/names.js';

export type Action =
  | { readonly kind: 'namespace'; readonly name: string }
  /** ip(8) in a namespace. */
  | { readonly kind: 'ip'; readonly namespace: string; readonly args: readonly string[] }
  /** Written below /proc/sys in a namespace; `ifPresent`: the kernel may have been built without it. */
  | { readonly kind: 'sysctl'; readonly namespace: string; readonly key: string; readonly value: string; readonly ifPresent: boolean }
  | { readonly kind: 'sites'; readonly namespace: string; readonly host: string; readonly sites: readonly LabSite[] };

/** Set on every host, so that nothing depends on the machine's own settings; a lab's `sysctls` come after. */
const HOST_DEFAULTS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '0',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv4.conf.all.arp_ignore': '0',
  'net.ipv4.conf.all.arp_announce': '0',
  'net.ipv4.conf.all.send_redirects': '1',
  'net.ipv4.conf.default.send_redirects': '1',
};

const isNetwork6 = (text: string): boolean => isIPv6(text.split('/')[0] ?? '');
const usesIpv6 = (lab: Lab): boolean => hostInterfacesOf(lab).some(({ addresses }) => addresses.some(isNetwork6));

/** A site without an address listens on all addresses, on IPv6 only if the lab has IPv6 addresses. */
const listeners = (sites: readonly LabSite[], six: boolean): readonly LabSite[] =>
  six
    ? sites.flatMap((site) =>
        site.address === undefined
          ? [
              { ...site, address: '0.0.0.0' },
              { ...site, address: '::' },
            ]
          : [site],
      )
    : sites;

const ip = (namespace: string, ...args: string[]): Action => ({ kind: 'ip', namespace, args });
const sysctl = (namespace: string, key: string, value: string, ifPresent = false): Action => ({
  kind: 'sysctl',
  namespace,
  key,
  value,
  ifPresent,
});

function silenceIpv6(namespace: string): readonly Action[] {
  return ['all', 'default'].map((scope) => sysctl(namespace, `net.ipv6.conf.${scope}.disable_ipv6`, '1', true));
}

/**
 * No address of a lab's host is tentative for a second: not even a link-local one, without which the host asks for no neighbour.
 * Duplicates are what a lab does not have.
 */
function skipDuplicateDetection(namespace: string): readonly Action[] {
  return ['all', 'default'].map((scope) => sysctl(namespace, `net.ipv6.conf.${scope}.accept_dad`, '0'));
}

function planSwitches(lab: Lab, run: string): readonly Action[] {
  const namespace = switchNamespace(run);
  return [
    { kind: 'namespace', name: namespace },
    ...silenceIpv6(namespace),
    ...lab.switches.flatMap((name) => [
      ip(namespace, 'link', 'add', bridgeOf(name), 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0', 'mcast_snooping', '0'),
      ip(namespace, 'link', 'set', bridgeOf(name), 'up'),
    ]),
  ];
}

function planInterface(iface: HostInterface, run: string): readonly Action[] {
  const host = namespaceOf(run, iface.host);
  const sw = switchNamespace(run);
  return [
    ip(host, 'link', 'add', iface.interfaceName, 'address', iface.mac, 'type', 'veth', 'peer', 'name', iface.port, 'netns', sw),
    ip(sw, 'link', 'set', iface.port, 'master', bridgeOf(iface.switch)),
    ip(sw, 'link', 'set', iface.port, 'up'),
    ip(host, 'link', 'set', iface.interfaceName, 'up'),
    ...iface.addresses.map((address) => ip(host, 'address', 'add', address, 'dev', iface.interfaceName)),
  ];
}

function planRoutes(host: LabHost, namespace: string): readonly Action[] {
  const routes = [...(host.gateway === undefined ? [] : [{ to: 'default', via: host.gateway }]), ...(host.routes ?? [])];
  return routes.map((route: { to: string; via?: string; dev?: string }) =>
    ip(
      namespace,
      'route',
      'add',
      route.to,
      ...(route.via === undefined ? [] : ['via', route.via]),
      ...(route.dev === undefined ? [] : ['dev', route.dev]),
    ),
  );
}

/** The actions that build `lab` under the run's name, in order. */
export function planLab(lab: Lab, run: string): readonly Action[] {
  const interfaces = hostInterfacesOf(lab);
  const silent = !usesIpv6(lab);
  const hosts = Object.entries(lab.hosts).map(([name, host]) => ({ name, host, namespace: namespaceOf(run, name) }));
  return [
    ...planSwitches(lab, run),
    ...hosts.flatMap(({ name, host, namespace }): readonly Action[] => [
      { kind: 'namespace', name: namespace },
      ip(namespace, 'link', 'set', 'lo', 'up'),
      ...(silent ? silenceIpv6(namespace) : skipDuplicateDetection(namespace)),
      ...Object.entries(HOST_DEFAULTS).map(([key, value]) => sysctl(namespace, key, value)),
      ...interfaces.filter((iface) => iface.host === name).flatMap((iface) => planInterface(iface, run)),
      ...Object.entries(host.sysctls ?? {}).map(([key, value]) => sysctl(namespace, key, String(value))),
      ...planRoutes(host, namespace),
    ]),
    ...hosts
      .filter(({ host }) => (host.sites ?? []).length > 0)
      .map(
        ({ name, host, namespace }): Action => ({
          kind: 'sites',
          namespace,
          host: name,
          sites: listeners(host.sites ?? [], !silent),
        }),
      ),
  ];
}

const siteText = ({ port, protocol }: LabSite): string => `port ${port}${protocol === undefined ? '' : ` (${protocol})`}`;

/** One action as a command line. */
export function actionText(action: Action): string {
  switch (action.kind) {
    case 'namespace':
      return `ip netns add ${action.name}`;
    case 'ip':
      return `ip -n ${action.namespace} ${action.args.join(' ')}`;
    case 'sysctl':
      return `ip netns exec ${action.namespace} sysctl -w ${action.key}=${action.value}`;
    case 'sites':
      return `ip netns exec ${action.namespace} nginx …  # ${action.sites.map(siteText).join(', ')}`;
  }
}
