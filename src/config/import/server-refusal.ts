// Why a table takes no server as a file has it.
import { checkDestination } from '../../model/check-destination.js';
import { failureText, isWeirError } from '../../model/errors/weir-error.js';
import { masquerades } from '../../model/masquerades.js';
import type { DestinationSpec, ServiceKey } from '../../model/service.js';
import { PORT_MAX } from './values.js';

const WEIGHT_MAX = 0x7fff_ffff;

/** Undefined: it takes it. */
export function serverRefusal(key: ServiceKey, spec: DestinationSpec): string | undefined {
  if (spec.weight > WEIGHT_MAX) return `${spec.weight} is no weight up to ${WEIGHT_MAX}`;
  if (spec.port > PORT_MAX) return `there is no port ${spec.port}`;
  if (key.kind === 'address' && !masquerades(spec) && spec.port !== key.port) return `by ${spec.method} packets keep port ${key.port}`;
  try {
    checkDestination(key, spec);
  } catch (error) {
    if (!isWeirError(error)) throw error;
    return failureText(error);
  }
  return undefined;
}
