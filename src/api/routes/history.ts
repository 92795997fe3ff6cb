// What passed this director in the last hour, minute by minute.
import * as z from 'zod';
import type { TrafficSample } from '../events/traffic-history.js';
import { json, type Route, route } from '../route.js';
import { momentText } from '../values/moment-text.js';
import { countersShape, countersValue } from '../values/service-value.js';

const sampleShape = z.strictObject({
  at: z.string(),
  totals: countersShape,
  dropped: z.string().regex(/^\d+$/).describe('packets of all reasons: a decimal number of 64 bits'),
});
const historyShape = z.strictObject({ samples: z.array(sampleShape) });

const sampleValue = ({ atMs, totals, dropped }: TrafficSample): z.infer<typeof sampleShape> => ({
  at: momentText(atMs),
  totals: countersValue(totals),
  dropped: String(dropped),
});

export const historyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/history',
    summary: 'the counters of the table and of drops, a sample a minute, of the last hour; since this process of the API began',
    scope: 'read',
    answers: { 200: { what: 'the samples, the oldest first', schema: historyShape } },
    answer: (_request, { history }) => json({ samples: history.samples.map(sampleValue) }),
  }),
];
