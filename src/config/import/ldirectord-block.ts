// One virtual server of an ldirectord.cf, as its lines have it.
import type { Address } from '../../model/address.js';
import type { At } from './import-report.js';

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly at: At;
}

/** A server that is checked: its port, and what its own line has of the check. */
export interface CheckedServer {
  readonly at: At;
  readonly address: Address;
  /** 0: it has none. */
  readonly port: number;
  readonly request: string | undefined;
  readonly receive: string | undefined;
}

const lastOf = (settings: readonly Setting[], names: readonly string[]): Setting | undefined => {
  for (const name of names) {
    const found = settings.findLast((each) => each.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** One virtual server: what is set for it, behind what is set for all. Of a name the last one counts, of several names the first one. */
export class Block {
  constructor(
    readonly head: Setting,
    readonly own: readonly Setting[],
    readonly global: readonly Setting[],
  ) {}

  ownSetting(...names: readonly string[]): Setting | undefined {
    return lastOf(this.own, names);
  }

  globalSetting(...names: readonly string[]): Setting | undefined {
    return lastOf(this.global, names);
  }

  setting(...names: readonly string[]): Setting | undefined {
    return this.ownSetting(...names) ?? this.globalSetting(...names);
  }

  value(...names: readonly string[]): string | undefined {
    return this.setting(...names)?.value;
  }
}
