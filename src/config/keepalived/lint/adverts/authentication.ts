// The two nodes of a virtual router authenticate adverts differently.
import type { Authentication } from '../../../../model/keepalived/instance.js';
import { peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const DIFFER: LintVerdict = {
  code: 'authentication-differs',
  severity: 'error',
  meaning:
    'The kind or the password of the authentication differs (none, PASS, AH, auth_hmac): each drops the other’s adverts, and both are master.',
};
const AH: LintVerdict = {
  code: 'ah-is-keepalived-only',
  severity: 'info',
  meaning: 'Only keepalived and weir understand authentication AH, and it does not pass NAT; a node with AH cannot start as MASTER.',
};

const NAMES = { none: 'no authentication', pass: 'PASS', ah: 'AH', hmac: 'auth_hmac' } as const;

type Hmac = Extract<Authentication, { kind: 'hmac' }>;

const signs = (one: Authentication): one is Hmac => one.kind === 'hmac' && one.mode !== 'receive-only';

/** Does one node have the other's signing key? Keys in files are not known here. */
function knowsKey(receiver: Hmac, { keys, activeKey }: Hmac): boolean {
  const used = keys.find(({ id }) => id === activeKey);
  const known = receiver.keys.find(({ id }) => id === activeKey);
  return known !== undefined && (used?.hex === undefined || known.hex === undefined || used.hex === known.hex);
}

/** Why one node refuses the other's adverts; undefined: it accepts them. */
function refusal(receiver: Authentication, sender: Authentication): string | undefined {
  if (signs(sender)) {
    if (receiver.kind !== 'hmac') return `${NAMES[receiver.kind]} cannot verify adverts that ${NAMES.hmac} in mode ${sender.mode} signs`;
    return knowsKey(receiver, sender) ? undefined : 'the active key of one is not among the keys of the other';
  }
  if (receiver.kind === 'hmac' && receiver.mode === 'enforce') return `${NAMES.hmac} in mode enforce refuses unsigned adverts`;
  const [wanted, got] = [receiver, sender].map(({ kind }) => (kind === 'hmac' ? 'none' : kind));
  if (wanted !== got) return `one has ${NAMES[receiver.kind]}, the other ${NAMES[sender.kind]}`;
  const [ours, theirs] = [receiver, sender].map((one) => ('password' in one ? one.password : ''));
  return ours === theirs ? undefined : 'the passwords differ (the first 8 characters count)';
}

export const authentication: LintRule = {
  verdicts: [DIFFER, AH],
  examine: (nodes) => [
    ...peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const why = refusal(ours.authentication, theirs.authentication) ?? refusal(theirs.authentication, ours.authentication);
      if (why === undefined) return [];
      const cause = `${why}: see ${placeText(instancePlace(b, theirs.name, 'authentication', 'auth_hmac'))}`;
      const at = instancePlace(a, ours.name, 'authentication', 'auth_hmac');
      return [findingOf(DIFFER, at, `${ours.name} and its peer will both be master`, cause, 'write the same authentication on both nodes')];
    }),
    ...nodes.flatMap((node) =>
      node.configuration.instances
        .filter((instance) => instance.authentication.kind === 'ah')
        .map(({ name }) =>
          findingOf(
            AH,
            instancePlace(node, name, 'authentication'),
            `${name} uses AH`,
            'no other implementation of VRRP supports it, and it does not pass NAT',
            'use PASS with nodes of other vendors, auth_hmac between weir nodes',
          ),
        ),
    ),
  ],
};
