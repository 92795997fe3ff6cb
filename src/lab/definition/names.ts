// Names of a lab's namespaces, switch ports and MACs. Pure, so that captured packets can be mapped back to hosts.
import type { Lab } from './lab.js';

export const namespaceOf = (run: string, host: string): string => `weir-${run}-${host}`;

/** The name of the switches in steps; no host has it. */
export const SWITCHES = 'sw';

/** All switches of a run live in this one namespace. */
export const switchNamespace = (run: string): string => namespaceOf(run, SWITCHES);

export const bridgeOf = (name: string): string => `br-${name}`;

/** One interface of a host, and the switch port that it is connected to. */
export interface HostInterface {
  readonly host: string;
  readonly interfaceName: string;
  readonly switch: string;
  /** The switch's end of the veth pair. */
  readonly port: string;
  /** The host's end: locally administered, and the same in every run. */
  readonly mac: string;
  readonly addresses: readonly string[];
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** All interfaces of a lab's hosts, in the order of the file. A port is named `host-interfaceName` where that fits in 15 characters. */
export function hostInterfacesOf(lab: Lab): readonly HostInterface[] {
  return Object.entries(lab.hosts).flatMap(([host, { interfaces }], hostIndex) =>
    Object.entries(interfaces).map(([interfaceName, iface], index) => {
      const name = `${host}-${interfaceName}`;
      return {
        host,
        interfaceName,
        switch: iface.switch,
        port: name.length <= 15 ? name : `port-${hostIndex}-${index}`,
        mac: `02:77:00:${hex(hostIndex >> 8)}:${hex(hostIndex & 255)}:${hex(index)}`,
        addresses: iface.addresses ?? [],
      };
    }),
  );
}
