// vrrp_instance: one virtual router with all defaults, by itself (keepalived.conf(5)); instances.ts compares it with the others.
import { isLinkLocal } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { HostAddress, HostRoute, HostRule, VirtualInterface } from '../../../../model/keepalived/network.js';
import type { Report } from '../../diagnostics/report.js';
import type { Statement, Values, Word } from '../../keyword.js';
import { has, linesOf, nameOf, numberOf, placeOf, wordsOf } from '../../values/values.js';
import { Line } from '../line.js';
import type { NumberNames } from '../network/number-names.js';
import { buildRoute } from '../network/route.js';
import { buildRule, type numberRules } from '../network/rule.js';
import { optional } from '../optional-property.js';
import { buildTracked, type DefinedTrackers } from '../tracking/tracked.js';
import { type ReadKeyFile, withTimeWindow } from './auth-hmac.js';
import { buildAuthentication } from './authentication.js';
import { buildElection, type InstanceContext, versionOf } from './election.js';
import { familyOf } from './family.js';
import { buildGarp } from './garp.js';
import type { Inherited } from './inherit.js';
import { buildNotify } from './notify.js';
import { type Addressing, buildAddressing, reportNoPeers } from './unicast.js';
import { buildVirtualAddresses, type VirtualAddresses } from './virtual-address.js';
import { buildVirtualInterface } from './virtual-interface.js';

/** What all instances of a file share. */
export interface Surroundings {
  readonly inherited: Inherited;
  readonly names: NumberNames;
  readonly keyFile: ReadKeyFile | undefined;
  readonly trackers: DefinedTrackers;
  readonly numberRule: ReturnType<typeof numberRules>;
  readonly report: Report;
}

const fitsInterface = (text: string): boolean => text !== '' && text.length <= 15;

/** The name behind `interface` or `vrf`; a loopback interface or a name that is too long counts as none. */
function interfaceName({ block, name, report }: InstanceContext, keyword: 'interface' | 'vrf'): string | undefined {
  const [word] = wordsOf(block, keyword) ?? [];
  if (word === undefined) return undefined;
  if (!fitsInterface(word.text)) report('interface-name-long', word.at, { word: word.text });
  else if (word.text === 'lo') {
    const what = keyword === 'vrf' ? 'VRF' : 'vrrp';
    report('interface-loopback', word.at, { name, what });
  } else return word.text;
  return undefined;
}

type Placement = Pick<VrrpInstance, 'interface' | 'vrf'>;

/** Where the instance sends. Without an interface, only unicast from a source address that is not link-local; undefined: nowhere. */
function placementOf(context: InstanceContext, addressing: Pick<VrrpInstance, 'unicast' | 'sourceAddress'>): Placement | undefined {
  const { block, name, report } = context;
  const device = interfaceName(context, 'interface');
  const vrf = interfaceName(context, 'vrf');
  if (device !== undefined) {
    if (vrf !== undefined) report('vrf-with-interface', placeOf(block, 'vrf'), { name });
    return { interface: device };
  }
  const source = addressing.sourceAddress;
  if (addressing.unicast !== undefined && source !== undefined && !isLinkLocal(source)) return optional('vrf', vrf);
  report('instance-without-interface', placeOf(block, 'interface'), { name });
  return undefined;
}

/** Does the instance send from the interface below its macvlan? Unicast has to. */
function transmitBase(context: InstanceContext, hasVmac: boolean, unicast: boolean): boolean {
  const { block, name, report, strict } = context;
  const isWritten = has(block, 'vmac_xmit_base');
  const at = placeOf(block, isWritten ? 'vmac_xmit_base' : 'use_vmac');
  if (!hasVmac) {
    if (isWritten) report('vmac-xmit-base-without-vmac', at, { name });
    return false;
  }
  if (isWritten && strict) {
    report('vmac-xmit-base-strict-mode', at, { name });
    return false;
  }
  if (!isWritten && unicast) report('vmac-xmit-base-set', at, { name });
  return isWritten || unicast;
}

/** The `IF PEER_ADDRESS` lines of weir's heartbeat. */
function heartbeatOf({ block, name, report }: InstanceContext): VrrpInstance['heartbeat'] {
  return linesOf(block, 'heartbeat').flatMap((statement) => {
    const line = new Line(statement, report);
    const [device, peer]: (Word | undefined)[] = [line.take(), line.take()];
    const address = peer && parseAddress(peer.text);
    if (device !== undefined && address !== undefined) return [{ interface: device.text, peer: address }];
    line.report('heartbeat-incomplete', (peer ?? device ?? statement.keyword).at, { name });
    return [];
  });
}

function routesAndRules({ block }: InstanceContext, { names, report, numberRule }: Surroundings): Pick<VrrpInstance, 'routes' | 'rules'> {
  const each = <T>(keyword: string, build: (line: Statement) => T | undefined): readonly T[] =>
    linesOf(block, keyword)
      .map(build)
      .filter((one) => one !== undefined);
  return {
    routes: each<HostRoute>('virtual_routes', (line) => buildRoute(line, { names, report })),
    rules: each<HostRule>('virtual_rules', (line) => {
      const rule = buildRule(line, { names, report });
      return rule && numberRule(rule, line, report);
    }),
  };
}

/** The VRID, which has no default. */
function vridOf({ block, name, report }: InstanceContext): number | undefined {
  const vrid = numberOf(block, 'virtual_router_id');
  if (vrid === undefined) report('instance-without-vrid', block.at, { name });
  return vrid;
}

/** Reports a keyword that has moved. */
function reportDeprecated({ block, name, report }: InstanceContext): void {
  if (!has(block, 'linkbeat_use_polling')) return;
  report('linkbeat-polling', placeOf(block, 'linkbeat_use_polling'), { name });
}

