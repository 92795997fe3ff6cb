// What an operator may ask for and weir may not have yet: the one list that commands, the driver, the checker and the
// manual read. When a feature comes, its row flips to `present: true`. Schedulers have a list of their own (schedulers.ts).

export interface Capability {
  readonly id: string;
  /** What an operator calls it, in Markdown. */
  readonly name: string;
  readonly present: boolean;
  /** The message when it is asked for, without `weir: `. */
  readonly missing: string;
  /** What it means for traffic while it is missing, in Markdown. */
  readonly meanwhile: string;
}

const rows = [
  {
    id: 'tunnels',
    name: 'VS/TUN (`-i`, `--tun-*`)',
    present: true,
    missing: 'tunnels (-i) are not there yet',
    meanwhile: 'the destination is refused',
  },
  {
    id: 'fullnat',
    name: 'FULLNAT (`--fullnat`)',
    present: true,
    missing: 'FULLNAT (--fullnat) is not there yet',
    meanwhile: 'the destination is refused',
  },
  {
    id: 'client-address',
    name: 'the client’s address for servers of FULLNAT (TOA, PROXY protocol)',
    present: true,
    missing: 'FULLNAT does not pass the client’s address on yet',
    meanwhile: 'servers see local addresses of the director alone',
  },
  {
    id: 'synchronisation',
    name: 'connection synchronisation (`--start-daemon`)',
    present: true,
    missing: 'synchronisation daemons (--start-daemon) are not there yet',
    meanwhile: 'connections are not synchronised',
  },
  {
    id: 'kept-synchronisation',
    name: 'connection synchronisation by the daemon (`lvs_sync_daemon`)',
    present: true,
    missing: 'lvs_sync_daemon does not start synchronisation daemons yet',
    meanwhile: 'connections are synchronised only by ipvsadm --start-daemon',
  },
  {
    id: 'applications',
    name: 'the helper for FTP',
    present: true,
    missing: 'the helper for FTP is not there yet',
    meanwhile: 'data connections of FTP through VS/NAT find their server only where the service is persistent and the server names the VIP',
  },
  {
    id: 'fragments',
    name: 'fragments of TCP, UDP and SCTP',
    present: true,
    missing: 'fragments are not balanced yet',
    meanwhile: 'they pass to the stack',
  },
] as const satisfies readonly Capability[];

export type CapabilityId = (typeof rows)[number]['id'];

export const capabilities: readonly Capability[] = rows;

const byId: ReadonlyMap<string, Capability> = new Map(capabilities.map((row) => [row.id, row]));

/** A row of the list. */
export function capability(id: CapabilityId): Capability {
  return byId.get(id) as Capability;
}

/** The message when it is missing; undefined: it is there. */
export function lineIfMissing(id: CapabilityId): string | undefined {
  const { present, missing } = capability(id);
  return present ? undefined : missing;
}
