// The proxy of layer 7: one that does not answer, processes that are gone, pools without a server, and listeners in front of which layer 4 serves.
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import type { PoolServerStatus, PoolStatus } from '../../../model/layer7/pool-status.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';
import type { ProxyFact } from '../../proxy-facts.js';

function silent({ pid, status }: ProxyFact): readonly Finding[] {
  if (status !== undefined) return [];
  return [
    {
      severity: 'error',
      code: 'proxy-silent',
      what: `the proxy (process ${pid}) does not answer at its socket`,
      cause: 'it hangs or is stopped: nobody starts its processes again, makes its health checks, or reads its file',
      advice: `see its state (ps -o stat,wchan,args -p ${pid}) and its log; a supervisor such as weir run kills it and starts it again`,
    },
  ];
}

function missing({ pid, status }: ProxyFact): readonly Finding[] {
  const gone = status?.processes.filter((one) => one.pid === null) ?? [];
  if (status === undefined || gone.length === 0) return [];
  const { engine } = status;
  if (engine !== undefined)
    return [
      {
        severity: 'error',
        code: 'proxy-process-gone',
        what: `${engine}, which weir (process ${pid}) runs, has ended`,
        cause: 'it is started again; until then nothing takes connections at its listeners',
        advice: "weir's log has why it ended",
      },
    ];
  return [
    {
      severity: gone.length === status.processes.length ? 'error' : 'warning',
      code: 'proxy-process-gone',
      what: `${gone.length} of ${status.processes.length} processes of the proxy (process ${pid}) do not run`,
      cause: 'they ended and are started again; new connections that the kernel gives to them wait until then',
      advice: 'its log has why they ended',
    },
  ];
}

const whyOf = ({ server, state, why }: PoolServerStatus): string => `${server} is ${state}${why === '' ? '' : ` (${why})`}`;

function withoutServer({ pool, servers }: PoolStatus): readonly Finding[] {
  if (servers.some(({ state, weight }) => state !== 'down' && state !== 'disabled' && weight > 0)) return [];
  return [
    {
      severity: 'error',
      code: 'pool-without-server',
      what: `no server of the pool ${pool} takes requests`,
      cause: `clients get 502: ${servers.map(whyOf).join('; ')}`,
      advice: 'see what the health checks report on the servers themselves; weir proxy status has the present state',
    },
  ];
}

const keysOf = ({ spec: { key } }: ServiceFact): readonly string[] =>
  key.kind === 'address' && key.protocol === 'tcp' ? [endpointText(key)] : [];

function hidden({ status }: ProxyFact, services: ReadonlySet<string>): readonly Finding[] {
  return (status?.listeners ?? [])
    .filter(({ at }) => services.has(at))
    .map(({ name, at }) => ({
      severity: 'warning',
      code: 'listener-behind-service',
      what: `the listener ${name} of the proxy and a virtual service both have ${at}`,
      cause: 'the datapath takes the packets of the service first, so that the listener gets none from other hosts',
      advice: `give one of them another address or port, or delete the service: ipvsadm -D -t ${at}`,
    }));
}

export function proxyRule({ proxies = [], services, datapath: { switched } }: DirectorFacts): readonly Finding[] {
  // What is switched by content leaves the rest to the proxy.
  const served = new Set(services.flatMap(keysOf).filter((at) => switched?.listeners.includes(at) !== true));
  return proxies.flatMap((proxy) => [
    ...silent(proxy),
    ...missing(proxy),
    ...(proxy.status?.pools ?? []).flatMap(withoutServer),
    ...hidden(proxy, served),
  ]);
}
