// Services of a weir.yaml that a running weir run has, with their checks: where it runs with others than the file states, weir reload has to follow.
import { serviceId } from '../../model/identity.js';
import { serviceWord } from '../../model/service-word.js';
import { checkedServices, type WeirFile } from '../../model/weir-file.js';
import type { TableFacts } from './table-facts.js';

export interface ServedOtherwise {
  readonly service: string;
  /** Who has it. */
  readonly owner: string;
  /** `removed`: the file has it no more. */
  readonly kind: 'changed' | 'removed';
}

/** `isOwn`: the file is the one that weir run has; another one need not have its services. */
export function servedOtherwise(
  { table, checked }: Pick<WeirFile, 'table' | 'checked'>,
  { checked: running, owners }: Pick<TableFacts, 'checked' | 'owners'>,
  isOwn: boolean,
): readonly ServedOtherwise[] {
  if (table?.services === undefined) return [];
  const stated = new Set(table.services.map(({ spec }) => serviceId(spec.key)));
  const statedChecked = checkedServices(checked === undefined ? {} : { checked });
  return [...running].flatMap(([id, server]): ServedOtherwise[] => {
    const { target } = server;
    const isSame = JSON.stringify(statedChecked.get(id)) === JSON.stringify(server);
    if (target.kind !== 'service' || isSame || !(stated.has(id) || isOwn)) return [];
    return [{ service: serviceWord(target.key), owner: owners.get(id) ?? '', kind: stated.has(id) ? 'changed' : 'removed' }];
  });
}

/** With what to do. */
export const otherwiseText = ({ service, owner, kind }: ServedOtherwise): string =>
  `  ! ${service}: ${owner}, ${kind === 'removed' ? 'has it, and the file does not' : 'runs with it otherwise'} — fix: weir reload`;
