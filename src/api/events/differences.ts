// What happened between two looks at a host, as events.
import { isDeepStrictEqual } from 'node:util';
import { configuredHash } from '../../control/plan/table-base.js';
import type { ConfiguredService } from '../../datapath/ebpf/observe/kept-services.js';
import type { DrainRecord } from '../../model/drain/drain.js';
import type { Pieces } from '../../model/pieces.js';
import { serviceWord } from '../../model/service-word.js';
import type { DaemonStatus } from '../../report/status/status.js';

type Named = ReadonlyMap<string, unknown>;

/** By names that stay. */
export interface Look {
  /** undefined: no table is loaded. */
  readonly generation: number | undefined;
  /** By the service's word: a hash of what is configured of it and its servers. */
  readonly services: Named;
  /** By the server and its virtual server. */
  readonly health: Named;
  readonly instances: Named;
  /** Sessions of BFD. */
  readonly bfd: Named;
  /** By id: what of them is an event. */
  readonly drains: Named;
  /** By target. */
  readonly overrides: Named;
}

export interface Happened {
  readonly event: 'table' | 'health' | 'instance' | 'bfd' | 'drain' | 'override';
  readonly data: unknown;
}

/** So many services are looked at in one piece. */
const PIECE = 200;

export function* servicesLook(services: readonly ConfiguredService[]): Pieces<Named> {
  const found = new Map<string, string>();
  for (const [index, { spec, destinations }] of services.entries()) {
    if (index % PIECE === PIECE - 1) yield;
    const servers = destinations.map(({ spec: server }) => server);
    found.set(serviceWord(spec.key), configuredHash(spec, servers).join(' '));
  }
  return found;
}

export const daemonsLook = (daemons: readonly DaemonStatus[]): Pick<Look, 'health' | 'instances' | 'bfd'> => ({
  health: new Map(
    daemons.flatMap(({ health }) =>
      (health ?? []).flatMap(({ name, servers }) =>
        servers.map(
          ({ server, up, since, failed }) =>
            [
              `${name} ${server}`,
              { virtual_server: name, server, up, since, failed: failed.map(({ check, reason }) => ({ check, reason })) },
            ] as const,
        ),
      ),
    ),
  ),
  instances: new Map(
    daemons.flatMap(({ instances }) =>
      (instances ?? []).map(({ name, state, since, priority, faults }) => [name, { name, state, since, priority, faults }] as const),
    ),
  ),
  bfd: new Map(
    daemons.flatMap(({ bfd }) =>
      (bfd ?? []).map(
        ({ name, neighbour, state, remoteState, diagnostic }) => [name, { name, neighbour, state, remoteState, diagnostic }] as const,
      ),
    ),
  ),
});

const TENTHS = 10;

/** Progress is an event at each tenth. */
export const drainsLook = ({ drains, overrides = [] }: DrainRecord): Pick<Look, 'drains' | 'overrides'> => ({
  overrides: new Map(overrides.map(({ target, state, weight, owner, reason }) => [target, { target, state, weight, owner, reason }])),
  drains: new Map(
    drains.map(({ id, target, state, released, holds, openAtStart, remaining }) => {
      const gone = openAtStart === null || openAtStart === 0 || remaining === null ? 0 : 1 - remaining.open / openAtStart;
      return [id, { id, target, state, released, holds, tenths: Math.max(0, Math.floor(gone * TENTHS)) }];
    }),
  ),
});

const namesOf = (wanted: (name: string) => boolean, named: Named): readonly string[] => [...named.keys()].filter(wanted);

/** Of what is there in both, and otherwise. */
const changed = (before: Named, now: Named): readonly string[] =>
  namesOf((name) => before.has(name) && !isDeepStrictEqual(before.get(name), now.get(name)), now);

const news = (before: Named, now: Named): readonly unknown[] =>
  [...namesOf((name) => !before.has(name), now), ...changed(before, now)].map((name) => now.get(name));

/** Of what is there no more the name alone is left. */
const gone = (before: Named, now: Named): readonly unknown[] =>
  namesOf((name) => !now.has(name), before).map((target) => ({ target, state: null }));

export function differences(before: Look, now: Look): readonly Happened[] {
  const table =
    before.generation === now.generation
      ? []
      : [
          {
            event: 'table' as const,
            data: {
              loaded: now.generation !== undefined,
              generation: now.generation ?? null,
              added: namesOf((name) => !before.services.has(name), now.services),
              changed: changed(before.services, now.services),
              removed: namesOf((name) => !now.services.has(name), before.services),
            },
          },
        ];
  return [
    ...table,
    ...news(before.health, now.health).map((data) => ({ event: 'health' as const, data })),
    ...news(before.instances, now.instances).map((data) => ({ event: 'instance' as const, data })),
    ...news(before.bfd, now.bfd).map((data) => ({ event: 'bfd' as const, data })),
    ...news(before.drains, now.drains).map((data) => ({ event: 'drain' as const, data })),
    ...[...news(before.overrides, now.overrides), ...gone(before.overrides, now.overrides)].map((data) => ({
      event: 'override' as const,
      data,
    })),
  ];
}
