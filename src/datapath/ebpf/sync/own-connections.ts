// The connections of this director, by what another one can know them.
import type { ForeignConnection } from '../../../model/foreign-connection.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { swap16 } from '../../../wire/bytes.js';
import { Conf, Dest, Service } from '../abi.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { clockDifference, secondsOf } from '../table/clock.js';
import { forwardingOf, isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { methodName } from '../table/identity.js';
import type { SlotConnection } from '../table/living-slots.js';
import { modelAddress, recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { stateTime } from './state-time.js';

/** Whether its protocol has states; else 0 stands for one. */
const hasStates = (protocol: number): boolean => protocol === IpProtocol.tcp || protocol === IpProtocol.sctp;

/** FULLNAT is masquerading to a connection: its destination has the difference. */
function methodOf(tables: Tables, { method, dest }: SlotConnection): ForeignConnection['method'] {
  const word = recordedForwarding(tables, dest);
  return isFullnat(word) ? forwardingOf(word).method : methodName(method);
}

/** undefined: it goes past the servers, so that no other director needs to know it. */
export function ownConnection(tables: Tables, now: number, connection: SlotConnection): ForeignConnection | undefined {
  const { services, dests, conf } = tables;
  const { service, dest, client, port, own, state, inactive, noOutput, proven, expires } = connection;
  if (dest === BypassAbi.BYPASS_DEST) return undefined;
  const protocol = own?.protocol ?? services.get(service, Service.protocol);
  const virtual = { address: recordedAddress(services, Service, service), port: swap16(services.get(service, Service.port)) };
  const secondsIn = (units: number): number => secondsOf(units, conf.get(0, Conf.hz));
  return {
    protocol,
    client: { address: modelAddress(...client), port },
    virtual: own?.virtual ?? virtual,
    server: { address: recordedAddress(dests, Dest, dest), port: own?.serverPort ?? swap16(dests.get(dest, Dest.port)) },
    mark: services.get(service, Service.mark),
    method: methodOf(tables, connection),
    state: hasStates(protocol) ? state : 0,
    // Never more than are left, so that it lives no longer because another one has it.
    seconds: Math.max(0, Math.floor(secondsIn(clockDifference(expires, now)))),
    timeout: Math.max(1, Math.round(secondsIn(stateTime(tables, protocol, state)))),
    late: inactive,
    seen: { answered: !noOutput, proven },
  };
}
