// All routes of the API.
import type { Route } from '../route.js';
import { connectionRoutes } from './connections.js';
import { discoveryRoutes } from './discovery.js';
import { hostRoutes } from './host.js';
import { serviceRoutes } from './services.js';

const resources: readonly Route[] = [...serviceRoutes, ...connectionRoutes, ...hostRoutes];

export const routes: readonly Route[] = [...discoveryRoutes(resources), ...resources];
