// The two nodes of a virtual router use different VRRP versions, or different checksums of version 3.

import { peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const VERSIONS: LintVerdict = {
  code: 'versions-differ',
  severity: 'error',
  meaning: 'One node uses VRRP version 2, the other version 3: each drops the other’s adverts, and both are master.',
};
const CHECKSUMS: LintVerdict = {
  code: 'checksums-differ',
  severity: 'warning',
  meaning: 'Version 3 over IPv4 with `v3_checksum_as_v2` on one node only: keepalived drops adverts with the other checksum.',
};

export const versions: LintRule = {
  verdicts: [VERSIONS, CHECKSUMS],
  examine: (nodes) =>
    peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const place = placeText(instancePlace(b, theirs.name, 'version'));
      if (ours.version !== theirs.version) {
        const cause = `version ${ours.version} here, version ${theirs.version} at ${place}`;
        const fix = 'write the same version (or vrrp_version) on both nodes';
        return [findingOf(VERSIONS, instancePlace(a, ours.name, 'version'), `${ours.name} and its peer will both be master`, cause, fix)];
      }
      if (ours.version !== 3 || ours.family !== 'inet' || ours.v3ChecksumAsV2 === theirs.v3ChecksumAsV2) return [];
      const cause = `v3_checksum_as_v2 is ${ours.v3ChecksumAsV2 ? 'on here and off' : 'off here and on'} at ${place}`;
      const at = instancePlace(a, ours.name, 'v3_checksum_as_v2');
      return [
        findingOf(CHECKSUMS, at, `${ours.name} and its peer compute checksums differently`, cause, 'set it on both nodes or on none'),
      ];
    }),
};
