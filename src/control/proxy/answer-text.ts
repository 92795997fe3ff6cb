// The heads of a server's answers as the client gets them: without what the route hides, and with what it adds.
import type { PoolServer } from '../../model/layer7/pool.js';
import { withoutFields } from '../../wire/http/fields.js';
import { type ClientCoding, forwardedInterim, forwardedResponse } from '../../wire/http/forwarded-head.js';
import type { ResponseHead } from '../../wire/http/response-head.js';
import type { Asked, ToPool } from './routing.js';

function shownOf(head: ResponseHead, { proxying: { hiddenFields } }: ToPool): ResponseHead {
  return hiddenFields.length === 0 ? head : { ...head, lines: withoutFields(head.lines, hiddenFields) };
}

/** A 1xx before the answer. */
export const interimText = (head: ResponseHead, routed: ToPool): string => forwardedInterim(shownOf(head, routed));

/** A 101, which ends the request: with the cookie that binds the client, as any answer. */
export const switchText = (head: ResponseHead, routed: ToPool, server: PoolServer): string =>
  forwardedInterim(shownOf(head, routed), routed.answerLines(server));

/** `closes`: the client's connection ends after it. */
export const answerText = (
  head: ResponseHead,
  { head: { minor } }: Asked,
  routed: ToPool,
  server: PoolServer,
  coding: ClientCoding,
  closes: boolean,
): string => forwardedResponse(shownOf(head, routed), { coding, closes, isOldVersion: minor === 0, extra: routed.answerLines(server) });
