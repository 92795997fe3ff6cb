// weir_api_*: what the control API answered, of its own process.
import { directorFamily, type Family, labelText } from '../exposition/family.js';
import type { ApiSnapshot } from '../snapshot.js';
import { histogramSamples } from './histogram.js';

export const apiFamilies = ({ refused, requests, durations }: ApiSnapshot): readonly Family[] => [
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
