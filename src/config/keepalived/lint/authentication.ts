// The two nodes of a virtual router prove themselves differently.
import type { Authentication } from '../../../model/keepalived/instance.js';
import { found, type LintRule, type LintVerdict } from './finding.js';
import { peersOf } from './peers.js';
import { instancePlace, placeText } from './place.js';

const DIFFER: LintVerdict = {
  code: 'authentication-differs',
  level: 'error',
  meaning:
    'Kind or password of the authentication differ (none, PASS, AH, auth_hmac): each drops the other’s adverts, and both are master.',
};
const AH: LintVerdict = {
  code: 'ah-is-keepalived-only',
  level: 'info',
  meaning: 'Authentication AH is understood by keepalived and weir alone, and by no NAT; its start as MASTER is put off.',
};

const NAMES = { none: 'no authentication', pass: 'PASS', ah: 'AH', hmac: 'auth_hmac' } as const;

/** Why adverts of the one are refused by the other; undefined: they are not. */
function difference(ours: Authentication, theirs: Authentication): string | undefined {
  if (ours.kind !== theirs.kind) return `${NAMES[ours.kind]} here, ${NAMES[theirs.kind]}`;
  if (ours.kind === 'hmac' && theirs.kind === 'hmac') {
    const signs = (by: typeof ours, checked: typeof ours): boolean => {
      const key = by.keys.find(({ id }) => id === by.activeKey);
      const known = checked.keys.find(({ id }) => id === by.activeKey);
      return known !== undefined && (key?.file !== undefined || known.file !== undefined || key?.hex === known.hex);
    };
    return signs(ours, theirs) && signs(theirs, ours) ? undefined : 'the active key of one is not among the keys of the other';
  }
  const passwords = [ours, theirs].map((one) => ('password' in one ? one.password : ''));
  return passwords[0] === passwords[1] ? undefined : 'the password (8 characters count) is not the one';
}

export const authentication: LintRule = {
  verdicts: [DIFFER, AH],
  check: (nodes) => [
    ...peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const why = difference(ours.authentication, theirs.authentication);
      if (why === undefined) return [];
      const cause = `${why} at ${placeText(instancePlace(b, theirs.name, 'authentication', 'auth_hmac'))}`;
      const at = instancePlace(a, ours.name, 'authentication', 'auth_hmac');
      return [found(DIFFER, at, `${ours.name} and its peer will both be master`, cause, 'write the same authentication on both nodes')];
    }),
    ...nodes.flatMap((node) =>
      node.configuration.instances
        .filter((instance) => instance.authentication.kind === 'ah')
        .map(({ name }) =>
          found(
            AH,
            instancePlace(node, name, 'authentication'),
            `${name} uses AH`,
            'no other implementation of VRRP has it, and it does not pass NAT',
            'PASS where other vendors take part, auth_hmac between weir nodes',
          ),
        ),
    ),
  ],
};
