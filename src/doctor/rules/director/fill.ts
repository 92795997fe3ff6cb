// Is there room in the connection table?
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import type { FillFacts } from '../../table-facts.js';

/** Of its places: beyond, a new connection may find none among its neighbours. */
const ALMOST_FULL = 0.75;

export const isAlmostFull = (fill: FillFacts | undefined): boolean => fill !== undefined && fill.connections >= ALMOST_FULL * fill.slots;

export function fillText(fill: FillFacts | undefined): string {
  if (fill === undefined) return 'its size is not known';
  const { connections, halfOpen, capacity, slots } = fill;
  const stuck =
    2 * halfOpen >= connections && halfOpen > 0 ? `, of which ${halfOpen} are half open: either a SYN flood, or servers do not answer` : '';
  return `${connections} connections in ${slots} places, made for ${capacity}${stuck}`;
}

export function templatesText(fill: FillFacts | undefined): string {
  if (fill?.templates === undefined) return 'its size is not known';
  const { living, slots } = fill.templates;
  return `${living} templates, of both families; ${slots} places for those of each`;
}

/** `dropping`: it is reported what that leads to already. */
export function fillRule({ fill }: DirectorFacts, dropping: boolean): readonly Finding[] {
  if (fill === undefined || dropping || !isAlmostFull(fill)) return [];
  return [
    {
      severity: 'warning',
      code: 'table-almost-full',
      what: `the connection table is ${Math.floor((100 * fill.connections) / fill.slots)} % full`,
      cause: fillText(fill),
      advice: 'a larger table: weir load --connections N, which loses no connection; shorter timeouts of UDP: ipvsadm --set',
    },
  ];
}
