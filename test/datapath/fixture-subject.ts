// The loaded programs as a director that fixtures are played on.
import { markForFirewall } from '../../src/datapath/ebpf/table/firewall.js';
import { setGrace } from '../../src/datapath/ebpf/table/grace.js';
import type { Bed } from './bed.js';
import type { Arrival } from './fixtures/fixture.js';
import { endText, type Subject } from './fixtures/play-fixture.js';
import type { Carriage } from './run.js';

/** What the frame carries. */
export const carriageOf = ({ gso, mark }: Arrival): Partial<Carriage> => ({ ...gso, ...(mark === undefined ? {} : { mark }) });

/** `shortCut`: XDP in front of tc. */
export const subjectOf = (bed: Bed, shortCut: boolean): Subject => ({
  director: bed.director,
  send: (arrival) => {
    const { hook, device, frame } = arrival;
    bed.send(shortCut && hook === 'ingress' ? 'xdp' : hook, device, frame, carriageOf(arrival));
  },
  filterReversePath: (device, value) => bed.settings.filterReversePath(device, value),
  acceptOwnSources: (on) => bed.settings.acceptOwnSources(on),
  passFirewall: () => markForFirewall(bed.tables, true),
  limitLocalPorts: (count) => bed.limitLocalPorts(count),
  beginGrace: (seconds) => setGrace(bed.tables.conf, seconds),
  connections: () =>
    [...bed.director.connections()].map((each) => ({
      client: endText(each.client),
      virtual: endText(each.virtual),
      destination: endText(each.destination),
      state: each.state,
      ...(each.engine === undefined ? {} : { call: each.engine.data }),
    })),
  servers: () => new Map(bed.director.services().flatMap(({ destinations }) => destinations.map((each) => [endText(each.spec), each]))),
  drops: () => bed.drops(),
  totals: () => bed.totals(),
});
