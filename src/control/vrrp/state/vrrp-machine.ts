// What the VRRP machine remembers: plain readonly values. Steps share what they do not change.
import type { Address } from '../../../model/address.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { SyncGroup } from '../../../model/keepalived/instance.js';
import { NOTHING_RELEASED, type Released } from '../../../model/released.js';
import type { LogBudgets } from '../../machine.js';
import type { InterfaceFacts, LostStatic, VrrpState } from '../messages.js';
import type { InstanceState } from './instance-state.js';

export interface GroupState {
  readonly config: SyncGroup;
  /** Indices of its instances. */
  readonly members: readonly number[];
  readonly state: VrrpState;
}

/** What is known of a vrrp_script. */
export interface ScriptState {
  readonly good: boolean;
  /**
   * keepalived's counter: below `rise` the script counts as bad, from `rise` to `rise + fall - 1` as good. A good script rests at the
   * top, a bad one at 0.
   */
  readonly level: number;
  /** The last exit status. */
  readonly status: number;
  /** Carried over a reload: the next result decides alone, as the first one does. */
  readonly fresh: boolean;
}

/** A change of an interface to up or down that counts only if it lasts (interface_up_down_delays). */
export interface HeldInterface {
  readonly up: boolean;
  readonly atUs: number;
}

/** A virtual interface of ours that does not work: missing (deleted, or the system refused to make it), or down. */
export interface LostInterface {
  readonly how: 'gone' | 'down';
  /** When it is made again. */
  readonly retryAtUs: number;
}

/** Results of what is watched, by name; a name that is absent has not been reported yet. */
export interface TrackerResults {
  readonly scripts: ReadonlyMap<string, ScriptState>;
  readonly files: ReadonlyMap<string, number>;
  /** How many are running. */
  readonly processes: ReadonlyMap<string, number>;
  readonly bfds: ReadonlyMap<string, boolean>;
}

export interface VrrpMachine {
  readonly configuration: KeepalivedConfiguration | undefined;
  readonly interfaces: ReadonlyMap<string, InterfaceFacts>;
  /** Interfaces that went up or down, where that does not count yet. */
  readonly heldInterfaces: ReadonlyMap<string, HeldInterface>;
  /** Virtual interfaces of ours that do not work, by name. */
  readonly lostInterfaces: ReadonlyMap<string, LostInterface>;
  /** Static objects of track groups that are missing and could not be restored. */
  readonly lostStatics: readonly LostStatic[];
  readonly instances: readonly InstanceState[];
  readonly groups: readonly GroupState[];
  readonly trackers: TrackerResults;
  /** Peers whose connections are not all here. */
  readonly missingConnections: readonly string[];
  /** Instances that leave their addresses to their peers. */
  readonly released: Released;
  readonly indexOfName: ReadonlyMap<string, number>;
  /** Interface, family and VRID (see `packetKey`) to instances. */
  readonly indexOfPacket: ReadonlyMap<string, readonly number[]>;
  /** vrrp_startup_delay: packets are ignored until then. */
  readonly ignoreUntilUs: number;
  readonly wallOffsetUs: number | undefined;
  readonly promisedUs: number | undefined;
  readonly lateWakes: number;
  readonly stopped: boolean;
  readonly budgets: LogBudgets;
}

export function initialState(): VrrpMachine {
  return {
    configuration: undefined,
    interfaces: new Map(),
    heldInterfaces: new Map(),
    lostInterfaces: new Map(),
    lostStatics: [],
    instances: [],
    groups: [],
    trackers: { scripts: new Map(), files: new Map(), processes: new Map(), bfds: new Map() },
    missingConnections: [],
    released: NOTHING_RELEASED,
    indexOfName: new Map(),
    indexOfPacket: new Map(),
    ignoreUntilUs: 0,
    wallOffsetUs: undefined,
    promisedUs: undefined,
    lateWakes: 0,
    stopped: false,
    budgets: new Map(),
  };
}

export function packetKey(interfaceName: string, family: Address['family'], vrid: number): string {
  return `${interfaceName}/${family}/${vrid}`;
}
