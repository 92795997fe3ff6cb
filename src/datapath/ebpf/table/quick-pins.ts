// The arrays by which XDP's program on the links finds tables of programs that it would else go on into (load/quick-tables.ts).

/** Of the sources of tunnels, and of leases and pools of FULLNAT. */
export const QUICK_PINS = ['quick_sources', 'quick_leases', 'quick_pools'] as const;
export type QuickPin = (typeof QUICK_PINS)[number];

/** Where flows of IPv4 were found last: each load of the programs of FULLNAT has its own. */
export const LEASES_PIN = 'fullnat_leases';
