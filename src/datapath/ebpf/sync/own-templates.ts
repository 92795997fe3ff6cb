// The templates of this director, by what another one can know them.
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { swap16 } from '../../../wire/bytes.js';
import { Conf, Dest, Service } from '../abi.gen.js';
import { clockDifference, secondsOf } from '../table/clock.js';
import { forwardingOf, recordedForwarding } from '../table/forwarding-word.js';
import { isRecordedFtp, isRecordedWide } from '../table/identity.js';
import { modelAddress, recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import type { TakenTemplate } from '../table/templates.js';
import { TemplateAbi } from '../template.gen.js';

/** Seconds since its last use. One that connections hold is in use. */
export const templateIdle = ({ conf }: Tables, now: number, { timeout, expires }: TakenTemplate): number =>
  timeout === undefined ? 0 : secondsOf(timeout - clockDifference(expires, now), conf.get(0, Conf.hz));

/** undefined: it is of a call that is not known any more. */
export function ownTemplate(tables: Tables, now: number, template: TakenTemplate): ForeignTemplate | undefined {
  const { services, dests, conf } = tables;
  const { client, service, dest, assured, expires, timeout, isOfCall, call } = template;
  if (isOfCall && call === undefined) return undefined;
  const mark = services.get(service, Service.mark);
  // As the kernel's: of all ports it has none, and of FTP neither.
  const isPortless = isRecordedFtp(tables, service) || isRecordedWide(tables, service);
  const secondsIn = (units: number): number => Math.max(1, Math.round(secondsOf(units, conf.get(0, Conf.hz))));
  return {
    protocol: mark === 0 ? services.get(service, Service.protocol) : 0,
    client: modelAddress(...client),
    virtual: { address: recordedAddress(services, Service, service), port: isPortless ? 0 : swap16(services.get(service, Service.port)) },
    server: { address: recordedAddress(dests, Dest, dest), port: isPortless ? 0 : swap16(dests.get(dest, Dest.port)) },
    mark,
    method: forwardingOf(recordedForwarding(tables, dest)).method,
    assured,
    seconds: secondsIn(clockDifference(expires, now)),
    timeout: timeout === undefined ? TemplateAbi.TEMPLATE_HELD_SECONDS : secondsIn(timeout),
    ...(call !== undefined && { call }),
  };
}
