// The dashboard: a page, its script and its style sheet, all from here. What it shows comes from the other routes.
import { type Answer, type Route, route } from '../route.js';
import type { DashboardFile } from '../sources.js';

const HTML = 'text/html; charset=utf-8';

/** Nothing of another place, nothing written into the page, and no page around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>weir</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/dashboard.css">
<script src="/dashboard.js" defer></script>
</head>
<body>
<div id="app"><main><h1>weir</h1><noscript>The dashboard is a program of JavaScript. weir status and weir top show the same in a terminal.</noscript></main></div>
</body>
</html>
`;

const sent = (text: string, type: string): Answer => ({ status: 200, body: { kind: 'text', text, type }, headers: HEADERS });

const part = (at: string, summary: string, file: DashboardFile, type: string): Route =>
  route({
    method: 'GET',
    at,
    summary,
    scope: 'read',
    answers: { 200: { what: 'its text', types: [type] } },
    answer: (_request, sources) => sent(sources.dashboard(file), type),
  });

export const dashboardRoutes: readonly Route[] = [
  route({
    method: 'GET',
    at: '/',
    summary: 'the dashboard, for browsers',
    scope: 'read',
    answers: { 200: { what: 'its page', types: [HTML] } },
    answer: () => sent(PAGE, HTML),
  }),
  part('/dashboard.js', "the dashboard's script", 'weir-dashboard.js', 'text/javascript; charset=utf-8'),
  part('/dashboard.css', "the dashboard's style sheet", 'weir-dashboard.css', 'text/css; charset=utf-8'),
];
