// /proc/net/ip_vs of a kernel's IPVS → services. It shows neither thresholds nor tunnels' kinds, nor flags of schedulers.
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { entryOf } from '../../model/own-entry.js';
import { schedulerNamed } from '../../model/schedulers.js';
import type { DestinationKey, ForwardingMethod, Persistence, ServiceKey } from '../../model/service.js';
import { type At, ImportReport } from './import-report.js';
import type { Imported, ImportedDestination, ImportedService } from './imported.js';
import { destinationOf } from './values.js';

/** Persistence is printed in ticks: those of a kernel that ticks `ticks` times a second. */
const [TICKS_PER_SECOND, CHECK_INTERVAL_S] = [250, 10];
const METHODS: Readonly<Record<string, ForwardingMethod>> = { Masq: 'masq', Route: 'route', Tunnel: 'tunnel', Local: 'local' };

function endpointOf(text: string): DestinationKey | undefined {
  const [, six, four, port = ''] = /^(?:\[([0-9a-f:]{39})\]|([0-9A-F]{8})):([0-9A-F]{4})$/i.exec(text) ?? [];
  const address: Address | undefined =
    four === undefined ? parseAddress(six ?? '') : { family: 'inet', words: [Number.parseInt(four, 16)] };
  return address && { address, port: Number.parseInt(port, 16) };
}

/** The kernel keeps a prefix length byte-swapped. */
function persistenceOf(text: string, isIpv4: boolean): Persistence | undefined {
  const [, ticks = '0', mask = '0'] = /persistent (\d+) ([0-9A-F]{8})/.exec(text) ?? [];
  if (ticks === '0') return undefined;
  const netmask = Number.parseInt(mask, 16);
  return { timeout: Math.max(1, Math.round(Number(ticks) / TICKS_PER_SECOND)), netmask: isIpv4 ? netmask : netmask >>> 24 };
}

/** A line of servers names the family of a mark. */
function keyOf(protocol: string, place: string, next: string): ServiceKey | undefined {
  if (protocol === 'FWM') return { kind: 'fwmark', family: next.includes('[') ? 'inet6' : 'inet', mark: Number.parseInt(place, 16) };
  const endpoint = endpointOf(place);
  const name = protocol.toLowerCase();
  return endpoint && (name === 'tcp' || name === 'udp' || name === 'sctp') ? { kind: 'address', protocol: name, ...endpoint } : undefined;
}

/** @throws WeirError import-syntax: this is no such file */
export function importProc(file: string, text: string): Imported {
  const report = new ImportReport();
  const lines = text.split('\n');
  if (!/^IP Virtual Server version /.test(lines[0] ?? ''))
    throw new WeirError('import-syntax', { file, line: 1, what: 'this is no /proc/net/ip_vs' });
  report.known();
  let now: { readonly at: At; readonly service: ImportedService; readonly destinations: ImportedDestination[] } | undefined;
  const end = (): void => {
    if (now !== undefined) report.service(now.at, { ...now.service, destinations: now.destinations });
    now = undefined;
  };
  lines.slice(3).forEach((line, index) => {
    const at: At = { file, line: index + 4, text: line };
    const [, place, method = '', weight = ''] = /^\s+-> (\S+)\s+(\w+)\s+(\d+)/.exec(line) ?? [];
    if (place !== undefined) {
      const [endpoint, forwarding] = [endpointOf(place), entryOf(METHODS, method)];
      if (endpoint === undefined || forwarding === undefined || now === undefined)
        return report.add(at, 'refused', '', 'the server gets no connections: this line is not understood');
      now.destinations.push({ spec: destinationOf(endpoint.address, endpoint.port, forwarding, { weight: Number(weight) }), check: true });
      if (forwarding === 'tunnel')
        return report.add(at, 'approximated', 'a tunnel by ipip', 'of another kind of tunnel this text says nothing', 'ipvsadm -Sn');
      return report.add(at, 'exact', `weight ${weight}`);
    }
    end();
    const [, protocol = '', target = '', scheduler = '', rest = ''] = /^(\S+)\s+(\S+)\s+(\S+)(.*)$/.exec(line) ?? [];
    if (protocol === '') return;
    const key = keyOf(protocol, target, lines[index + 4] ?? '');
    if (key === undefined || schedulerNamed(scheduler) === undefined)
      return report.add(at, 'refused', '', 'no service is made: this line is not understood');
    const persistence = persistenceOf(rest, key.kind === 'fwmark' ? key.family === 'inet' : key.address.family === 'inet');
    const spec = { key, scheduler, schedFlags: 0, onePacket: / ops\b/.test(rest), ...(persistence === undefined ? {} : { persistence }) };
    report.add(
      at,
      persistence === undefined ? 'exact' : 'equivalent',
      'a service',
      persistence === undefined ? '' : `${persistence.timeout} s, if that kernel ticks ${TICKS_PER_SECOND} times a second`,
    );
    now = { at, service: { spec, destinations: [], checkInterval: CHECK_INTERVAL_S, keepsFailed: false }, destinations: [] };
  });
  end();
  return report.done();
}
