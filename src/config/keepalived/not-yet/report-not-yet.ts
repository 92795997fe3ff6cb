// What weir does not do yet, as messages of -t. They are notices: the exit status is keepalived's.
import type { Report } from '../diagnostics/report.js';
import { notYet, type PlacedConfiguration } from './not-yet.js';

export function reportNotYet(file: PlacedConfiguration, report: Report): void {
  for (const one of notYet(file)) {
    const { at } = one;
    switch (one.kind) {
      case 'server':
        report('virtual-server-not-served', at, { name: one.name, missing: one.missing });
        break;
      case 'without':
        report('virtual-server-served-without', at, { name: one.name, what: one.what, meanwhile: one.meanwhile });
    }
  }
}
