// What weir does not do yet: virtual servers that will not be served, or not as they ask.
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

const verdicts = capability('tunnels').present ? [] : [UNSERVED, WITHOUT];

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
        }
      }),
    ),
};
