// What was imported as a keepalived.conf, with its health checks.
import { formatAddress } from '../../model/address-text.js';
import { destinationId, serviceId } from '../../model/identity.js';
import { block, canExpress, keepalivedTableText, methodLine } from '../keepalived/write-table.js';
import { type CheckRow, type Imported, type ImportedService, importedTable } from './imported.js';

const rowLines = (row: CheckRow): readonly string[] => (typeof row === 'string' ? [row] : block(row.keyword, row.rows.flatMap(rowLines)));

function serviceLines({ sorry, checkInterval, keepsFailed }: ImportedService): readonly string[] {
  return [
    `delay_loop ${checkInterval}`,
    ...(keepsFailed ? ['inhibit_on_failure'] : []),
    ...(sorry === undefined || sorry.method === 'fullnat'
      ? []
      : [`sorry_server ${formatAddress(sorry.address)} ${sorry.port}`, `sorry_server_${methodLine(sorry)}`]),
  ];
}

/** Those of which a keepalived.conf can hold a server: without one its virtual_server would refuse all clients. */
export const keepalivedServices = ({ services }: Imported): readonly ImportedService[] =>
  services.filter(({ destinations }) => destinations.some(({ spec }) => canExpress(spec)));

export function importedKeepalivedText(imported: Imported): string {
  const services = keepalivedServices(imported);
  const byKey = new Map(services.map((service) => [serviceId(service.spec.key), service]));
  const checks = new Map(
    services.flatMap(({ spec, destinations }) =>
      destinations.map((each) => [`${serviceId(spec.key)} ${destinationId(each.spec)}`, each.check] as const),
    ),
  );
  return keepalivedTableText(importedTable({ ...imported, services }), {
    ofService(service) {
      const found = byKey.get(serviceId(service.spec.key));
      return found === undefined ? [] : serviceLines(found);
    },
    ofServer(service, server) {
      const check = checks.get(`${serviceId(service.spec.key)} ${destinationId(server)}`);
      return check === undefined || check === true ? [] : rowLines(check);
    },
  });
}
