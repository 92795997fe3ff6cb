// A plan as text for people: a line for each thing that changes, and counts of what stays.
import { counted } from '../../model/counted.js';
import type { FileDrift, PlannedVip } from './file-plan.js';
import type {
  Action,
  Difference,
  Drift,
  Plan,
  PlannedAddress,
  PlannedCheck,
  PlannedServer,
  PlannedService,
  PlannedSettings,
  Touched,
} from './plan.js';
import { hasChanges, sumOf } from './plan.js';

export interface PlanTextOptions {
  /** What stays is listed too, not only counted. */
  readonly all: boolean;
}

const SIGNS: Readonly<Record<Action | 'out', string>> = { add: '+', remove: '-', change: '~', keep: '=', out: '.' };

const differenceText = ({ what, from, to }: Difference): string => `${what} ${from} → ${to}`;
const differencesText = (differences: readonly Difference[]): string => differences.map(differenceText).join(', ');

/** `; 3 connections kept`, nothing where there are none. `cut`: what that means. */
function touchedText({ kept, moved, cut, resumed }: Touched, meaning = ''): string {
  const parts = [
    ...(kept > 0 ? [`${counted(kept, 'connection')} kept`] : []),
    ...(moved > 0 ? [`${counted(moved, 'connection')} moved to another server`] : []),
    ...(cut > 0 ? [`${counted(cut, 'connection')} cut${meaning}`] : []),
    ...(resumed > 0 ? [`${counted(resumed, 'connection')} resumed`] : []),
  ];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

/** `; 5 persistence templates end; 20.1% of the hash slots get another server` */
function clientsText({ templates, slots }: PlannedService): string {
  const ended = templates === undefined || templates.ended === 0 ? '' : `; ${counted(templates.ended, 'persistence template')} ended`;
  return slots === undefined ? ended : `${ended}; ${((100 * slots.moved) / slots.of).toFixed(1)}% of the hash slots get another server`;
}

const line = (indent: number, action: Action | 'out', text: string): string => `${' '.repeat(indent)}${SIGNS[action]} ${text}`;

function serverText(one: PlannedServer, meaning: string): string {
  const { action, server, method, weight, differences, connections, reason, failure } = one;
  if (action === 'out') {
    const failed = `its check failed${failure === undefined ? '' : `: ${failure}`}`;
    return line(4, action, `${server} stays out of the table: ${reason === 'failed' ? failed : 'it is not checked yet'}`);
  }
  const what = action === 'change' ? differencesText(differences) : `${method}, weight ${weight}`;
  const drained = action === 'change' && weight === 0 ? ' (it gets no new ones)' : '';
  return line(4, action, `${server} ${what}${touchedText(connections, meaning)}${drained}`);
}

function serviceText(one: PlannedService, expireNodest: boolean, { all }: PlanTextOptions): readonly string[] {
  const { action, service, virtualServer, scheduler, differences, servers, connections } = one;
  const shown = servers.filter((server) => all || server.action !== 'keep');
  const quiet = shown.every((server) => server.action === 'out');
  if (action === 'keep' && quiet && shown.length === 0 && !all) return [];
  const group = virtualServer === service ? '' : ` of ${virtualServer}`;
  const what = action === 'change' ? differencesText(differences) : scheduler;
  const cut =
    action === 'remove'
      ? ': their packets find no service'
      : expireNodest
        ? ': the next server resets them'
        : ': their packets are dropped until the server is back';
  const rest = servers.filter((server) => server.action === 'keep').length;
  const stay = all || rest === 0 ? [] : [line(4, 'keep', `${counted(rest, 'server')} as before`)];
  const meaning = action === 'remove' ? '' : cut;
  return [
    line(2, action, `${service}${group} ${what}${touchedText(connections, action === 'remove' ? cut : '')}${clientsText(one)}`),
    ...shown.map((server) => serverText(server, meaning)),
    ...stay,
  ];
}

export function serviceLines(
  { services, expireNodest }: Pick<Plan, 'services' | 'expireNodest'>,
  options: PlanTextOptions,
): readonly string[] {
  const lines = services.map((service) => ({ service, text: serviceText(service, expireNodest, options) }));
  const silent = lines.filter(({ text }) => text.length === 0).map(({ service }) => service);
  const servers = silent.reduce((sum, service) => sum + service.servers.length, 0);
  const kept = touchedText(sumOf(silent.map(({ connections }) => connections)));
  return [
    ...lines.flatMap(({ text }) => text),
    ...(silent.length === 0
      ? []
      : [line(2, 'keep', `${counted(silent.length, 'service')} with ${counted(servers, 'server')} as before${kept}`)]),
  ];
}

/** Of connections to an address that this host has no more. */
const AWAY = ': their packets come to this host no more';

/** A VIP of a weir.yaml. */
export function vipLine({ action, vip, differences, keptFor, connections }: PlannedVip): string {
  const changes = differences.length === 0 ? '' : `: ${differencesText(differences)}`;
  const why = keptFor === undefined ? '' : ` stays as it is: ${keptFor}`;
  return line(2, action, `${vip}${why}${changes}${touchedText(connections, AWAY)}`);
}

function addressText({ action, address, interface: name, instance, held, differences, connections }: PlannedAddress): string {
  const changes = differences.length === 0 ? '' : `: ${differencesText(differences)}`;
  const here =
    action === 'add' ? (held ? ' (this host has it)' : ' (set when the instance is MASTER)') : held ? '' : ' (not on this host now)';
  return line(2, action, `${address} on ${name} of ${instance}${here}${changes}${touchedText(connections, AWAY)}`);
}

function checkText({ action, check, server, virtualServer, differences }: PlannedCheck): string {
  const changes = differences.length === 0 ? '' : `: ${differencesText(differences)}`;
  return line(2, action, `${check} of ${server} of ${virtualServer}${changes}`);
}

export function settingsText({ action, object, differences }: PlannedSettings): string {
  return line(2, action, differences.length === 0 ? object : `${object}: ${differencesText(differences)}`);
}

export function driftText({ kind, service, server, differences, stays, connections }: Drift): string {
  const what = server === undefined ? `service ${service}` : `server ${server} of ${service}`;
  const count = connections === 0 ? '' : ` (${counted(connections, 'connection')})`;
  if (stays) return `  ! ${what} is not of the file: it stays${count}`;
  if (kind === 'missing') return `  ! ${what} is missing${count}`;
  if (kind === 'added') return `  ! ${what} was added${count}`;
  return `  ! ${what}: ${differencesText(differences)}${count}`;
}

export function vipDriftText({ kind, vip, differences }: FileDrift['vips'][number]): string {
  if (kind === 'missing') return `  ! VIP ${vip} is missing`;
  return kind === 'added' ? `  ! VIP ${vip} was added` : `  ! VIP ${vip}: ${differencesText(differences)}`;
}

/** `title` and its lines; nothing where there are none. */
export const section = (title: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : [title, ...lines]);

/** Lines of what changes; what stays is a count, or listed as well. */
function listed<T extends { readonly action: Action }>(
  items: readonly T[],
  text: (one: T) => string,
  noun: string,
  { all }: PlanTextOptions,
): readonly string[] {
  const rest = items.filter(({ action }) => action === 'keep').length;
  const shown = items.filter(({ action }) => all || action !== 'keep').map(text);
  return all || rest === 0 ? shown : [...shown, line(2, 'keep', `${counted(rest, noun)} as before`)];
}

function summary(plan: Plan): string {
  if (!hasChanges(plan)) return 'nothing changes';
  const servers = plan.services.flatMap((service) => service.servers);
  const changing = (list: readonly { readonly action: Action | 'out' }[]): number =>
    list.filter(({ action }) => action !== 'keep' && action !== 'out').length;
  const counts = [
    [changing(plan.services), 'service', 'services'],
    [changing(servers), 'server', 'servers'],
    [changing(plan.addresses), 'VIP', 'VIPs'],
    [changing(plan.checks), 'check', 'checks'],
    [changing(plan.settings), 'group of settings', 'groups of settings'],
  ] as const;
  return changesText(counts, plan);
}

/** `changes: 2 services, 1 check; 3 live connections: 3 kept …`. `counts`: those of 0 are left out. */
export function changesText(
  counts: readonly (readonly [count: number, one: string, many: string])[],
  { connections: { kept, moved, cut, resumed }, cutBefore }: Pick<Plan, 'connections' | 'cutBefore'>,
): string {
  const what = counts.flatMap(([count, one, many]) => (count === 0 ? [] : [counted(count, one, many)]));
  const live = kept + moved + cut + resumed;
  const fate =
    live === 0
      ? 'no live connections'
      : `${counted(live, 'live connection')}: ${kept} kept, ${moved} moved, ${cut} cut, ${resumed} resumed`;
  const before = cutBefore === 0 ? '' : `; ${cutBefore} more of removed servers were cut before`;
  return `changes: ${what.join(', ')}; ${fate}${before}`;
}

/** Lines without their ends. */
export function planText(plan: Plan, options: PlanTextOptions): readonly string[] {
  return [
    ...section('changed by hand (from what the running file has to what is in the table)', plan.drift.map(driftText)),
    ...section('services', serviceLines(plan, options)),
    ...section(
      'VIPs',
      options.all || plan.addresses.length <= VIPS_LISTED
        ? plan.addresses.map(addressText)
        : listed(plan.addresses, addressText, 'VIP', options),
    ),
    ...section('checks', listed(plan.checks, checkText, 'check', options)),
    ...section('settings', plan.settings.map(settingsText)),
    summary(plan),
  ];
}

/** So many VIPs are listed whether they change or not. */
const VIPS_LISTED = 20;
