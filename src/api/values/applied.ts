// What a change was, and the state after it, as the API sends it.
import * as z from 'zod';
import type { AppliedPlan } from '../changes/plan-book.js';
import { type Answer, json } from '../route.js';

export const appliedShape = z.strictObject({
  etag: z.string().nullable().describe('of the table afterwards; null: the change was made, but the table could not be read'),
  change: z.string().nullable().describe('its entry in the journal; null: nothing had to be changed'),
  warnings: z.array(z.string()).describe('policies of IPsec and packet filters that affect the changed services'),
  plan: z.looseObject({}),
});

export function appliedAnswer({ plan, etag, change, warnings }: AppliedPlan): Answer {
  const { steps: _steps, ...shown } = plan;
  const value: z.infer<typeof appliedShape> = { etag, change, warnings: [...warnings], plan: shown };
  return json(value, etag === null ? undefined : { etag });
}
