// weir_api_*, weir_plan_*, weir_apply_*, weir_drift_* and weir_doctor_*: what the control API answered and did, of its own process.
import { directorFamily, type Family, labelText, plainSample } from '../exposition/family.js';
import type { ApiSnapshot, ApplySnapshot, ExaminedSnapshot } from '../snapshot.js';
import { histogramSamples } from './histogram.js';

const applyFamilies = ({ planned, results, durations }: ApplySnapshot): readonly Family[] => [
  directorFamily(
    'plan_changes',
    'gauge',
    'Changes of the plan that the control API made last',
    planned === undefined ? [] : plainSample(planned),
  ),
  directorFamily(
    'apply_total',
    'counter',
    'Changes of the table that the control API was asked for, by result',
    results.map(({ result, count }) => ({ labels: labelText({ result }), value: count })),
  ),
  directorFamily('apply_duration_seconds', 'histogram', 'How long the changes took that were applied', histogramSamples(durations)),
];

const examinedFamilies = ({ at, findings }: ExaminedSnapshot): readonly Family[] => [
  directorFamily(
    'doctor_findings',
    'gauge',
    'What weir doctor found when the control API was asked for it last, by severity',
    Object.entries(findings).map(([severity, value]) => ({ labels: labelText({ severity }), value })),
  ),
  directorFamily('doctor_examined_timestamp_seconds', 'gauge', 'When that was', plainSample(at)),
];

export const apiFamilies = ({ refused, requests, durations, applies, examined, drift }: ApiSnapshot): readonly Family[] => [
  ...applyFamilies(applies),
  ...(examined === undefined ? [] : examinedFamilies(examined)),
  directorFamily(
    'drift_lines',
    'gauge',
    'What is in the table otherwise than the weir.yaml of the control API states, in lines of weir diff',
    drift === undefined ? [] : plainSample(drift),
  ),
  directorFamily(
    'api_refused_total',
    'counter',
    'Requests that the control API refused over TCP before it looked at what they ask for, by reason',
    Object.entries(refused).map(([reason, value]) => ({ labels: labelText({ reason }), value })),
  ),
  directorFamily(
    'api_requests_total',
    'counter',
    'Requests that the control API answered, by route and status of HTTP',
    requests.map(({ method, route, status, count }) => ({ labels: labelText({ code: status, method, route }), value: count })),
  ),
  directorFamily(
    'api_request_duration_seconds',
    'histogram',
    'From a request until its answer was sent, by route, without streams and requests that wait',
    durations.flatMap(({ method, route, ...histogram }) => histogramSamples(histogram, labelText({ method, route }))),
  ),
];
