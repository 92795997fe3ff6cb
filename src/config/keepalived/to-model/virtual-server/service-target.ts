// The services of a virtual_server: an address, a firewall mark or a group, with its name, family and protocol.
import type { Address, Family } from '../../../../model/address.js';
import { VIPS_MAX, type VipCheck } from '../../../../model/keepalived/vip-check.js';
import type { GroupMember, VirtualServerGroup } from '../../../../model/keepalived/virtual-server.js';
import { addressAfter } from '../../../../model/keepalived/wanted-table.js';
import type { Protocol, ServiceKey } from '../../../../model/service.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { readWhole, UNSIGNED_MAX } from '../../values/number.js';
import { blocksOf, placeOf, textOf, wordsOf } from '../../values/values.js';
import { endpointName, readHost, readPort } from './endpoint.js';
import type { Forwarding } from './forwarding.js';

/** What a virtual server balances. */
export type Target =
  | { readonly kind: 'address'; readonly address: Address; readonly port: number }
  | { readonly kind: 'fwmark'; readonly mark: number }
  | { readonly kind: 'group'; readonly name: string };

function missingWord(word: Word, report: Report): undefined {
  report('argument-missing', word.at, { keyword: 'virtual_server', after: word.text, position: 3 });
}

function readMark(first: Word, word: Word | undefined, report: Report): Target | undefined {
  if (word === undefined) return missingWord(first, report);
  const { value, problem } = readWhole(word.text, { min: 0, max: UNSIGNED_MAX });
  if (problem !== undefined) reportProblem(report, word.at, problem);
  if (value !== undefined && value > 0) return { kind: 'fwmark', mark: value };
  report('virtual-server-fwmark-invalid', word.at, { word: word.text });
  return undefined;
}

/** undefined: the words before the brace are invalid, which was reported. */
export function readTarget(block: Values, report: Report): Target | undefined {
  const [first, second] = block.label;
  if (first === undefined) return undefined;
  if (first.text === 'fwmark') return readMark(first, second, report);
  if (first.text === 'group') return second === undefined ? missingWord(first, report) : { kind: 'group', name: second.text };
  const port = readPort(second, report);
  const address = readHost(first.text);
  if (address !== undefined && port !== undefined) return { kind: 'address', address, port };
  const where = second === undefined ? first.text : `${first.text}/${second.text}`;
  report('virtual-server-address-invalid', first.at, { port: second === undefined ? '' : '/port', where });
  return undefined;
}

/** The name of a target in messages: `[192.0.2.1]:tcp:80`, `FWM 1`, `[NAME]:0`. */
export function nameIn(target: Target, protocol: string): string {
  if (target.kind === 'fwmark') return `FWM ${target.mark}`;
  return target.kind === 'group' ? `[${target.name}]:0` : endpointName(target.address, protocol, target.port);
}

/** The family of a firewall mark: as specified, else that of the first server that is not reached through a tunnel. */
function markFamily(block: Values, forwarding: Forwarding): Family {
  const specified = textOf(block, 'ip_family');
  if (specified === 'inet' || specified === 'inet6') return specified;
  const granularity = textOf(block, 'persistence_granularity');
  if (granularity !== undefined) return granularity.includes('.') ? 'inet' : 'inet6';
  const servers = blocksOf(block, 'real_server').filter(
    (server) => (wordsOf(server, 'lvs_method')?.[0]?.text ?? (forwarding.method === 'tunnel' ? 'TUN' : '')) !== 'TUN',
  );
  const first = servers[0]?.label[0];
  return (first === undefined ? undefined : readHost(first.text)?.family) ?? 'inet';
}

/** undefined for a group, whose members may belong to both families. */
export function readFamily(block: Values, target: Target, forwarding: Forwarding, report: Report): Family | undefined {
  if (target.kind === 'group') return undefined;
  if (target.kind === 'fwmark') return markFamily(block, forwarding);
  const specified = textOf(block, 'ip_family');
  if (specified !== undefined && specified !== target.address.family) {
    report('virtual-server-family-conflict', placeOf(block, 'ip_family'), { family: specified });
  }
  return target.address.family;
}

/** The members of the first group with that name. */
const membersOf = (target: Target, groups: readonly VirtualServerGroup[]): readonly GroupMember[] =>
  target.kind === 'group' ? (groups.find(({ name }) => name === target.name)?.members ?? []) : [];

/** A group of firewall marks only does not need a protocol. */
export function isMarksOnly(target: Target, groups: readonly VirtualServerGroup[]): boolean {
  if (target.kind !== 'group') return target.kind === 'fwmark';
  const members = membersOf(target, groups);
  return members.length > 0 && members.every((member) => member.kind === 'fwmark');
}

/** The protocol. It is reported if it is missing or has no effect. (Firewall marks have none; the model uses TCP for them.) */
export function readProtocol(
  block: Values,
  target: Target,
  marksOnly: boolean,
  groups: readonly VirtualServerGroup[],
  report: Report,
): Protocol {
  // keepalived does not report it for a mark of inet6 either.
  const silent =
    target.kind === 'group' && membersOf(target, groups).some((member) => member.kind === 'fwmark' && member.family === 'inet6');
  const specified = textOf(block, 'protocol')?.toLowerCase() as Protocol | undefined;
  if (marksOnly) {
    if (specified !== undefined && !silent) {
      report('virtual-server-protocol-ignored', placeOf(block, 'protocol'), { name: nameIn(target, 'none') });
    }
    return 'tcp';
  }
  if (specified === undefined) report('virtual-server-protocol-missing', block.at, { name: nameIn(target, 'none') });
  return specified ?? 'udp';
}

/** Does the target contain a service without a port? */
export function servesAnyPort(target: Target, groups: readonly VirtualServerGroup[]): boolean {
  if (target.kind === 'address') return target.port === 0;
  if (target.kind === 'fwmark') return false;
  return membersOf(target, groups).some((member) => member.kind === 'range' && member.port === 0);
}

/** The addresses that VIP_CHECK may ask for, with their ports. */
export function vipsOf(target: Target, groups: readonly VirtualServerGroup[]): VipCheck['vips'] {
  if (target.kind === 'address') return [{ address: target.address, port: target.port }];
  return membersOf(target, groups).flatMap((member) =>
    member.kind === 'fwmark'
      ? []
      : Array.from({ length: Math.min(member.count, VIPS_MAX) }, (_, step) => ({
          address: addressAfter(member.first, step),
          port: member.port,
        })),
  );
}

export function serviceKey(target: Exclude<Target, { kind: 'group' }>, protocol: Protocol, family: Family = 'inet'): ServiceKey {
  if (target.kind === 'fwmark') return { kind: 'fwmark', family, mark: target.mark } as const;
  return { kind: 'address', protocol, address: target.address, port: target.port } as const;
}
