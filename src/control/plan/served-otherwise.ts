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
  /** Of weir run; absent: the file is the one that it has. */
  readonly otherFile?: string;
}

/** `isOwn`: the file is the one that weir run has; another one need not have its services. */
export function servedOtherwise(
  { table, checked }: Pick<WeirFile, 'table' | 'checked'>,
  { checked: running, owners, files }: Pick<TableFacts, 'checked' | 'owners' | 'files'>,
  isOwn: boolean,
): readonly ServedOtherwise[] {
  if (table?.services === undefined) return [];
  const stated = new Set(table.services.map(({ spec }) => serviceId(spec.key)));
  const statedChecked = checkedServices(checked === undefined ? {} : { checked });
  return [...running].flatMap(([id, server]): ServedOtherwise[] => {
    const { target } = server;
    const isSame = JSON.stringify(statedChecked.get(id)) === JSON.stringify(server);
    if (target.kind !== 'service' || isSame || !(stated.has(id) || isOwn)) return [];
    const otherFile = isOwn ? undefined : files.get(id);
    return [
      {
        service: serviceWord(target.key),
        owner: owners.get(id) ?? '',
        kind: stated.has(id) ? 'changed' : 'removed',
        ...(otherFile === undefined ? {} : { otherFile }),
      },
    ];
  });
}

/** With what to do. A daemon reads its own file again, whichever was compared. */
export function otherwiseText({ service, owner, kind, otherFile }: ServedOtherwise): string {
  const what =
    kind === 'removed'
      ? 'has it, and the file does not'
      : `runs with it otherwise${otherFile === undefined ? '' : `, as ${otherFile} had it`}`;
  return `  ! ${service}: ${owner}, ${what} — fix: ${otherFile === undefined ? '' : `put it into ${otherFile}, then `}weir reload`;
}
