// What -S writes: the table as commands that -R reads. As with ipvsadm without thresholds, timeouts and daemons.
import { changeText } from '../../model/change-text.js';
import type { Names } from '../../model/endpoint-text.js';
import type { ServiceEntry } from '../../model/service.js';
import { orderDestinations, orderServices } from './list.js';

/** One command a line: each service, then its destinations. */
export function* saveText(services: readonly ServiceEntry[], names: Names): Generator<string> {
  for (const service of orderServices(services, true)) {
    const lines = [changeText({ kind: 'add-service', spec: service.spec }, names)];
    for (const { spec } of orderDestinations(service, true)) {
      lines.push(changeText({ kind: 'add-destination', service: service.spec.key, spec }, names));
    }
    yield `${lines.join('\n')}\n`;
  }
}
