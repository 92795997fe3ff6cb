// What is in the table otherwise than a document states, from the document to the table; who changed it is not known.
import type { TableDocument } from '../../model/table-document.js';
import { DOCUMENT_NAMES } from '../virtual-server/names.js';
import { planTimeouts } from '../virtual-server/plan.js';
import type { DocumentOptions } from './document-plan.js';
import { findDrift } from './drift.js';
import { documentTable } from './intended-table.js';
import type { Drift, PlannedSettings } from './plan.js';
import { tableBase } from './table-base.js';
import type { TableFacts } from './table-facts.js';
import { differingTimeouts } from './timeouts.js';

export interface DocumentDrift {
  readonly base: string;
  /** Of services that stay, because others keep them, nothing. */
  readonly drift: readonly Drift[];
  readonly settings: readonly PlannedSettings[];
}

export function documentDrift(document: TableDocument, facts: TableFacts, options: DocumentOptions = {}): DocumentDrift {
  const table = document.services === undefined ? undefined : documentTable(document.services, facts, options);
  const drift = table === undefined ? [] : findDrift(table, table, { ...facts, names: DOCUMENT_NAMES });
  const { timeouts: present } = facts;
  const wanted = planTimeouts(document.timeouts, present);
  const differences =
    wanted === undefined ? [] : differingTimeouts(present, wanted).map(({ what, from, to }) => ({ what, from: to, to: from }));
  return {
    base: tableBase(facts),
    drift: drift.map((one) => ({ ...one, stays: false })),
    settings: differences.length === 0 ? [] : [{ action: 'change', object: 'timeouts of connections', differences }],
  };
}
