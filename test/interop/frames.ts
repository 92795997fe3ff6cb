// Captured adverts as tshark decodes them: a third party's decoder for the frames of both daemons.
import { execFile } from 'node:child_process';

const FIELDS = [
  'frame.time_epoch',
  'eth.src',
  'eth.dst',
  'ip.version',
  'ip.src',
  'ip.dst',
  'ip.ttl',
  'ip.dsfield',
  'ip.flags',
  'ip.len',
  'ip.proto',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'ipv6.tclass',
  'ipv6.plen',
  'vrrp.version',
  'vrrp.type',
  'vrrp.virt_rtr_id',
  'vrrp.prio',
  'vrrp.addr_count',
  'vrrp.auth_type',
  'vrrp.adver_int',
  'vrrp.short_adver_int',
  'vrrp.checksum.status',
  'vrrp.ip_addr',
  'vrrp.ipv6_addr',
  'vrrp.auth_string',
  'ah.length',
  'ah.spi',
  'arp.opcode',
  'arp.src.hw_mac',
  'arp.dst.hw_mac',
  'arp.src.proto_ipv4',
  'arp.dst.proto_ipv4',
  'icmpv6.nd.na.target_address',
  'icmpv6.nd.na.flag',
] as const;

export type Field = (typeof FIELDS)[number];

/** One frame: tshark's fields by their names; what it does not have is empty. */
export type Frame = Readonly<Record<Field, string>> & { readonly at: number };

/** @throws Error with tshark's own words */
export async function decode(file: string): Promise<readonly Frame[]> {
  const args = [
    '-r',
    file,
    '-n',
    '-o',
    'ip.check_checksum:TRUE',
    '-T',
    'fields',
    '-E',
    'separator=/t',
    ...FIELDS.flatMap((name) => ['-e', name]),
  ];
  const stdout = await new Promise<string>((done, fail) => {
    // Not waited for: it takes seconds of a busy machine, in which the other pairs of a test are to be looked after.
    execFile('tshark', args, { encoding: 'utf8', maxBuffer: 64 << 20 }, (error, text, stderr) => {
      // A capture that still grows may end within a record: what was read counts.
      if (error !== null && text === '') fail(new Error(`tshark: ${stderr}`));
      else done(text);
    });
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('\t');
      const fields = Object.fromEntries(FIELDS.map((name, index) => [name, cells[index] ?? ''])) as Record<Field, string>;
      return { ...fields, at: Number(fields['frame.time_epoch']) };
    });
}

export const isAdvert = (frame: Frame): boolean => frame['vrrp.type'] !== '';

/** Gratuitous ARP, which is a request (a reply is the kernel's of a dead master that still has the address), or an unsolicited
 * neighbour advertisement for this address. */
export const announces = (frame: Frame, address: string): boolean =>
  (frame['arp.opcode'] === '1' && frame['arp.src.proto_ipv4'] === address && frame['arp.dst.proto_ipv4'] === address) ||
  frame['icmpv6.nd.na.target_address'] === address;

export const sourceOf = (frame: Frame): string => frame['ip.src'] || frame['ipv6.src'];

/** Who sent it and what only that node's own settings decide; all else must be alike in both makers' frames. */
const OWN: readonly Field[] = ['frame.time_epoch', 'eth.src', 'eth.dst', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'vrrp.prio', 'ah.spi'];

/** The frame without what is the sender's own: a line to compare. */
export const shape = (frame: Frame): string =>
  FIELDS.filter((name) => !OWN.includes(name) && !name.startsWith('arp.') && !name.startsWith('icmpv6.') && frame[name] !== '')
    .map((name) => `${name}=${frame[name]}`)
    .join(' ');

/** A gratuitous ARP or neighbour advertisement without what is the sender's own: a line to compare. */
export const announcementShape = (frame: Frame): string =>
  (['arp.opcode', 'arp.dst.hw_mac', 'arp.src.proto_ipv4', 'icmpv6.nd.na.flag', 'icmpv6.nd.na.target_address', 'ipv6.hlim'] as const)
    .map((name) => `${name}=${frame[name]}`)
    .join(' ');
