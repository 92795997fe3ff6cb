// Content switching in a bed of single frames: two listeners with rules of their own, and segments through the program, without sockets.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { readWeirFile } from '../../src/config/weir/read.js';
import { switchPlan } from '../../src/control/layer7/switch/switch-plan.js';
import type { EbpfDirector } from '../../src/datapath/ebpf/ebpf-director.js';
import { applySwitch } from '../../src/datapath/ebpf/switch/apply-switch.js';
import { familyPin, keyCount, type SwitchCountName, switchCounts, switchFamilies } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { endpointText } from '../../src/model/endpoint-text.js';
import { native } from '../../src/sys/addon.js';
import { Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { bytesOfText, concat } from '../../src/wire/bytes.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { decodeIpv4 } from '../../src/wire/ipv4.js';
import { decodeIpv6 } from '../../src/wire/ipv6.js';
import { decodeTcp, type TcpSegment } from '../../src/wire/tcp.js';
import { tcpChecksumIsRight } from '../support/transport-checksum.js';
import { type Bed, openBed } from './bed.js';
import { endOf } from './fixtures/bed-addresses.js';
import { fromClient, fromServer, type IpPart, patched, tcp } from './fixtures/packets.js';
import { fromClient6, fromServer6, type Ipv6Part, tcp6 } from './fixtures/packets6.js';
import { type Run, run, TC } from './run.js';

export const [FIRST, SECOND] = ['10.0.1.100:80', '10.0.1.101:8080'];
export const [ONE, TWO] = ['10.0.2.11', '10.0.2.12'];
export const CLIENT = '10.0.1.10';
export const CLIENT6 = 'fd00:1::10';

export const CONFIG = `layer7:
  listeners:
    first: ${FIRST}
    second: ${SECOND}
  pools:
    one: { servers: ["${ONE}:80"] }
    two: { servers: ["${TWO}:80"] }
  hosts:
    - { server_name: [a.example], listen: first, way: switch, locations: [{ location: /, pool: one }, { location: /two/, pool: two }] }
    - { server_name: [a.example], listen: second, way: switch, locations: [{ location: /, pool: two }] }
    - { server_name: [b.example], listen: second, way: switch, locations: [{ location: /, pool: one }] }
`;

const MSS = Uint8Array.of(2, 4, 1300 >> 8, 1300 & 255);
const SACK = Uint8Array.of(4, 2);
const TIMESTAMPS = Uint8Array.of(8, 10, 0, 0, 0, 9, 0, 0, 0, 0);
const SCALE = Uint8Array.of(3, 3, 9, 1);
const NOTHING = Uint8Array.of(1);
/** As Linux sends them, of other values. */
export const OFFER = concat(MSS, SACK, TIMESTAMPS, NOTHING, SCALE.subarray(0, 3));
export const request = (host = 'a.example', path = '/'): Uint8Array => bytesOfText(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

/** What the program made of a segment. */
export interface Answer {
  readonly code: number;
  readonly from: string;
  readonly to: string;
  readonly segment: TcpSegment;
}

const isIpv6 = (end: string): boolean => end.startsWith('[');
function damaged(frame: Uint8Array, to: string): Uint8Array {
  const at = 14 + (isIpv6(to) ? 40 : 20) + 14;
  return patched(frame, at, (frame[at] ?? 0) ^ 1);
}

/** By the family of its target. */
function clientFrame(from: string, to: string, letters: string, segment: Partial<TcpSegment>, part: IpPart = {}): Uint8Array {
  if (isIpv6(to)) return fromClient6(tcp6({ from, to }, letters, { segment }));
  return fromClient(tcp({ from, to }, letters, { segment, ...part }));
}
function serverFrame(from: string, to: string, letters: string, segment: Partial<TcpSegment>): Uint8Array {
  const { address } = endOf(from);
  if (isIpv6(to)) return fromServer6(tcp6({ from, to }, letters, { segment }), address);
  return fromServer(tcp({ from, to }, letters, { segment }), address);
}

export class SwitchBed {
  readonly #devices = { front: native().ifNameToIndex('front'), back: native().ifNameToIndex('back') };

  /** `goesOn`: what the program lets go on enters the director's program, as on an interface: connections have their states. */
  constructor(
    readonly bed: Bed,
    readonly goesOn = false,
  ) {}

  /** The same bed, where segments go on. */
  onward(): SwitchBed {
    return new SwitchBed(this.bed, true);
  }

  get folder(): string {
    return this.bed.folder;
  }

  counts(): ReadonlyMap<SwitchCountName, bigint> {
    return switchCounts(this.folder);
  }

  #run(device: 'front' | 'back', frame: Uint8Array): Run {
    const ifindex = this.#devices[device];
    const done = using(Program.pinned(`${this.folder}/weir_switch`), ({ fd }) =>
      run(native(), fd.number, 'tc', frame, { ifindex, ingressIfindex: ifindex }),
    );
    if (this.goesOn && done.code === TC.unspec) this.bed.send('ingress', device, done.frame);
    return done;
  }

  #send(device: 'front' | 'back', frame: Uint8Array): Answer {
    const { code, frame: bytes } = this.#run(device, frame);
    const held = decodeEthernet(bytes)?.payload ?? bytes;
    const packet = decodeIpv4(held) ?? decodeIpv6(held) ?? assert.fail('no packet of IP');
    const segment = decodeTcp(packet.payload) ?? assert.fail('no segment');
    assert.ok(tcpChecksumIsRight(packet.payload, packet.source, packet.destination), 'its checksum is right');
    const end = (address: typeof packet.source, port: number): string => endpointText({ address, port });
    return { code, from: end(packet.source, segment.sourcePort), to: end(packet.destination, segment.destinationPort), segment };
  }

  /** `part`: of its packet. */
  fromClient(from: string, to: string, letters: string, segment: Partial<TcpSegment>, part: IpPart = {}): Answer {
    return this.#send('front', clientFrame(from, to, letters, segment, part));
  }

  /** Of IPv6. */
  fromClient6(from: string, to: string, letters: string, segment: Partial<TcpSegment>, part: Ipv6Part): number {
    return this.#run('front', fromClient6(tcp6({ from, to }, letters, { segment, ...part }))).code;
  }

  fromServer(from: string, to: string, letters: string, segment: Partial<TcpSegment>): Answer {
    return this.#send('back', serverFrame(from, to, letters, segment));
  }

  /** What becomes of the same segment with another window than it was summed with. */
  damagedFromClient(from: string, to: string, letters: string, segment: Partial<TcpSegment>): number {
    return this.#run('front', damaged(clientFrame(from, to, letters, segment), to)).code;
  }

  damagedFromServer(from: string, to: string, letters: string, segment: Partial<TcpSegment>): number {
    return this.#run('back', damaged(serverFrame(from, to, letters, segment), to)).code;
  }

  /** What `work` counted, and how many connections it left. */
  counted(work: () => void): Readonly<Partial<Record<SwitchCountName | 'flows', number>>> {
    const now = (): readonly (readonly [SwitchCountName | 'flows', number])[] => [
      ...[...switchCounts(this.folder)].map(([name, count]) => [name, Number(count)] as const),
      ['flows', switchFamilies(this.folder).reduce((sum, family) => sum + keyCount(this.folder, familyPin(family, 'flows')), 0)],
    ];
    const before = new Map(now());
    work();
    return Object.fromEntries(
      now()
        .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
        .filter(([, count]) => count !== 0),
    );
  }
}

let opened: Bed | undefined;
after(() => opened?.close());

/** One bed for all tests of a file, with one configuration: each uses ports of its own, and looks at differences of counts. */
export function switchBed(config = CONFIG): SwitchBed {
  if (opened === undefined) {
    opened = openBed();
    const { file, faults } = readWeirFile(config);
    assert.deepEqual(faults, []);
    applySwitch(opened.director as EbpfDirector, switchPlan(file.layer7 ?? assert.fail('no section layer7')));
  }
  return new SwitchBed(opened);
}

let nextPort = 20_000;
export const freshPort = (): number => nextPort++;

/** A handshake from a port of its own. */
export function greeted(
  bed: SwitchBed,
  to: string,
  options = OFFER,
): { readonly from: string; readonly port: number; readonly cookie: number } {
  const port = freshPort();
  const from = `${isIpv6(to) ? `[${CLIENT6}]` : CLIENT}:${port}`;
  const { code, segment } = bed.fromClient(from, to, 'S', { sequence: 5000, options: options.subarray(0, options.length & ~3) });
  assert.equal(code, TC.redirect);
  return { from, port, cookie: segment.sequence };
}
