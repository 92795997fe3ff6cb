// Services whose servers health checks have taken out: the causes that the rules of the table give, and servers that are not there.
import { someOf } from '../../../model/counted.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { serviceId } from '../../../model/identity.js';
import type { DestinationKey, ServiceKey } from '../../../model/service.js';
import type { CheckedServiceFact } from '../../checked-facts.js';
import type { DirectorFacts } from '../../facts.js';
import { serviceText } from '../../network.js';

const NAMED_MAX = 4;

type Checked = Pick<DirectorFacts, 'checked'>;

const ADVICE =
  'weir stats health shows since when, and when they are asked again; doctor on these hosts with --role rs and --port examines them';

const withReasons = ({ down }: CheckedServiceFact): string =>
  someOf(
    [...down].map(([server, reason]) => `${server}: ${reason}`),
    NAMED_MAX,
  );

export const checkedOf = ({ checked }: Checked, key: ServiceKey): CheckedServiceFact | undefined => checked?.get(serviceId(key));

/** Why a service has no server; undefined: its checks have taken none out. */
export function takenOut(facts: Checked, key: ServiceKey): Pick<Finding, 'cause' | 'advice'> | undefined {
  const checks = checkedOf(facts, key);
  if (checks === undefined || checks.down.size === 0) return undefined;
  return { cause: `health checks of its servers fail (${withReasons(checks)})`, advice: ADVICE };
}

/** Why this server takes no connection; undefined: no check of it fails. */
export function checkFails(facts: Checked, key: ServiceKey, server: DestinationKey): Pick<Finding, 'cause' | 'advice'> | undefined {
  const reason = checkedOf(facts, key)?.down.get(endpointText(server));
  return reason === undefined ? undefined : { cause: `its health check fails: ${reason}`, advice: ADVICE };
}

/** Servers of a weir.yaml; those of a keepalived.conf are VRRP's rules'. */
export const checkedRule = (facts: Checked & Pick<DirectorFacts, 'services'>): readonly Finding[] =>
  facts.services.flatMap(({ spec, destinations }): readonly Finding[] => {
    const checks = checkedOf(facts, spec.key);
    if (checks?.ofDocument !== true || destinations.length === 0) return [];
    const there = new Set(destinations.map((one) => endpointText(one)));
    return [...checks.down].flatMap(([server, reason]): readonly Finding[] =>
      there.has(server)
        ? []
        : [
            {
              severity: 'warning',
              code: 'real-server-absent',
              what: `real server ${server} of ${serviceText(spec)} is not in the table`,
              cause: `its health check fails: ${reason}`,
              advice: ADVICE,
            },
          ],
    );
  });
