// The simulated world as it is at one moment: nodes with their processes and hosts, segments with their weather. Mutable; the run owns it.
import type { Input, InterfaceFacts } from '../../control/vrrp/messages.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { CALM, type History, type NodeSetup, type Weather } from './history.js';
import { emptyHost, type Host } from './host.js';
import type { InstanceView } from './machine.js';

export interface WorldNode {
  readonly setup: NodeSetup;
  /** Its monotonic clock less the history's time: what it was at the beginning, less what it stood still. */
  clockUs: number;
  /** Its wall clock less the true time. */
  wallOffUs: number;
  /** Whether its process runs, and since when. */
  alive: boolean;
  paused: boolean;
  /** When its clocks stopped; undefined: they run. */
  frozenAtUs: number | undefined;
  /** What the process takes for the difference of its clocks; undefined: it was not told. */
  toldWallUs: number | undefined;
  timersFirst: boolean;
  /** While it is paused: packets do not wait for it. */
  deaf: boolean;
  configuration: KeepalivedConfiguration;
  /** What it is to be loaded with as soon as it can read. */
  later: KeepalivedConfiguration | undefined;
  /** By name; what is gone is not in it. */
  readonly interfaces: Map<string, InterfaceFacts>;
  /** Macvlans, and what each stands on; how many there have been. */
  readonly virtuals: Map<string, { readonly base: string; readonly facts: InterfaceFacts }>;
  virtualsMade: number;
  host: Host;
  /** Exit statuses of the scripts that the shell runs, and what watched files hold; a name that is absent: 0. */
  readonly scripts: Map<string, number>;
  readonly files: Map<string, number>;
  /** How many processes of a kind run; a name that is absent: 1. */
  readonly processes: Map<string, number>;
  /** BFD sessions that are down; all others are up. */
  readonly bfdsDown: Set<string>;
  /** Track groups of which a static object is missing. */
  readonly staticsMissing: Set<string>;
  view: readonly InstanceView[];
  /** What waits for a paused process. */
  waiting: Input[];
  /** An interface or address went, and the process has not been told. */
  untold: boolean;
  /** Simulated time of the promised wake. */
  wakeAtUs: number | undefined;
}

export interface World {
  readonly nodes: readonly WorldNode[];
  weather: Weather;
  /** By `from>to/interface`: the share that a path loses; one that is whole is not in it. */
  readonly losses: Map<string, number>;
  packets: number;
}

/** What every wall clock shows when a history begins. */
const WALL_US = 1_800_000_000_000_000;

/** The wall clock less the monotonic one. */
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
      toldWallUs: undefined,
      timersFirst: false,
      deaf: false,
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
      view: [],
      waiting: [],
      untold: false,
      wakeAtUs: undefined,
    }),
  );
  return { nodes, weather: CALM, losses: new Map(), packets: 0 };
}
