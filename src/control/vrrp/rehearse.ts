// A rehearsal: the machine runs one election of a router like the configured one, and its effects are discarded. JavaScript is compiled
// when it first runs. Without this, the first takeover, perhaps after months as a backup, would wait two milliseconds for the compiler.
import type { Address } from '../../model/address.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { NOTHING_TRACKED } from '../../model/keepalived/trackers.js';
import type { Effect, InterfaceFacts } from './messages.js';
import { initialState, type VrrpMachine } from './state/vrrp-machine.js';
import { step } from './step.js';

const INTERFACE = 'rehearsal';
/** Becoming master takes two wakes; adverts and announcements take a few more. */
const WAKES_MAX = 12;

/** 192.0.2.1 (RFC 5737), fe80::1. */
const OURS = { inet: { family: 'inet', words: [0xc000_0201] }, inet6: { family: 'inet6', words: [0xfe80_0000, 0, 0, 1] } } as const;

/** The instance without everything that depends on other hosts or on this host's interfaces. */
function standalone(instance: VrrpInstance): VrrpInstance {
  const { virtualInterface: _link, vrf: _vrf, sourceAddress: _source, ...plain } = instance;
  const addresses = plain.addresses.slice(0, 1).map(({ address, prefixLength }) => ({ address, prefixLength, flags: [], noTrack: true }));
  const nothingHeld = { excludedAddresses: [], routes: [], rules: [], heartbeat: [], track: NOTHING_TRACKED };
  return { ...plain, ...nothingHeld, addresses, interface: INTERFACE, trackSourceAddress: false, dontTrackPrimary: true };
}

function interfaceWith(address: Address): InterfaceFacts {
  return { name: INTERFACE, index: 1, up: true, mtu: 1500, mac: '00:00:5e:00:53:01', addresses: [address] };
}

/** All effects of a router like the first one of `configuration`, from start to mastership to stop; none without an instance. */
export function rehearse(configuration: KeepalivedConfiguration): readonly Effect[] {
  const [first] = configuration.instances;
  if (first === undefined) return [];
  const effects: Effect[] = [];
  let machine: VrrpMachine = initialState();
  let wakeAtUs: number | undefined;
  const feed = (input: Parameters<typeof step>[1], atUs: number): void => {
    const done = step(machine, input, atUs);
    machine = done.state;
    wakeAtUs = done.wakeAtUs;
    effects.push(...done.effects);
  };
  const { global, root } = configuration;
  const only = {
    ...configuration,
    root: { ...root, interfaceDelays: [], trackGroups: [] },
    global: { ...global, startupDelayUs: 0 },
    instances: [standalone(first)],
    syncGroups: [],
  };
  feed({ kind: 'configure', configuration: only, interfaces: [interfaceWith(OURS[first.family])], wallOffsetUs: 0 }, 0);
  let atUs = 0;
  for (let wakes = 0; wakes < WAKES_MAX && wakeAtUs !== undefined; wakes += 1) {
    atUs = Math.max(atUs, wakeAtUs);
    feed({ kind: 'wake' }, atUs);
  }
  feed({ kind: 'stop' }, atUs);
  return effects;
}
