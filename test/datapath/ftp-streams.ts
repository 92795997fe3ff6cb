// A control connection of FTP in a bed, and what the helper keeps of such connections.

import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { FtpStream } from '../../src/datapath/ebpf/ftp.gen.js';
import { clockOf } from '../../src/datapath/ebpf/recovery/batch.js';
import { clockDifference, secondsOf } from '../../src/datapath/ebpf/table/clock.js';
import { FTP_STREAMS_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { viewOf } from '../../src/wire/bytes.js';
import type { Bed } from './bed.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp } from './fixtures/packets.js';

const SERVER = `${SERVERS[0]}:21`;
const text = new TextEncoder();

/** A segment of the client's, from a port of it. */
export function ask(bed: Bed, port: number, letters: string, data = ''): void {
  bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:${port}`, to: `${VIP}:21` }, letters, { data: text.encode(data) })));
}

/** One of its server's. */
export function answer(bed: Bed, port: number, letters: string, data = ''): void {
  bed.send('ingress', 'back', fromServer(tcp({ from: SERVER, to: `${CLIENT}:${port}` }, letters, { data: text.encode(data) })));
}

/** Opens a control connection. */
export function open(bed: Bed, port: number): void {
  ask(bed, port, 'S');
  answer(bed, port, 'SA');
  ask(bed, port, 'A');
}

export function addFtp({ director }: Bed): void {
  const key = serviceKey('tcp', VIP, 21);
  director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
  director.addDestination(key, destination(SERVER, 'masq'));
}

/** For how many seconds more each of the connections that are kept lasts. */
export function lifetimes({ folder, tables }: Bed): readonly number[] {
  return using(BpfMap.pinned(`${folder}/${FTP_STREAMS_PIN}`), (map) => {
    const value = new Uint8Array(FtpStream.bytes);
    const found = [...map.keys()].flatMap((key) => (map.lookup(key, value) ? viewOf(value).getUint32(FtpStream.until.at, true) : []));
    return found.map((until) => secondsOf(clockDifference(until, clockOf(tables)), tables.conf.get(0, Conf.hz)));
  });
}
