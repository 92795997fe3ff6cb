// What happens on this host, as it happens.
import * as z from 'zod';
import { eventStream, LINES, SERVER_SENT } from '../events/event-stream.js';
import { type Route, route } from '../route.js';

export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/v1/events',
    summary: 'changes of the table, of health, of VRRP, and the journal, as they happen; Last-Event-ID goes on where a stream ended',
    scope: 'read',
    stays: true,
    query: z.strictObject({ after: z.string().max(64).optional().describe('as Last-Event-ID') }),
    answers: { 200: { what: `server-sent events, or with Accept: ${LINES.type} one a line`, types: [SERVER_SENT.type, LINES.type] } },
    answer({ header, query, signal }, sources) {
      const form = header('accept')?.includes(LINES.type) === true ? LINES : SERVER_SENT;
      const pieces = eventStream(sources.events, form, header('last-event-id') ?? query.after, signal);
      return { status: 200, body: { kind: 'stream', pieces, type: form.type } };
    },
  }),
];
