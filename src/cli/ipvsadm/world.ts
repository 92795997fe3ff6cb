// What ipvsadm needs beside its words: the director, names, synchronisation daemons, and what weir does not have yet. Tests use their own.

import type { Command } from '../../config/ipvsadm/command.js';
import { parseCommand } from '../../config/ipvsadm/grammar.js';
import type { Lookup } from '../../config/ipvsadm/values.js';
import type { SyncDaemons } from '../../datapath/sync-daemons.js';
import type { BypassedOptions, BypassedRules } from '../../doctor/collect/bypassed.js';
import { HostSyncDaemons } from '../../host/sync/host-sync-daemons.js';
import type { Address } from '../../model/address.js';
import { type Names, noNames } from '../../model/endpoint-text.js';
import type { IpsecPolicy } from '../../model/ipsec-policy.js';
import type { Protocol, ServiceSpec } from '../../model/service.js';
import { ipsecPolicies, ownAddresses } from '../../sys/netlink/ipsec-policies.js';
import { type DirectorOpener, directorOpener } from '../director-opener.js';
import { NeedsHost, SystemNames } from '../names/resolver.js';

/** Names both ways. `host` throws NeedsHost for what `resolveHost` must find first. */
export interface NameSource extends Lookup {
  resolveHost(name: string): Promise<void>;
  resolveAddresses(addresses: Iterable<Address>): Promise<void>;
  addressName(address: Address): string | undefined;
  portName(port: number, protocol: Protocol): string | undefined;
}

/** The policies of IPsec of this host. */
export interface HostPolicies {
  policies(): readonly IpsecPolicy[];
  /** Which addresses it has. */
  own(): (address: Address) => boolean;
}

export interface World {
  /** Loads the driver; only what touches the table asks for it. */
  readonly driver: () => Promise<DirectorOpener>;
  readonly names: NameSource;
  /** Whether the user is root: if not, a refused permission needs no further cause. */
  readonly isRoot: boolean;
  readonly daemons: SyncDaemons;
  /** Absent: there are none to be looked at. */
  readonly ipsec?: HostPolicies;
  /** The rules of the packet filter that may drop packets for services, or mark them. Absent: there is none to be looked at. */
  readonly bypassed?: (services: () => readonly ServiceSpec[], options?: BypassedOptions) => Promise<BypassedRules>;
}

export function systemWorld(): World {
  return {
    driver: directorOpener,
    names: new SystemNames(),
    daemons: new HostSyncDaemons(),
    isRoot: process.geteuid?.() === 0,
    ipsec: { policies: ipsecPolicies, own: ownAddresses },
    bypassed: async (services, options) => (await import('../../doctor/collect/bypassed.js')).bypassedRules(services, options),
  };
}

/** Reads a command line, looking up host names in between. @throws WeirError ipvsadm-… */
export async function parseResolving(words: readonly string[], names: NameSource): Promise<Command> {
  for (;;) {
    try {
      return parseCommand(words, names);
    } catch (error) {
      if (!(error instanceof NeedsHost)) throw error;
      await names.resolveHost(error.host);
    }
  }
}

/** The names for a listing of these addresses; with `numeric` none are looked up. */
export async function namesFor(addresses: () => Iterable<Address>, numeric: boolean, names: NameSource): Promise<Names> {
  if (numeric) return noNames;
  await names.resolveAddresses(addresses());
  return {
    address: (address) => names.addressName(address),
    port: (port, protocol) => names.portName(port, protocol),
  };
}
