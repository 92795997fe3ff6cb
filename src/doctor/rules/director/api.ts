// The control API: it is configured to answer where it does not.
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';

/** By what Node's and our messages contain. */
const CAUSES: readonly (readonly [string, string])[] = [
  ['EADDRINUSE', 'another program listens there: ss -ltnp shows which one'],
  ['EADDRNOTAVAIL', 'no interface of this host has the address'],
  ['EACCES', 'this process may not listen there'],
];

export function apiRule({ apiSilences = [] }: DirectorFacts): readonly Finding[] {
  return apiSilences.map(({ places, why }) => ({
    // Of two processes that serve the same sockets, one does.
    severity: places.some((place) => place.startsWith('https:')) ? 'error' : 'warning',
    code: 'api-silent',
    what: `the control API does not answer at ${places.join(' and ')}: ${why}`,
    cause: CAUSES.find(([text]) => why.includes(text))?.[1] ?? 'it cannot begin there, though it is configured to',
    advice: 'it is tried again every five seconds; else the section api of weir.yaml is to be changed',
  }));
}
