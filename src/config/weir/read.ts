// A weir.yaml from its text to the model, or to all that is wrong with it; and its JSON Schema. Unknown keys are errors at every level.

import { failure, failureLine } from '../../model/errors/weir-error.js';
import type { Json } from '../../model/json.js';
import type { WeirFile } from '../../model/weir-file.js';
import { apiOf, apiShape } from './api-shape.js';
import { feedbackOf, feedbackShape } from './feedback-shape.js';
import { layer7Shape } from './layer7-shape.js';
import { layer7Of } from './layer7-to-model.js';
import { withDefinitions } from './schema-definitions.js';
import { optional, type Report, readShape, record } from './shape.js';
import { servicesShape, timeoutsShape } from './table-shape.js';
import { tableOf } from './table-to-model.js';
import { vipsOf, vipsShape } from './vips.js';
import { type Fault, readYaml, type YamlValue } from './yaml-value.js';

const fileShape = record('the sections of a weir.yaml', {
  vips: optional(vipsShape),
  services: optional(servicesShape),
  timeouts: optional(timeoutsShape),
  layer7: optional(layer7Shape),
  feedback: optional(feedbackShape),
  api: optional(apiShape),
});

/** The file, unless there are faults. */
export interface WeirFileRead {
  readonly file: WeirFile;
  readonly faults: readonly Fault[];
}

/** A line with which a block of keepalived.conf begins, as none of a weir.yaml does. */
const KEEPALIVED_BLOCK = /^(global_defs|vrrp_\w+|virtual_server\w*|static_\w+|bfd_instance)[ \t][^:\n]*\{/m;

export function readWeirFile(text: string): WeirFileRead {
  const { value, faults } = readYaml(text);
  const read = value === undefined || faults.length > 0 ? { file: {}, faults } : readWeirValue(value);
  const [first] = read.faults;
  if (first === undefined || !KEEPALIVED_BLOCK.test(text)) return read;
  return { file: {}, faults: [{ at: first.at, failure: failure('file-of-keepalived') }] };
}

/** Of what is read already. */
export function readWeirValue(value: YamlValue): WeirFileRead {
  const { read, faults: inValues } = readShape(fileShape, value);
  const faults: Fault[] = [...inValues];
  const keys = read?.value.layer7?.value;
  const report: Report = (at, failure) => void faults.push({ at, failure });
  const layer7 = keys === undefined ? undefined : layer7Of(keys, report);
  const section = read?.value.feedback;
  const feedback = section === undefined ? undefined : feedbackOf(section, report);
  const table = read === undefined ? {} : tableOf(read.value, report);
  const api = read?.value.api;
  const vips = read?.value.vips === undefined ? undefined : vipsOf(read.value.vips, report);
  const sorted = faults.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  if (sorted.length > 0) return { file: {}, faults: sorted };
  const file: WeirFile = {
    ...(layer7 === undefined ? {} : { layer7 }),
    ...(feedback === undefined ? {} : { feedback }),
    ...table,
    ...(vips === undefined ? {} : { vips }),
    ...(api === undefined ? {} : { api: apiOf(api) }),
  };
  return { file, faults: [] };
}

/** `FILE:LINE:COLUMN: what is wrong — fix: …` */
export const faultText = (file: string, { at, failure }: Fault): string => `${file}:${at.line}:${at.column}: ${failureLine(failure)}`;

/** For editors: https://json-schema.org/draft/2020-12. */
export const weirFileSchema: Json = withDefinitions({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'weir.yaml',
  ...(fileShape.schema as object),
});
