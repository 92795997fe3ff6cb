// All routes of the API.
import type { Route } from '../route.js';
import { configurationRoutes } from './configuration.js';
import { connectionRoutes } from './connections.js';
import { dashboardRoutes } from './dashboard.js';
import { discoveryRoutes } from './discovery.js';
import { drainRoutes } from './drains.js';
import { eventRoutes } from './events.js';
import { historyRoutes } from './history.js';
import { hostRoutes } from './host.js';
import { importRoutes } from './imports.js';
import { metricsRoutes } from './metrics.js';
import { overrideRoutes } from './overrides.js';
import { planRoutes } from './plans.js';
import { serviceRoutes } from './services.js';

const resources: readonly Route[] = [
  ...serviceRoutes,
  ...configurationRoutes,
  ...planRoutes,
  ...drainRoutes,
  ...overrideRoutes,
  ...importRoutes,
  ...connectionRoutes,
  ...hostRoutes,
  ...historyRoutes,
  ...eventRoutes,
  ...metricsRoutes,
  ...dashboardRoutes,
];

export const routes: readonly Route[] = [...discoveryRoutes(resources), ...resources];
