// A drain, and the plan of one, as the API sends them.
import * as z from 'zod';

export const drainShape = z
  .looseObject({ id: z.string(), target: z.string(), state: z.enum(['draining', 'empty', 'deadline', 'cancelled']) })
  .describe('as weir drain status --json prints it');
const planShape = z.strictObject({
  target: z.string(),
  also: z.array(z.string()).describe('targets that are drained with it, for the sake of persistent clients'),
  services: z.array(
    z.strictObject({
      service: z.string(),
      drained: z.array(z.string()).describe('servers that get no new connections'),
      left: z.array(z.string()).describe('servers that go on to get them'),
      capacity: z.number().describe("the part of the service's weights that is left, 0 to 1"),
    }),
  ),
  instances: z.array(z.string()).optional().describe('of a drain of the director: the instances of VRRP that its peers take over'),
});
export const startedShape = z.strictObject({ plan: planShape, drain: drainShape.nullable(), change: z.string().nullable() });
