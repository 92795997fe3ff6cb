// The table as a whole: codes and texts have their form, and each row is thrown or recognised somewhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrors } from './api-errors.js';
import { daemonErrors } from './daemon-errors.js';
import { datapathErrors } from './datapath-errors.js';
import { directorErrors } from './director-errors.js';
import { documentErrors } from './document-errors.js';
import { errorTable } from './error-table.js';
import { hostErrors } from './host-errors.js';
import { importErrors } from './import-errors.js';
import { ipvsadmErrors } from './ipvsadm-errors.js';
import { ktcpvsErrors } from './ktcpvs-errors.js';
import { labErrors } from './lab-errors.js';
import { nginxFileErrors } from './nginx-file-errors.js';
import { restoreErrors } from './restore-errors.js';
import { switchErrors } from './switch-errors.js';
import { systemErrors } from './system-errors.js';
import { usageErrors } from './usage-errors.js';
import { errorOf, failure, failureHint, failureLine, failureText, isRefusal, isWeirError, WeirError } from './weir-error.js';
import { weirFileErrors } from './weir-file-errors.js';

const sections = [
  apiErrors,
  daemonErrors,
  datapathErrors,
  directorErrors,
  documentErrors,
  hostErrors,
  importErrors,
  ipvsadmErrors,
  ktcpvsErrors,
  labErrors,
  nginxFileErrors,
  restoreErrors,
  switchErrors,
  systemErrors,
  usageErrors,
  weirFileErrors,
];

test('no code stands in two sections, and each is lower case with dashes', () => {
  const codes = sections.flatMap((section) => Object.keys(section));
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(codes.sort(), Object.keys(errorTable).sort());
  assert.deepEqual(
    codes.filter((code) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(code)),
    [],
  );
});

test('text, hint, line and exit status come from the row', () => {
  const error = new WeirError('interface-down', { name: 'eth0' });
  assert.equal(failureText(error), 'eth0 is down');
  assert.equal(failureHint(error), 'ip link set eth0 up');
  assert.equal(error.message, 'eth0 is down — fix: ip link set eth0 up');
  assert.equal(error.exitStatus, 1);
  assert.equal(error.errno, undefined);
  assert.equal(failureHint(new WeirError('service-missing')), undefined);
  assert.equal(String(new WeirError('service-missing')), 'WeirError: no such service');
});

test('an error is recognised by its code, a refusal by its errno', () => {
  const error = new WeirError('service-exists');
  assert.ok(isWeirError(error) && isWeirError(error, 'service-missing', 'service-exists'));
  assert.ok(!isWeirError(error, 'service-missing') && !isWeirError(new Error('the service is there already')));
  assert.ok(isRefusal(error) && isRefusal(error, 'EEXIST') && !isRefusal(error, 'ESRCH'));
  assert.ok(!isRefusal(new WeirError('datapath-not-loaded')));
});

test('a failure that pure code found becomes an exception with the same line and its cause', () => {
  const found = failure('vip-elsewhere', { address: '10.0.0.1', prefixLength: 24, interface: 'eth1' });
  const cause = new Error('x');
  const error = errorOf(found, { cause });
  assert.equal(error.message, failureLine(found));
  assert.deepEqual([error.code, error.details, error.cause], [found.code, found.details, cause]);
  assert.equal(
    error.message,
    '10.0.0.1/24 is on eth1 already — fix: leave it there, where its services find it, or remove it first: ip addr del 10.0.0.1/24 dev eth1',
  );
});
