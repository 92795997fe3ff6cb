// Keeps the nft tables of firewall-table.ts as they must be: made when first needed, gone when nothing is in them.
import { type Address, type Family, isLinkLocal } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import { hasCode } from '../../../sys/errno.js';
import { Nftables } from '../../../sys/netlink/nftables.js';
import { deleteTable, NftFamily, newTable } from '../../../wire/nftables.js';
import { isEmpty, type TableContent, type TableSettings, tableMessages } from './firewall-table.js';
import type { UndoJournal } from './undo-journal.js';

interface Dropped {
  readonly instance: string;
  readonly address: Address;
  readonly ifindex: number;
}

const DEFAULTS: TableSettings = { table: 'keepalived', priority: -1, counters: false };
const FAMILIES = ['inet', 'inet6'] as const;
const MASTERS = { inet: NftFamily.ip, inet6: NftFamily.ip6 } as const;

export class Firewall {
  #nft: Nftables | undefined;
  #settings: TableSettings;
  #dropped: readonly Dropped[] = [];
  /** disable_local_igmp: no reports leave the host, so none need leave by a macvlan's parent. */
  #silent: boolean;
  readonly #macvlans = new Map<string, { readonly family: Family; readonly ifindex: number; readonly base: number }>();
  /** The table of each family that has one. */
  readonly #made = new Map<Family, string>();

  constructor(
    global: GlobalSettings,
    readonly undoJournal: UndoJournal,
  ) {
    this.#settings = global.nftables ?? DEFAULTS;
    this.#silent = global.disableLocalIgmp === true;
  }

  /** Another table name moves everything. @throws SystemError */
  configure(global: GlobalSettings): void {
    if (this.#silent !== (global.disableLocalIgmp === true)) {
      this.#silent = global.disableLocalIgmp === true;
      if (this.#made.has('inet') || [...this.#macvlans.values()].some(({ family }) => family === 'inet')) this.#renew('inet');
    }
    const settings = global.nftables ?? DEFAULTS;
    if (JSON.stringify(settings) !== JSON.stringify(this.#settings)) {
      this.#settings = settings;
      for (const [family, table] of [...this.#made]) {
        this.#remove(family, table);
        this.#renew(family);
      }
    }
  }

  /** @throws SystemError EOPNOTSUPP and others where the kernel has no nf_tables */
  drop(instance: string, addresses: readonly { readonly address: Address; readonly ifindex: number }[]): void {
    this.#dropped = [...this.#dropped.filter((one) => one.instance !== instance), ...addresses.map((one) => ({ instance, ...one }))];
    this.#renewAll(addresses.map(({ address }) => address.family));
  }

  allow(instance: string, addresses: readonly Address[]): void {
    this.#dropped = this.#dropped.filter((one) => one.instance !== instance);
    this.#renewAll(addresses.map(({ family }) => family));
  }

  /** Instances have other names since a reload, old to new. */
  rename(names: ReadonlyMap<string, string>): void {
    this.#dropped = this.#dropped.map((one) => ({ ...one, instance: names.get(one.instance) ?? one.instance }));
  }

  addMacvlan(name: string, family: Family, ifindex: number, base: number): void {
    this.#macvlans.set(name, { family, ifindex, base });
    this.#renew(family);
  }

  removeMacvlan(name: string): void {
    const one = this.#macvlans.get(name);
    if (one !== undefined) {
      this.#macvlans.delete(name);
      this.#renew(one.family);
    }
  }

  #renewAll(families: readonly Family[]): void {
    for (const family of FAMILIES) {
      if (families.includes(family)) this.#renew(family);
    }
  }

  #content(family: Family): TableContent {
    const mine = this.#dropped.filter(({ address }) => address.family === family);
    const once = new Map(mine.filter(({ address }) => !isLinkLocal(address)).map(({ address }) => [addressId(address), address]));
    const linkLocal = new Map(
      mine
        .filter(({ address }) => isLinkLocal(address))
        .map(({ address, ifindex }) => [`${ifindex} ${addressId(address)}`, { address, ifindex }]),
    );
    return {
      addresses: [...once.values()],
      linkLocal: [...linkLocal.values()],
      macvlans: [...this.#macvlans.values()].filter((one) => one.family === family && !(this.#silent && family === 'inet')),
    };
  }

  /** The whole table in one transaction: no packet sees it half made, and one that a crashed run left is replaced. */
  #renew(family: Family): void {
    const content = this.#content(family);
    const { table } = this.#settings;
    if (isEmpty(content)) {
      this.#remove(family, table);
      return;
    }
    this.#nft ??= new Nftables();
    this.undoJournal.making('tables', table);
    this.#nft.commit(
      [newTable(MASTERS[family], table), deleteTable(MASTERS[family], table), ...tableMessages(family, this.#settings, content)],
      `set up the nft table ${table}`,
    );
    this.#made.set(family, table);
  }

  #remove(family: Family, table: string): void {
    this.#made.delete(family);
    this.#drop(family, table);
    if (![...this.#made.values()].includes(table)) this.undoJournal.gone('tables', table);
  }

  /** Removes the tables that a killed run has left; those of this run are made again where they are needed. */
  removeLeft(): void {
    for (const table of this.undoJournal.left.tables) {
      for (const family of FAMILIES) {
        if (this.#made.get(family) !== table) this.#drop(family, table);
      }
      if (![...this.#made.values()].includes(table)) this.undoJournal.gone('tables', table);
    }
  }

  #drop(family: Family, table: string): void {
    try {
      this.#nft ??= new Nftables();
      this.#nft.commit([deleteTable(MASTERS[family], table)], `remove the nft table ${table}`);
    } catch (error) {
      // None there, or a kernel that knows no such tables.
      if (!hasCode(error, 'ENOENT', 'EOPNOTSUPP', 'EPROTONOSUPPORT', 'EINVAL')) throw error;
    }
  }

  close(): void {
    this.#nft?.close();
    this.#nft = undefined;
  }
}
