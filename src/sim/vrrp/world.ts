// The state of the simulated world: nodes with their processes and hosts, segments with their weather. Mutable; the run owns it.
import type { Input, InterfaceFacts } from '../../control/vrrp/messages.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { CALM, type History, type NodeSetup, type Weather } from './history.js';
import { emptyHost, type Host } from './host.js';
import type { InstanceView } from './machine.js';

export interface WorldNode {
  readonly setup: NodeSetup;
  /** Its monotonic clock minus the history's time: its value at the beginning, minus the time that it was frozen. */
  clockUs: number;
  /** Its wall clock minus the true time. */
  wallOffUs: number;
  /** Whether its process runs. */
  alive: boolean;
  paused: boolean;
  /** When its clocks were frozen; undefined: they run. */
  frozenAtUs: number | undefined;
  /** The difference of its clocks that was last reported to the process; undefined: none. */
  reportedWallUs: number | undefined;
  timersFirst: boolean;
  /** While it is paused: packets are lost. */
  dropsPackets: boolean;
  configuration: KeepalivedConfiguration;
  /** The configuration that it reads as soon as it can. */
  later: KeepalivedConfiguration | undefined;
  /** By name; interfaces that are gone are not in it. */
  readonly interfaces: Map<string, InterfaceFacts>;
  /** Macvlans with their base interfaces; how many were made so far. */
  readonly virtuals: Map<string, { readonly base: string; readonly facts: InterfaceFacts }>;
  virtualsMade: number;
  host: Host;
  /** Exit statuses of scripts, and values of tracked files; a name that is absent: 0. */
  readonly scripts: Map<string, number>;
  readonly files: Map<string, number>;
  /** How many processes run by each name; a name that is absent: 1. */
  readonly processes: Map<string, number>;
  /** BFD sessions that are down; all others are up. */
  readonly bfdsDown: Set<string>;
  /** Track groups of which a static object is missing. */
  readonly staticsMissing: Set<string>;
  /** Connections of peers are missing in its tables. */
  lacksConnections: boolean;
  view: readonly InstanceView[];
  /** Input that waits for a paused process. */
  waiting: Input[];
  /** An interface or address is gone, and that was not reported to the process yet. */
  unreported: boolean;
  /** When the process asked to be woken, in the history's time. */
  wakeAtUs: number | undefined;
}

export interface World {
  readonly nodes: readonly WorldNode[];
  weather: Weather;
  /** By `from>to/interface`: the share of packets that a path loses; paths without loss are not in it. */
  readonly losses: Map<string, number>;
  packets: number;
}

/** Every wall clock at the beginning of a history. */
const WALL_US = 1_800_000_000_000_000;

/** The wall clock minus the monotonic clock. */
export const wallOffset = ({ clockUs, wallOffUs }: WorldNode): number => WALL_US - clockUs + wallOffUs;

export const pathKey = (from: number, to: number, device: string): string => `${from}>${to}/${device}`;

export const factsOf = (setup: NodeSetup, node: number): Map<string, InterfaceFacts> =>
  new Map(
    setup.interfaces.map(({ name, addresses }, index) => [
      name,
      { name, index: index + 2, up: true, mtu: 1500, mac: `02:00:00:00:0${index}:0${node + 1}`, addresses },
    ]),
  );

export function worldOf(history: History): World {
  const nodes = history.nodes.map(
    (setup, index): WorldNode => ({
      setup,
      clockUs: setup.clockUs,
      wallOffUs: 0,
      alive: false,
      paused: false,
      frozenAtUs: undefined,
      reportedWallUs: undefined,
      timersFirst: false,
      dropsPackets: false,
      configuration: setup.configuration,
      later: undefined,
      interfaces: factsOf(setup, index),
      virtuals: new Map(),
      virtualsMade: 0,
      host: emptyHost(),
      scripts: new Map(),
      files: new Map(),
      processes: new Map(),
      bfdsDown: new Set(),
      staticsMissing: new Set(),
      lacksConnections: false,
      view: [],
      waiting: [],
      unreported: false,
      wakeAtUs: undefined,
    }),
  );
  return { nodes, weather: CALM, losses: new Map(), packets: 0 };
}
