// What `weir plan FILE` answers with, and what `weir apply FILE` and the API carry out. Pure; all of it but `steps` prints as JSON as it is.
//
//   planDocument(document, facts, options) → DocumentPlan        control/plan/plan-document.ts
//   observeTable() → TableFacts                                 document/table-facts.ts, no lock, changes nothing
//   applyDocument(director, document, { base, unlocked, … })    document/apply-document.ts, under the lock, atomically
//   planFile(file, facts, options) → FilePlan                   control/plan/file-plan.ts: with the VIPs of a weir.yaml
//
// `base` names the table that a plan was made for: it is part of an ETag, and what `applyDocument` compares again under the lock.
import type { Change } from '../../model/change.js';
import type { Timeouts } from '../../model/service.js';
import type { Difference, PlannedService, PlannedSettings, Touched, TouchedTemplates } from './plan.js';

/** The kinds of changes of the table that --allow names. */
export const CHANGE_KINDS = [
  ...(['add-service', 'edit-service', 'delete-service', 'add-destination', 'edit-destination', 'delete-destination'] as const),
  'set-timeouts',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Those of a whole weir.yaml. */
export const FILE_KINDS = [...CHANGE_KINDS, 'add-vip', 'edit-vip', 'delete-vip'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** What is done, in this order. */
export type DocumentStep = Change | { readonly kind: 'set-timeouts'; readonly timeouts: Timeouts };

export interface PlannedChange {
  readonly action: 'add' | 'change' | 'remove';
  readonly kind: FileKind;
  /** `tcp:192.0.2.1:80`; absent: it is no service's. */
  readonly service?: string;
  /** `10.0.0.2:80` */
  readonly server?: string;
  /** `192.0.2.1/32 on eth0` */
  readonly vip?: string;
  /** Of a change: what it was, what it will be. */
  readonly differences: readonly Difference[];
  readonly reason: string;
  /** The command that does the same. */
  readonly command: string;
  readonly connections: Touched;
  readonly templates: TouchedTemplates;
}

/** A service of the table that is not the document's. */
export interface OtherService {
  readonly service: string;
  /** Who keeps it: `keepalived (process 12)`, or `--keep-others`. */
  readonly keptFor: string;
  readonly connections: number;
}

export interface DocumentPlan {
  readonly base: string;
  /** In the order in which they are made. */
  readonly changes: readonly PlannedChange[];
  /** Of kinds that are not allowed: they are not made. */
  readonly withheld: readonly PlannedChange[];
  /** The same by service, with what stays; without `others`. */
  readonly services: readonly PlannedService[];
  readonly settings: readonly PlannedSettings[];
  readonly others: readonly OtherService[];
  /** Services of the document that another program serves: nothing can be applied. */
  readonly conflicts: readonly OtherService[];
  readonly expireNodest: boolean;
  /** Of all live connections of the table, each counted once. */
  readonly connections: Touched;
  /** Besides these: connections of servers and services that were removed before. */
  readonly cutBefore: number;
  readonly templates: TouchedTemplates;
  /** As `changes`. */
  readonly steps: readonly DocumentStep[];
}

export interface DocumentOptions {
  /** Services that the document does not have stay. */
  readonly keepOthers?: boolean;
  /** Weights of servers that are there stay. */
  readonly ignoreWeights?: boolean;
  /** Absent: all kinds. */
  readonly allow?: ReadonlySet<FileKind>;
}
