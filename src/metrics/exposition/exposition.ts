// A snapshot as the text that a reader asked for.
import { serviceId } from '../../model/identity.js';
import { gen2brainFamilies } from '../families/gen2brain.js';
import { keepalivedFamilies } from '../families/keepalived.js';
import { nodeFamilies } from '../families/node-ipvs.js';
import { checkFamilies } from '../families/weir-checks.js';
import { directorFamilies } from '../families/weir-director.js';
import { nodeStateFamilies } from '../families/weir-nodes.js';
import { serviceAndServerFamilies } from '../families/weir-services.js';
import type { Snapshot } from '../snapshot.js';
import { type Family, labelText, type Scope } from './family.js';
import { influxPieces } from './influx.js';
import type { Lines } from './kept-lines.js';
import type { FamilySet, MetricsOptions } from './options.js';
import { expositionPieces } from './prometheus.js';

type MakeFamilies = (snapshot: Snapshot, options: MetricsOptions) => readonly Family[];

const SETS: Readonly<Record<FamilySet, MakeFamilies>> = {
  node: ({ table }, { backendLabels }) => (table === undefined ? [] : nodeFamilies(table, backendLabels)),
  keepalived: keepalivedFamilies,
  weir: (snapshot, { scopes }) => {
    // Most of the work, where only the director is asked for. One of the director's families is how long reading took, so they are read before.
    const isWhole = scopes.some((scope) => scope !== 'director');
    if (isWhole) void snapshot.table?.services;
    const servicesAndServers = isWhole ? serviceAndServerFamilies(snapshot) : [];
    return [...directorFamilies(snapshot), ...servicesAndServers, ...nodeStateFamilies(snapshot), ...checkFamilies(snapshot)];
  },
  'keepalived-gen2brain': gen2brainFamilies,
};

/** Of one service only; what is the director's stays. */
function filtered(snapshot: Snapshot, { service }: MetricsOptions): Snapshot {
  const { table } = snapshot;
  if (service === undefined || table === undefined) return snapshot;
  const wanted = serviceId(service);
  return { ...snapshot, table: { ...table, services: table.services.filter(({ spec }) => serviceId(spec.key) === wanted) } };
}

/** Scopes that have more series than are wanted. */
function overfull(families: readonly Family[], { scopes, seriesMax }: MetricsOptions): readonly Scope[] {
  if (seriesMax === undefined) return [];
  return scopes.filter((scope) => {
    const own = families.filter((family) => family.scope === scope);
    return own.reduce((sum, { samples }) => sum + samples.length, 0) > seriesMax;
  });
}

const truncated = (scopes: readonly Scope[]): Family => ({
  name: 'weir_scrape_truncated',
  type: 'gauge',
  help: 'Scopes that were left out, since they have more series than max_series',
  scope: 'director',
  samples: scopes.map((scope) => ({ labels: labelText({ scope }), value: 1 })),
});

/** The families that were asked for; of a scope with too many series none, and weir_scrape_truncated. */
function chosenFamilies(snapshot: Snapshot, options: MetricsOptions): readonly Family[] {
  const all = options.families.flatMap((set) => SETS[set](snapshot, options));
  const families = all.filter(({ scope }) => options.scopes.includes(scope));
  const left = overfull(families, options);
  return [...families.filter(({ scope }) => !left.includes(scope)), truncated(left)];
}

/** In pieces that are made when they are asked for. `lines`: of who asks again and again. */
export function expositionPiecesOf(snapshot: Snapshot, options: MetricsOptions, lines?: Lines): Iterable<string> {
  const asked = filtered(snapshot, options);
  return options.format === 'influx' ? influxPieces(asked) : expositionPieces(chosenFamilies(asked, options), options.format, lines);
}
