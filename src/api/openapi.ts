// The OpenAPI document, made from the routes.
import * as z from 'zod';
import type { Json } from '../model/json.js';
import type { Route } from './route.js';

const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string(),
  code: z.string().describe("a code of weir's error table, which never changes"),
  errno: z.string().optional(),
  errors: z.array(z.strictObject({ pointer: z.string(), message: z.string() })).optional(),
  etag: z.string().optional(),
  difference: z.array(z.string()).optional(),
  allow: z.array(z.string()).optional(),
  retry_after: z.int().optional(),
});

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

/** What `place` takes, from the description of an object. */
function parameters(place: 'path' | 'query', schema: z.ZodType | undefined): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, value]) => {
    const { description, ...rest } = typeof value === 'object' ? value : {};
    return { name, in: place, required: required.includes(name), ...(description === undefined ? {} : { description }), schema: rest };
  });
}

const contentOf = (types: readonly string[], schema: Json): Json => Object.fromEntries(types.map((type) => [type, { schema }]));

function operation({ method, at, summary, scope, confidential, path, query, body, textBody = [], answers }: Route): Json {
  const given = Object.entries(answers).map(([status, { what, schema, types = ['application/json'] }]) => [
    status,
    {
      description: what,
      ...(schema === undefined && answers[Number(status)]?.types === undefined
        ? {}
        : { content: contentOf(types, schema === undefined ? { type: 'string' } : schemaOf(schema, 'output')) }),
    },
  ]);
  return {
    operationId: `${method.toLowerCase()}${at.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`,
    summary,
    description: `scope: ${scope}${confidential === true ? '; not at the socket for all users' : ''}`,
    parameters: [...parameters('path', path), ...parameters('query', query)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              ...(contentOf([method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'], schemaOf(body, 'input')) as object),
              ...(contentOf(textBody, { type: 'string' }) as object),
            },
          },
        }),
    responses: {
      ...Object.fromEntries(given),
      default: {
        description: 'a problem document (RFC 9457)',
        content: contentOf(['application/problem+json'], { $ref: '#/components/schemas/Problem' }),
      },
    },
  };
}

/** Of the paths' first part: what is added keeps it. */
const VERSION = '1';

export function openApiOf(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of routes) paths[one.at] = { ...paths[one.at], [one.method.toLowerCase()]: operation(one) };
  return {
    openapi: '3.1.0',
    info: { title: 'weir', version: VERSION, description: 'The control API of a director (docs/api.md).' },
    paths,
    components: { schemas: { Problem: schemaOf(problem, 'output') } },
  };
}
