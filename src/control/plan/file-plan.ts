// The plan of a whole weir.yaml: its VIPs beside its table. Pure.
import { formatAddress } from '../../model/address-text.js';
import { failureLine } from '../../model/errors/weir-error.js';
import { addressId, sameAddress } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import type { WeirFile } from '../../model/weir-file.js';
import {
  NO_VIPS,
  planVips,
  type VipChange,
  type VipDrift,
  type VipFacts,
  type VipStep,
  type VipsPlan,
  vipDrift,
} from '../vip/plan-vips.js';
import { countThere, cut } from './connection-counts.js';
import { type DocumentDrift, documentDrift } from './document-drift.js';
import type { DocumentOptions, DocumentPlan, PlannedChange } from './document-plan.js';
import type { Touched } from './plan.js';
import { untouched } from './plan.js';
import { planDocument } from './plan-document.js';
import type { TableFacts } from './table-facts.js';

/** What a weir.yaml states of this host: at least one of the two. */
export type HostFile = Pick<WeirFile, 'table' | 'vips'>;

export interface RefusedVip {
  readonly vip: string;
  readonly code: string;
  readonly reason: string;
}

export interface PlannedVip {
  readonly action: PlannedChange['action'] | 'keep';
  readonly vip: string;
  readonly differences: PlannedChange['differences'];
  /** Why it stays, where weir does not keep it for the file. */
  readonly keptFor?: string;
  readonly connections: Touched;
}

/** `changes` and `withheld` have those of VIPs, too, after those of the table. */
export interface FilePlan extends DocumentPlan {
  readonly vips: readonly PlannedVip[];
  /** Nothing can be applied. */
  readonly refused: readonly RefusedVip[];
  readonly vipSteps: readonly VipStep[];
  /** Those of weir that stay as they are. */
  readonly ownVips: readonly WantedVip[];
}

const ROWS = {
  'add-vip': { action: 'add', reason: 'the document has it, this host does not' },
  'edit-vip': { action: 'change', reason: 'it is not as the document has it' },
  'delete-vip': { action: 'remove', reason: 'weir has added it, the document does not have it' },
} as const;

const vipText = ({ address, prefixLength, interface: name }: WantedVip): string => `${formatAddress(address)}/${prefixLength} on ${name}`;

function commandOf({ kind, differences, vip: { address, prefixLength, interface: name, label } }: VipChange): string {
  const before = differences.find(({ what }) => what === 'interface')?.from ?? name;
  const text = formatAddress(address);
  if (kind === 'delete-vip') return `weir vip del ${text} --dev ${name}`;
  const add = `weir vip add ${text}/${prefixLength} --dev ${name}${label === undefined ? '' : ` --label ${label}`}`;
  return kind === 'add-vip' ? add : `weir vip del ${text} --dev ${before} && ${add}`;
}

/** Those of services of this address: their packets come to this host no more. */
function lostWith({ address }: WantedVip, { connections, services, present }: TableFacts): Touched {
  const ids = [...services].flatMap(([id, key]) => (key.kind === 'address' && sameAddress(key.address, address) ? [id] : []));
  return cut(ids.reduce((sum, id) => sum + countThere(connections, present, id), 0));
}

function lineOf(change: VipChange, facts: TableFacts): PlannedChange {
  const { kind, vip, differences } = change;
  const connections = kind === 'delete-vip' ? lostWith(vip, facts) : untouched;
  return { ...ROWS[kind], kind, vip: vipText(vip), differences, command: commandOf(change), connections, templates: { kept: 0, ended: 0 } };
}

const shown = ({ action, vip = '', differences, connections }: PlannedChange): PlannedVip => ({ action, vip, differences, connections });

/** `vips`: absent where the file has none. */
export type HostFacts = TableFacts & { readonly vips?: VipFacts };

const vipsPlan = ({ vips }: HostFile, facts: HostFacts, options: DocumentOptions): VipsPlan =>
  vips === undefined || facts.vips === undefined ? NO_VIPS : planVips(vips, facts.vips, options);

const refusals = ({ refused }: VipsPlan): readonly RefusedVip[] =>
  refused.map(({ vip, failure }) => ({ vip: vipText(vip), code: failure.code, reason: failureLine(failure) }));

export function planFile(file: HostFile, facts: HostFacts, options: DocumentOptions = {}): FilePlan {
  const vips = vipsPlan(file, facts, options);
  const isAllowed = ({ kind }: VipChange): boolean => options.allow?.has(kind) !== false;
  const made = vips.changes.filter(isAllowed);
  const lines = made.map((change) => lineOf(change, facts));
  const gone = new Set(made.flatMap(({ kind, vip }) => (kind === 'delete-vip' ? [addressId(vip.address)] : [])));
  const plan = planDocument(file.table ?? {}, { ...facts, gone }, options);
  return {
    ...plan,
    changes: [...plan.changes, ...lines],
    withheld: [...plan.withheld, ...vips.changes.filter((change) => !isAllowed(change)).map((change) => lineOf(change, facts))],
    vips: [
      ...lines.map(shown),
      ...vips.staying.map(({ vip, keptFor }) => ({
        action: 'keep' as const,
        vip: vipText(vip),
        differences: [],
        ...(keptFor === undefined ? {} : { keptFor }),
        connections: untouched,
      })),
    ],
    refused: refusals(vips),
    vipSteps: made.flatMap(({ steps }) => steps),
    ownVips: vips.staying.flatMap(({ vip, keptFor }) => (keptFor === undefined ? [vip] : [])),
  };
}

/** What of VIPs is there otherwise than a file states, from the file to this host. */
export interface FileDrift extends DocumentDrift {
  readonly vips: readonly (Omit<VipDrift, 'vip'> & { readonly vip: string })[];
  /** What cannot be as the file states it. */
  readonly refused: readonly RefusedVip[];
}

export function fileDrift(file: HostFile, facts: HostFacts, options: DocumentOptions = {}): FileDrift {
  const vips = vipsPlan(file, facts, options);
  return {
    ...documentDrift(file.table ?? {}, facts, options),
    vips: vipDrift(vips).map(({ vip, ...drift }) => ({ ...drift, vip: vipText(vip) })),
    refused: refusals(vips),
  };
}
