// Services whose clients' connections belong together, but are balanced one by one: FTP, all ports, a mark for several ports.
import { changeText } from '../../../model/change-text.js';
import type { Finding } from '../../../model/finding.js';
import { serviceFamily, widestNetmask } from '../../../model/identity.js';
import { masquerades } from '../../../model/masquerades.js';
import type { ServiceSpec } from '../../../model/service.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';
import { serviceText } from '../../network.js';

const FTP_PORT = 21;
/** What `ipvsadm -p` means without a number. */
const TIMEOUT_S = 300;

function persistent(spec: ServiceSpec): string {
  const persistence = { timeout: TIMEOUT_S, netmask: widestNetmask(serviceFamily(spec.key)) };
  return `ipvsadm ${changeText({ kind: 'edit-service', spec: { ...spec, persistence } })}`;
}

const ftp = (name: string, spec: ServiceSpec): Finding => ({
  severity: 'warning',
  code: 'ftp-without-persistence',
  what: `data connections of FTP find no server by ${name}, or another one than their commands`,
  cause:
    'the service has no persistence (-p), which leads all connections of a client to one server; the helper for FTP is for VS/NAT and FULLNAT',
  fix: persistent(spec),
});

/** Does the helper for FTP make its data connections? */
const isHelped = ({ destinations }: ServiceFact): boolean => destinations.every(masquerades);

function judge(service: ServiceFact): readonly Finding[] {
  const { spec, ports = [] } = service;
  const { key } = spec;
  const name = serviceText(spec);
  if (spec.persistence !== undefined) return [];
  if (key.kind === 'address') {
    if (key.protocol === 'tcp' && key.port === FTP_PORT) return isHelped(service) ? [] : [ftp(name, spec)];
    if (key.port !== 0) return [];
    const cause = "without persistence (-p) a service of port 0 takes packets to port 0 alone, as with the kernel's IPVS";
    return [{ severity: 'warning', code: 'ports-without-persistence', what: `${name} takes no connection`, cause, fix: persistent(spec) }];
  }
  if (ports.includes(FTP_PORT)) return [ftp(name, spec)];
  if (ports.length < 2) return [];
  return [
    {
      severity: 'info',
      code: 'ports-without-persistence',
      what: `a client's connections to ports ${ports.join(', ')} go to different servers by ${name}`,
      cause: 'the service has no persistence (-p): that is right where these ports have nothing to do with each other',
      advice: `where they belong together: ${persistent(spec)}`,
    },
  ];
}

export const persistenceRule = ({ services }: DirectorFacts): readonly Finding[] => services.flatMap(judge);
