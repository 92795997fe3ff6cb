// What weir does not do yet: virtual servers that will not be served, and a synchronisation daemon that does not run.
import { capability } from '../../../../model/capabilities.js';
import { notYet } from '../../not-yet/not-yet.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const UNSERVED: LintVerdict = {
  code: 'virtual-server-not-served',
  severity: 'error',
  meaning: 'A virtual server needs what weir does not have yet: its services are not balanced.',
};
const WITHOUT: LintVerdict = {
  code: 'virtual-server-served-without',
  severity: 'warning',
  meaning: 'A virtual server is served without something that it asks for and weir does not have yet: connections are spread otherwise.',
};
const UNSYNCHRONISED: LintVerdict = {
  code: 'sync-daemon-not-run',
  severity: 'warning',
  meaning: '`lvs_sync_daemon`, which weir will not run: after a failover, clients connect again.',
};

const verdicts = [
  ...(capability('tunnels').present ? [] : [UNSERVED, WITHOUT]),
  ...(capability('kept-synchronisation').present ? [] : [UNSYNCHRONISED]),
];

export const notYetServed: LintRule = {
  verdicts,
  examine: (nodes) =>
    nodes.flatMap((node) =>
      notYet(node).map((one) => {
        const { at } = one;
        switch (one.kind) {
          case 'server': {
            const fix = 'remove what is missing from the file, or leave this virtual server to keepalived on another host';
            return findingOf(UNSERVED, at, `${one.name} will not be served`, one.missing, fix);
          }
          case 'without': {
            const fix = 'none yet: where that is not acceptable, leave this virtual server to keepalived on another host';
            return findingOf(WITHOUT, at, `${one.name} is served without ${one.what}`, one.meanwhile, fix);
          }
          case 'sync-daemon': {
            const fix = 'none yet: clients have to connect again after a failover';
            return findingOf(UNSYNCHRONISED, at, 'lvs_sync_daemon will not run', `${one.missing}: ${one.meanwhile}`, fix);
          }
        }
      }),
    ),
};
