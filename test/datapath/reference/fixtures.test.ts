// Every packet fixture through the reference director: what the loaded programs are compared with is judged by the same frames, without a kernel.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REASONS } from '../../../src/datapath/ebpf/reasons.gen.js';
import type { Endpoint } from '../../../src/datapath/memory/packets/endpoint.js';
import { addressOf } from '../../../src/datapath/memory/packets/ip.js';
import { OrderedPorts } from '../../../src/datapath/memory/packets/local-ports.js';
import { PacketDirector } from '../../../src/datapath/memory/packets/packet-director.js';
import type { DestinationRecord } from '../../../src/datapath/memory/packets/records.js';
import { FAR_END } from '../fixtures/bed-addresses.js';
import type { Arrival, Fixture } from '../fixtures/fixture.js';
import { fixtures } from '../fixtures/index.js';
import { endText, isTooShortForTc, look, prepare, type Server, type Subject, UNMET_REASONS } from '../fixtures/play-fixture.js';
import { hold, type Outcome } from '../verdict.js';
import { BedEnvironment } from './bed-environment.js';

/** Small: there is a director for each fixture. */
const [BUCKETS, TEMPLATES] = [64, 64];
/** Its templates have no port: they are for the data, too. */
const FTP_PORT = 21;
/** In listings: a template that leads no client any more. */
const LOST_PORT = 65_535;

const place = ({ address, port }: Endpoint): string => endText({ address: addressOf(address), port });

/** Where the director meets a frame, by the hook. */
const MET_AT = { ingress: 'ingress', xdp: 'ingress', egress: 'egress', mark: 'marked', accepted: 'accepted' } as const;

class InMemory implements Subject {
  readonly #environment = new BedEnvironment();
  readonly director = new PacketDirector(this.#environment, { buckets: BUCKETS, templates: TEMPLATES });

  send({ hook, device, frame: bytes, gso, mark = 0 }: Arrival): Outcome {
    const frame = { device: hook === 'accepted' ? FAR_END : device, bytes, mark, ...(gso === undefined ? {} : { gsoSize: gso.gsoSize }) };
    const outcome = this.director[MET_AT[hook]](frame);
    return { ...outcome, kernelResolves: true };
  }

  filterReversePath: Subject['filterReversePath'] = (device, value) => this.#environment.filterReversePath(device, value);

  acceptOwnSources(on: boolean): void {
    this.#environment.acceptsOwn = on;
  }

  passFirewall(): void {
    for (const service of this.director.records.services()) service.firewall = service.live && service.mark === 0;
  }

  limitLocalPorts(count: number): void {
    const { localPorts } = this.director;
    assert.ok(localPorts instanceof OrderedPorts);
    localPorts.ports = count;
  }

  beginGrace(seconds: number): void {
    const { settings, now } = this.director;
    settings.graceUntil = now + settings.unitsOf(seconds);
  }

  /** Templates first, as they are listed. */
  connections(): ReturnType<Subject['connections']> {
    const { templates: four, templates6: six } = this.director;
    const templates = [...four.entries(), ...six.entries()].map(([, { network, service, destination, assured, answered, lost, call }]) => ({
      client: place({ address: network, port: 0 }),
      virtual: place({ address: service.address, port: lost ? LOST_PORT : service.port === FTP_PORT ? 0 : service.port }),
      destination: place({
        address: destination.address,
        port: lost ? LOST_PORT : [0, FTP_PORT].includes(service.port) ? 0 : destination.port,
      }),
      state: assured || answered ? 'ASSURED' : 'NONE',
      ...(call === undefined ? {} : { call }),
    }));
    const connections = [...this.director.living()].map(({ client, virtual, server, state }) => {
      return { client: place(client), virtual: place(virtual), destination: place(server), state };
    });
    return [...templates, ...connections];
  }

  servers(): ReadonlyMap<string, Server> {
    return new Map(this.#records().flatMap((each) => (each.available ? [[place(each), each] as const] : [])));
  }

  drops(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.director.drops());
  }

  totals(): ReturnType<Subject['totals']> {
    const totals = { conns: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
    for (const { counts } of this.#records())
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += counts[name];
    return totals;
  }

  #records(): readonly DestinationRecord[] {
    return [...this.director.records.services()].flatMap(({ list, retired }) => [...list, ...retired]);
  }
}

function play(fixture: Fixture): Subject {
  const subject = new InMemory();
  prepare(subject, fixture);
  hold(subject.send(fixture), fixture.frame, fixture.expect);
  if (fixture.after !== undefined && !isTooShortForTc(fixture)) look(subject, fixture.after);
  return subject;
}

describe('packet fixtures by the reference director', () => {
  const met = new Set<string>();
  for (const fixture of fixtures) {
    test(fixture.description, () => {
      for (const reason of Object.keys(play(fixture).drops())) met.add(reason);
    });
  }
  test('every reason was met, but for those that one frame cannot meet', () => {
    assert.deepEqual(
      REASONS.map(({ key }) => key).filter((key) => !met.has(key)),
      UNMET_REASONS,
    );
  });
});
