// How things of a lab are named: namespaces, switch ports, hardware addresses. Pure, so that evidence can be read backwards.
import type { Lab } from './lab.js';

export const namespaceOf = (run: string, host: string): string => `weir-${run}-${host}`;

/** The name by which steps reach the switches; no host has it. */
export const SWITCHES = 'sw';

/** All switches of a run live in this one namespace. */
export const switchNamespace = (run: string): string => namespaceOf(run, SWITCHES);

export const bridgeOf = (name: string): string => `br-${name}`;

/** One link of a host to a switch. */
export interface Link {
  readonly host: string;
  readonly device: string;
  readonly switch: string;
  /** The switch's end of the veth pair. */
  readonly port: string;
  /** The host's end: locally administered, and the same in every run. */
  readonly mac: string;
  readonly addresses: readonly string[];
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** All links of a lab, hosts in the order written. A port is named `host-device` where that fits in 15 characters. */
export function linksOf(lab: Lab): readonly Link[] {
  return Object.entries(lab.hosts).flatMap(([host, { interfaces }], hostIndex) =>
    Object.entries(interfaces).map(([device, link], index) => {
      const name = `${host}-${device}`;
      return {
        host,
        device,
        switch: link.switch,
        port: name.length <= 15 ? name : `port-${hostIndex}-${index}`,
        mac: `02:77:00:${hex(hostIndex >> 8)}:${hex(hostIndex & 255)}:${hex(index)}`,
        addresses: link.addresses ?? [],
      };
    }),
  );
}