function contextOf(block: Values, { inherited, report }: Surroundings): InstanceContext {
  const family = familyOf(block);
  const strict = (block.of.get('strict_mode')?.at(-1)?.value as boolean | undefined) ?? inherited.strict;
  const version = versionOf(block, family, strict, inherited, report);
  return { block, name: nameOf(block), family, version, strict, inherited, report };
}

/** What other blocks than the election add to an instance. */
type Parts = {
  readonly election: ReturnType<typeof buildElection>;
  readonly addressing: Addressing;
  readonly placement: Placement;
  readonly addresses: VirtualAddresses;
  readonly virtualInterface: VirtualInterface | undefined;
};

type Draft = { -readonly [K in keyof VrrpInstance]: VrrpInstance[K] };

/** Optional properties, present only if they are set. */
function addOptional(instance: Draft, { election, addressing, placement, virtualInterface }: Parts, block: Values): void {
  if (placement.interface !== undefined) instance.interface = placement.interface;
  if (placement.vrf !== undefined) instance.vrf = placement.vrf;
  if (addressing.unicast !== undefined) instance.unicast = addressing.unicast;
  const source = addressing.sourceAddress ?? virtualInterface?.address;
  if (source !== undefined) instance.sourceAddress = source;
  if (virtualInterface !== undefined) instance.virtualInterface = virtualInterface;
  if (election.timerExpiredBackup !== undefined) instance.timerExpiredBackup = election.timerExpiredBackup;
  if (election.fast !== undefined) instance.fast = election.fast;
  const receiveBuffer = numberOf(block, 'kernel_rx_buf_size');
  if (receiveBuffer !== undefined) instance.receiveBufferBytes = receiveBuffer;
}

/** `use_vmac_addr`: as if `use_vmac` stood behind each address on another interface. */
function withOwnMacvlans({ placement }: Parts, block: Values, addresses: readonly HostAddress[]): readonly HostAddress[] {
  if (!has(block, 'use_vmac_addr')) return addresses;
  const elsewhere = ({ dev }: HostAddress) => dev !== undefined && dev !== placement.interface;
  return addresses.map((host) => (elsewhere(host) ? { virtualInterface: { kind: 'vmac' }, ...host } : host));
}

/**
 * Builds the object field by field: spreading copies would cost more than all the rest, and a file may have tens of thousands of instances.
 */
function assemble(
  context: InstanceContext,
  surroundings: Surroundings,
  vrid: number,
  authentication: VrrpInstance['authentication'],
  parts: Parts,
): VrrpInstance {
  const { block, name, family, version, strict, inherited, report } = context;
  const { election, addressing, addresses, virtualInterface } = parts;
  const { routes, rules } = routesAndRules(context, surroundings);
  const instance: Draft = {
    name,
    family,
    version,
    vrid,
    initialState: election.initialState,
    priority: election.priority,
    advertUs: election.advertUs,
    addresses: withOwnMacvlans(parts, block, addresses.addresses),
    excludedAddresses: withOwnMacvlans(parts, block, addresses.excludedAddresses),
    noVirtualAddress: has(block, 'no_virtual_ipaddress'),
    routes,
    rules,
    promoteSecondaries: has(block, 'promote_secondaries'),
    authentication,
    nopreempt: election.nopreempt,
    preemptDelayUs: election.preemptDelayUs,
    accept: election.accept,
    strict,
    trackSourceAddress: addressing.trackSourceAddress,
    multicastGroup: addressing.multicastGroup,
    v3ChecksumAsV2: addressing.v3ChecksumAsV2,
    dontTrackPrimary: has(block, 'dont_track_primary'),
    vmacTransmitBase: transmitBase(context, virtualInterface?.kind === 'vmac', addressing.unicast !== undefined),
    garp: buildGarp(block, inherited.garp, strict, report),
    downTimerAdverts: election.downTimerAdverts,
    lowerPriorityNoAdvert: election.lowerPriorityNoAdvert,
    higherPrioritySendAdvert: election.higherPrioritySendAdvert,
    ownerIgnoreAdverts: election.ownerIgnoreAdverts,
    skipCheckAdvertAddresses: election.skipCheckAdvertAddresses,
    addressMismatch: election.addressMismatch,
    track: buildTracked(block, surroundings.trackers, report),
    notify: buildNotify(block, inherited, report),
    heartbeat: heartbeatOf(context),
  };
  addOptional(instance, parts, block);
  return instance;
}

/** The instance; undefined, and reported, if it could not work. */
export function buildInstance(block: Values, surroundings: Surroundings): VrrpInstance | undefined {
  const context = contextOf(block, surroundings);
  const { family, version, strict, inherited, report } = context;
  const vrid = vridOf(context);
  const addressing = buildAddressing(block, family, inherited, report);
  const placement = placementOf(context, addressing);
  const addresses = buildVirtualAddresses(context, surroundings.names);
  if (addresses.usable) reportNoPeers(block, addressing, report);
  reportDeprecated(context);
  const authentication = buildAuthentication(block, version, strict, surroundings);
  const election = buildElection(context, authentication);
  if (vrid === undefined || placement === undefined || !addresses.usable) {
    // It is dropped, but read to its end, so that all its mistakes are reported together.
    routesAndRules(context, surroundings);
    buildTracked(block, surroundings.trackers, report);
    return undefined;
  }
  const hasSource = addressing.sourceAddress !== undefined;
  const virtualInterface = buildVirtualInterface(block, { vrid, family, strict, hasSource, names: surroundings.names, report });
  if (virtualInterface === 'wrong') return undefined;
  return assemble(context, surroundings, vrid, withTimeWindow(authentication, election.advertUs), {
    election,
    addressing,
    placement,
    addresses,
    virtualInterface,
  });
}
