// The part of a real server's plan that is about tunnels: which devices are made, changed and undone, and what speaks against them.
import type { Address } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import type { Observed, ObservedInterface } from './observed.js';
import { effectiveReversePath, reversePathSetting, tunnelReversePath } from './reverse-path.js';
import type { Saved, SavedTunnel } from './saved.js';
import type { Step } from './step.js';
import { carries, samePort, sameTunnel, type TunnelDevice, type TunnelPort } from './tunnel-devices.js';

const interfaceNamed = ({ interfaces }: Observed, name: string): ObservedInterface | undefined =>
  interfaces.find((one) => one.name === name);

/** What the interface of this name takes, in the words of a plan; undefined: it is no tunnel that a plan could have made. */
function observedTunnel(found: ObservedInterface): TunnelDevice | undefined {
  const { name, tunnel } = found;
  if (tunnel === undefined || tunnel.local !== undefined || (tunnel.kind === 'ip6tnl' && tunnel.protocol !== 0)) return undefined;
  if (tunnel.remote === undefined && !tunnel.external && tunnel.kind !== 'sit') return undefined;
  const { kind, remote, checksum } = tunnel;
  return { name, kind, ...(remote === undefined ? {} : { remote }), checksum };
}

/** Why these devices cannot be, or would not be what was asked for. */
export function tunnelRefusal(observed: Observed, devices: readonly TunnelDevice[]): Failure | undefined {
  for (const device of devices) {
    const { name, kind, remote } = device;
    const there = interfaceNamed(observed, name);
    const same = there === undefined ? undefined : observedTunnel(there);
    if (there !== undefined && (same === undefined || !sameTunnel(same, device))) return failure('tunnel-differs', { name });
    const all = observed.interfaces.find((one) => one.name !== name && one.tunnel?.kind === kind && one.tunnel.external);
    if (all === undefined) continue;
    if (remote === undefined) return failure('tunnel-taken', { name: all.name, kind });
    if (all.name.startsWith('weir-')) return failure('tunnel-accepts-all', { name: all.name });
  }
  return undefined;
}

/** VIPs and the devices that their packets come out of. */
export const tunnelPlaces = (
  vips: readonly Address[],
  devices: readonly TunnelDevice[],
): readonly { readonly address: Address; readonly interface: string }[] =>
  devices.flatMap(({ name, kind }) => vips.filter((vip) => carries(kind, vip)).map((address) => ({ address, interface: name })));

export interface TunnelSteps {
  readonly add: readonly Step[];
  readonly settings: readonly (Step & { readonly kind: 'setting' })[];
  readonly up: readonly Step[];
  readonly ports: readonly Step[];
  readonly saved: Pick<Saved, 'tunnels' | 'ports'>;
  readonly notes: readonly string[];
}

function savedTunnel(observed: Observed, { name, kind, remote, checksum }: TunnelDevice): SavedTunnel {
  const there = interfaceNamed(observed, name);
  const was = there === undefined ? 'absent' : there.up ? 'up' : 'down';
  return { name, kind, was, ...(remote === undefined ? {} : { remote: formatAddress(remote) }), checksum };
}

/** The devices that a module makes take what no other one is for, while they are up. */
function notesOn(observed: Observed, added: readonly TunnelDevice[]): readonly string[] {
  return added.flatMap(({ name, kind, remote }) => {
    const before = observed.interfaces.find(
      ({ up, tunnel }) =>
        up &&
        tunnel?.kind === kind &&
        !tunnel.external &&
        tunnel.local === undefined &&
        tunnel.remote === undefined &&
        remote === undefined,
    );
    return before === undefined ? [] : [`what came in by ${before.name} from any host comes in by ${name} now`];
  });
}

/** What makes them; what is there already is left out. */
export function tunnelSteps(
  observed: Observed,
  devices: readonly TunnelDevice[],
  vips: readonly Address[],
  ports: readonly TunnelPort[],
): TunnelSteps {
  const added = devices.filter(({ name }) => interfaceNamed(observed, name) === undefined);
  const settings = devices
    .filter(({ kind }) => vips.some((vip) => vip.family === 'inet' && carries(kind, vip)))
    .filter((device) => added.includes(device) || effectiveReversePath(observed.settings, device.name) === 1)
    .map(({ name }) => ({ kind: 'setting', path: reversePathSetting(name), value: tunnelReversePath(observed.settings) }) as const);
  const closed = ports.filter((port) => !observed.guePorts.some((one) => samePort(one, port)));
  return {
    add: added.map((device) => ({ kind: 'add-tunnel', device })),
    settings,
    up: devices
      .filter(({ name }) => interfaceNamed(observed, name)?.up !== true)
      .map(({ name }) => ({ kind: 'interface', name, up: true })),
    ports: closed.map((port) => ({ kind: 'add-port', port })),
    saved: { tunnels: devices.map((device) => savedTunnel(observed, device)), ports: closed },
    notes: notesOn(observed, added),
  };
}

/** A saved device as it was made. */
export function tunnelOf({ name, kind, remote, checksum }: SavedTunnel): TunnelDevice {
  const address = remote === undefined ? undefined : parseAddress(remote);
  return { name, kind, ...(address === undefined ? {} : { remote: address }), checksum };
}

/** What undoes them, when the last VIP that comes by a tunnel is gone. A module's own device stays, down. */
export function tunnelUndoing(observed: Observed, { tunnels, ports }: Saved): readonly Step[] {
  const open = ports.filter((port) => observed.guePorts.some((one) => samePort(one, port)));
  return [
    ...open.map((port): Step => ({ kind: 'delete-port', port })),
    ...tunnels.flatMap((tunnel): readonly Step[] => {
      const there = interfaceNamed(observed, tunnel.name);
      if (there === undefined || tunnel.was === 'up') return [];
      const own = tunnel.was === 'absent' && (tunnel.kind !== 'sit' || tunnel.remote !== undefined);
      if (own) return [{ kind: 'delete-tunnel', name: tunnel.name }];
      return there.up ? [{ kind: 'interface', name: tunnel.name, up: false }] : [];
    }),
  ];
}
