// What was imported as a weir.yaml, with its health checks and sorry servers.

import { serviceId } from '../../model/identity.js';
import type { CheckTree } from '../../model/layer7/pool-checks.js';
import { serviceWord } from '../../model/service-word.js';
import { type ServiceChecks, writeTable } from '../weir/write-table.js';
import { type CheckBlock, type CheckRow, type Imported, type ImportedService, type ImportLine, importedTable } from './imported.js';

type Tree = Readonly<Record<string, CheckTree>>;

/** An expression keeps its quotes: it is read as it stands in the line. */
const RAW = 'regex';

function argumentTree(keyword: string, text: string): CheckTree {
  if (/^(?:0|[1-9]\d{0,8})$/.test(text)) return Number(text);
  return keyword === RAW ? text : (/^"([^"]*)"$/.exec(text)?.[1] ?? text);
}

function rowEntry(row: CheckRow): readonly [string, CheckTree] {
  if (typeof row !== 'string') return [row.keyword, blockTree(row)];
  const [keyword = ''] = row.split(' ', 1);
  return [keyword, row === keyword ? true : argumentTree(keyword, row.slice(keyword.length + 1))];
}

/** Each keyword is there once. */
const blockTree = ({ rows }: CheckBlock): Tree => Object.fromEntries(rows.map(rowEntry));

export const isChecked = ({ destinations }: ImportedService): boolean => destinations.some(({ check }) => check !== true);

/** What all servers are checked by stands in the service. */
function checksOf({ destinations, sorry, checkInterval, keepsFailed }: ImportedService): ServiceChecks {
  const each = destinations.map(({ spec, check }) => [spec, check === true ? undefined : { [check.keyword]: blockTree(check) }] as const);
  const [[, first] = []] = each;
  const isShared = first !== undefined && each.every(([, tree]) => JSON.stringify(tree) === JSON.stringify(first));
  const own = new Map(isShared ? [] : each);
  return {
    checks: { delay_loop: checkInterval, ...(keepsFailed ? { inhibit_on_failure: true } : {}), ...(isShared ? first : {}) },
    ofServer: (server) => own.get(server),
    // It has no weight of its own there.
    ...(sorry === undefined ? {} : { sorry: { ...sorry, weight: 1 } }),
  };
}

export function importedWeirText(imported: Imported): string {
  const byId = new Map(imported.services.filter(isChecked).map((service) => [serviceId(service.spec.key), service]));
  return writeTable(importedTable(imported), ({ spec }) => {
    const service = byId.get(serviceId(spec.key));
    return service === undefined ? undefined : checksOf(service);
  });
}

/** What a weir.yaml cannot hold: a sorry server beside servers that are never down. */
export const lostOfWeir = ({ services }: Imported, file: string): readonly ImportLine[] =>
  services.flatMap((service) =>
    service.sorry === undefined || isChecked(service)
      ? []
      : {
          ...{ file, line: 0, text: `fallback or backup server of ${serviceWord(service.spec.key)}`, status: 'lost', became: '' },
          consequence: 'it has no connections: no server is checked, and so none is ever down',
        },
  );
