// Writes the description of the control API: node build/dev/openapi.js
import { writeFileSync } from 'node:fs';
import { openApiOf } from '../src/api/openapi.js';
import { routes } from '../src/api/routes/routes.js';

writeFileSync('docs/openapi.json', `${JSON.stringify(openApiOf(routes), null, 1)}\n`);
