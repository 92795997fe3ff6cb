// The table of rates as lines, cut to the size of a terminal.
import { counted } from '../../model/counted.js';
import { type Rates, type ServiceRates, type SortKey, sortedRates, totalRates } from '../../report/rates.js';

const COLUMNS = [
  ['conns', 'conns/s'],
  ['inPackets', 'in p/s'],
  ['outPackets', 'out p/s'],
  ['inBytes', 'in B/s'],
  ['outBytes', 'out B/s'],
  ['active', 'active'],
  ['inactive', 'inactive'],
] as const satisfies readonly (readonly [keyof Rates, string])[];

const COLUMN_WIDTH = 9;
const NAME_MIN = 12;
const UNITS = ['', 'k', 'M', 'G', 'T'] as const;
const STEP = 1000;

/** In four characters and a unit at most: 950, 12.5k, 3.1M. */
export function scaled(value: number): string {
  let [rest, unit] = [value, 0];
  while (rest >= STEP - 0.5 && unit < UNITS.length - 1) {
    rest /= STEP;
    unit += 1;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)}${UNITS[unit] ?? ''}`;
}

/** What fits. `rows` and `columns` undefined: everything. */
export interface Size {
  readonly rows?: number;
  readonly columns?: number;
}

const numbers = (rates: Rates): string => COLUMNS.map(([key]) => scaled(rates[key]).padStart(COLUMN_WIDTH)).join('');

const headings = (sort: SortKey): string =>
  COLUMNS.map(([key, text]) => (key === sort ? `*${text}` : text).padStart(COLUMN_WIDTH)).join('');

const cut = (line: string, columns: number | undefined): string => (columns === undefined ? line : line.slice(0, columns)).trimEnd();

/** Lines without their ends. `at`: the time of day. */
export function topLines(services: readonly ServiceRates[], sort: SortKey, at: string, { rows, columns }: Size = {}): readonly string[] {
  const sorted = sortedRates(services, sort);
  const named = sorted.flatMap((service) => [
    [`${service.service} ${service.scheduler}`, service] as const,
    ...service.servers.map((server) => [`  ${server.server} ${server.method} ${server.weight}`, server] as const),
  ]);
  const width = Math.max(NAME_MIN, ...named.map(([name]) => name.length)) + 1;
  const fitting = columns === undefined ? width : Math.max(NAME_MIN, Math.min(width, columns - COLUMN_WIDTH * COLUMNS.length));
  const line = (name: string, rest: string): string => cut(`${name.slice(0, fitting - 1).padEnd(fitting)}${rest}`, columns);
  const servers = services.reduce((count, each) => count + each.servers.length, 0);
  const head = [
    cut(`weir top  ${at}  ${counted(services.length, 'service')}, ${counted(servers, 'server')}, a second each, by ${sort}`, columns),
    line('', headings(sort)),
    line('all', numbers(totalRates(services))),
  ];
  const body = named.map(([name, rates]) => line(name, numbers(rates)));
  if (rows === undefined || head.length + body.length <= rows) return [...head, ...body];
  const room = Math.max(0, rows - head.length - 1);
  return [...head, ...body.slice(0, room), cut(`${body.length - room} more lines`, columns)].slice(0, rows);
}
