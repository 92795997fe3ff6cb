// A table as the text of a format, and what of the table that text cannot hold.
import { readKeepalived } from '../config/keepalived/read.js';
import { canExpress, keepalivedTableText } from '../config/keepalived/write-table.js';
import { writeTable } from '../config/weir/write-table.js';
import type { PlannedChange } from '../control/plan/document-plan.js';
import { planDocument } from '../control/plan/plan-document.js';
import { presentDocument } from '../control/plan/present-document.js';
import { NO_FACTS, type TableFacts } from '../control/plan/table-facts.js';
import { formatAddress, parseAddress } from '../model/address-text.js';
import { commandText } from '../model/change-text.js';
import { endpointText } from '../model/endpoint-text.js';
import { serviceId } from '../model/identity.js';
import { wantedTable } from '../model/keepalived/wanted-table.js';
import { serviceWord } from '../model/service-word.js';
import type { DocumentService, TableDocument } from '../model/table-document.js';
import type { WantedVip } from '../model/vip.js';
import type { AddedVip } from './added-vips.js';
import { SWITCH_OWNER } from './table-facts.js';

/** `vips`: a weir.yaml alone has them. */
type Table = Required<TableDocument> & { readonly vips?: readonly WantedVip[] };

export interface Exported {
  readonly text: string;
  /** A line for each change that the text would make of the table. */
  readonly losses: readonly string[];
}

/** With thresholds, which ipvsadm-save leaves out. */
export const commandLines = ({ services = [], timeouts }: TableDocument): readonly string[] => [
  ...(timeouts === undefined ? [] : [`--set ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}`]),
  ...services.flatMap(({ spec, destinations }) => [
    commandText({ kind: 'add-service', spec }),
    ...destinations.map((one) => commandText({ kind: 'add-destination', service: spec.key, spec: one })),
  ]),
];

/** Why keepalived.conf cannot have it; empty: that is not known. */
function whyLost({ destinations }: DocumentService, server: string | undefined): string {
  const gone = destinations.filter((one) => !canExpress(one) && (server === undefined || endpointText(one) === server));
  if (server === undefined && destinations.length === 0) return ': keepalived.conf has no service without servers';
  const methods = [...new Set(gone.map(({ method }) => method))].join(', ');
  const servers = server === undefined ? ` with its servers ${destinations.map((one) => endpointText(one)).join(', ')}` : '';
  return `${servers}${methods === '' ? '' : `: keepalived.conf has no word for ${methods}`}`;
}

function lossText({ kind, service, server, differences }: PlannedChange, services: readonly DocumentService[]): string {
  const there = services.find(({ spec }) => serviceWord(spec.key) === service);
  const what = differences.map(({ what: name, from, to }) => `${name} ${from} becomes ${to}`).join(', ');
  const why = there === undefined ? '' : whyLost(there, server);
  const lost = kind.startsWith('delete') ? `is lost${why}` : kind.startsWith('add') ? 'is added' : what;
  return `${[service, server].filter((part) => part !== undefined).join(' ')}: ${lost}`;
}

/** VRRP or another program has to add them. */
const vipLosses = ({ vips = [] }: Table): readonly string[] =>
  vips.map(
    ({ address, prefixLength, interface: name }) =>
      `VIP ${formatAddress(address)}/${prefixLength} on ${name} is not in the text: add it to a vrrp_instance, or keep it by weir vip add`,
  );

/** What a start of keepalived with this text would change in the table that it was made of. */
function lossesOf(text: string, { services, timeouts }: Table): readonly string[] {
  const files = { read: () => ({ kind: 'text' as const, text }), list: () => [] };
  const { configuration } = readKeepalived(files, { path: 'keepalived.conf', directory: '/', configId: '', environment: {} });
  const read = configuration === undefined ? [] : [...wantedTable(configuration).values()];
  const present = new Map(services.map((service) => [serviceId(service.spec.key), service]));
  const document = { services: read, timeouts: configuration?.global.lvsTimeouts ?? timeouts };
  return planDocument(document, { ...NO_FACTS, present, timeouts }).changes.map((change) => lossText(change, services));
}

/** What of the table a text has. */
export interface ExportedTable {
  /** In the order in which it was made. */
  readonly table: Required<TableDocument>;
  /** A line for each service that is not in it, or not all of it. */
  readonly leftOut: readonly string[];
}

/**
 * Without the services that others keep: a plan of a text that had them would be refused, or take them from who checks their servers. `all`: with those
 * of daemons, for another director; what weir switch makes is never in a text, which would keep it from making that.
 */
export function exportedTable(
  { present, owners, timeouts }: Pick<TableFacts, 'present' | 'owners' | 'timeouts'>,
  all = false,
): ExportedTable {
  const left = new Map([...owners].filter(([, owner]) => !all || owner === SWITCH_OWNER));
  const leftOut = [...present].flatMap(([id, { spec }]) => {
    const owner = owners.get(id);
    if (owner === undefined) return [];
    if (!left.has(id))
      return [`${serviceWord(spec.key)}: as ${owner} has it in the table now, without checks, and without servers that are down`];
    const why = owner === SWITCH_OWNER ? 'weir switch makes it of the rules of a weir.yaml' : `${owner} keeps it`;
    return [`${serviceWord(spec.key)} is left out: ${why}`];
  });
  return { table: presentDocument({ present, owners: left, timeouts }), leftOut };
}

/** Of VIPs as the state file has them, those that are on their interfaces, as a weir.yaml has them. */
export const vipsThere = (added: readonly AddedVip[]): readonly WantedVip[] =>
  added.flatMap(({ present, address: text, ...vip }) => {
    const address = parseAddress(text);
    return present && address !== undefined ? [{ ...vip, address }] : [];
  });

/** By the names of the formats. */
export const EXPORT_FORMATS: Readonly<Record<string, (table: Table) => Exported>> = {
  weir: (table) => ({ text: writeTable(table), losses: [] }),
  ipvsadm: (table) => ({ text: `${commandLines(table).join('\n')}\n`, losses: [] }),
  keepalived(table) {
    const services = table.services.filter(({ destinations }) => destinations.some(canExpress));
    const text = keepalivedTableText({ ...table, services });
    return { text, losses: [...lossesOf(text, table), ...vipLosses(table)] };
  },
};
