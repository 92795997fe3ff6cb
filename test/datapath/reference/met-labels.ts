// What of the rules connections and templates show that a history has met.
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { familyOf } from '../../../src/datapath/memory/packets/ip.js';
import type { Template } from '../../../src/datapath/memory/packets/template.js';
import { IpProtocol } from '../../../src/model/ip-protocol.js';

/** The names of those that are true. */
const namesOf = (facts: Readonly<Record<string, boolean>>): readonly string[] => Object.keys(facts).filter((name) => facts[name]);

/** FTP's numbers that are shifted: of the server's bytes, and of the client's. */
const shiftsOf = ({ ftp, service }: Connection): Readonly<Record<string, boolean>> => ({
  'FTP: shifted replies': ftp !== undefined && ftp.delta !== 0,
  'FTP: shifted commands': ftp !== undefined && ftp.commands.delta !== 0,
  'FTP: shifted commands, IPv6': ftp !== undefined && ftp.commands.delta !== 0 && familyOf(service.address) === 'inet6',
});

export function connectionLabels(connection: Connection): readonly string[] {
  const { state, service, virtual, protocol } = connection;
  const [six, sctp] = [familyOf(service.address) === 'inet6', protocol === IpProtocol.sctp];
  const allPorts = service.port === 0;
  return [
    state === 'UDP' ? 'UDP' : `${sctp ? 'SCTP' : 'TCP'} ${state}`,
    ...namesOf({
      'data of FTP': !allPorts && service.port !== virtual.port,
      'SCTP with a mark': service.mark !== 0 && sctp,
      'a mark': service.mark !== 0 && !sctp,
      'SCTP by IPv6': sctp && six,
      'SCTP of all ports': sctp && allPorts,
      'all ports of IPv6': allPorts && six,
      'all ports': allPorts && !six,
      IPv6: six,
      ...shiftsOf(connection),
    }),
  ];
}

export const templateLabels = ({ held, assured, service, call, destination }: Template): readonly string[] =>
  namesOf({
    template: true,
    'template held': held,
    'template assured': assured,
    'template of IPv6': familyOf(service.address) === 'inet6',
    'template of a call': call !== undefined,
    'a call that a server began': call !== undefined && destination.counts.inPackets === 0,
  });
