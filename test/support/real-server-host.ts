// What a host looks like after a step of a real server's plan: a kernel small enough to trust.
import type { Observed } from '../../src/control/realserver/observed.js';
import type { Step } from '../../src/control/realserver/step.js';
import { samePort } from '../../src/control/realserver/tunnel-devices.js';
import { formatAddress } from '../../src/model/address-text.js';
import { hostLength } from '../../src/model/subnet.js';

/** What conf/default gives a new interface. */
export const DEFAULT_RP_FILTER = '1';

const ifindexOf = ({ interfaces }: Observed, name = 'lo'): number => {
  const found = interfaces.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no interface ${name}`);
  return found.ifindex;
};

export function afterStep(host: Observed, step: Step): Observed {
  switch (step.kind) {
    case 'interface':
      ifindexOf(host, step.name);
      return { ...host, interfaces: host.interfaces.map((found) => (found.name === step.name ? { ...found, up: step.up } : found)) };
    case 'setting':
      if (!host.settings.has(step.path)) throw new RangeError(`no setting ${step.path}`);
      return { ...host, settings: new Map([...host.settings, [step.path, step.value]]) };
    case 'add-address': {
      const { address, label } = step;
      const place = { ifindex: ifindexOf(host, step.interface), address, prefixLength: hostLength(address) };
      return { ...host, addresses: [...host.addresses, { ...place, ...(label === undefined ? {} : { label }) }] };
    }
    case 'delete-address': {
      const ifindex = ifindexOf(host, step.interface);
      const isIt = (one: Observed['addresses'][number]): boolean =>
        one.ifindex === ifindex && formatAddress(one.address) === formatAddress(step.address);
      return { ...host, addresses: host.addresses.filter((one) => !isIt(one)) };
    }
    case 'add-route':
      return { ...host, hostRoutes: [...host.hostRoutes, step.address] };
    case 'delete-route':
      return { ...host, hostRoutes: host.hostRoutes.filter((one) => formatAddress(one) !== formatAddress(step.address)) };
    case 'add-tunnel': {
      const { name, kind, remote, checksum } = step.device;
      const tunnel = {
        kind,
        ...(remote === undefined ? {} : { remote }),
        external: remote === undefined && kind !== 'sit',
        checksum,
        ...(kind === 'ip6tnl' ? { protocol: 0 } : {}),
      };
      const ifindex = 1 + Math.max(...host.interfaces.map((one) => one.ifindex));
      const made = { name, ifindex, up: false, loopback: false, noArp: true, tunnel };
      const settings = new Map([...host.settings, [`net/ipv4/conf/${name}/rp_filter`, DEFAULT_RP_FILTER] as const]);
      return { ...host, interfaces: [...host.interfaces, made], settings };
    }
    case 'delete-tunnel': {
      const ifindex = ifindexOf(host, step.name);
      return {
        ...host,
        interfaces: host.interfaces.filter((one) => one.ifindex !== ifindex),
        addresses: host.addresses.filter((one) => one.ifindex !== ifindex),
        settings: new Map([...host.settings].filter(([path]) => !path.includes(`/${step.name}/`))),
      };
    }
    case 'add-port':
      return { ...host, guePorts: [...host.guePorts, step.port] };
    case 'delete-port':
      return { ...host, guePorts: host.guePorts.filter((one) => !samePort(one, step.port)) };
  }
}
