import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { plainVariables, readTemplate, templateOf, templateText } from './template.js';

test('texts and variables, in both spellings', () => {
  assert.deepEqual(templateOf('a$uri-${http_X_Real_IP}b'), [
    { kind: 'text', text: 'a' },
    { kind: 'variable', variable: 'uri' },
    { kind: 'text', text: '-' },
    { kind: 'named', variable: 'http', of: 'x-real-ip' },
    { kind: 'text', text: 'b' },
  ]);
  assert.deepEqual(templateOf('$http_host'), [{ kind: 'variable', variable: 'http_host' }]);
  assert.deepEqual(templateOf('$2$cookie_Sid$arg_q'), [
    { kind: 'named', variable: 'group', of: '2' },
    { kind: 'named', variable: 'cookie', of: 'Sid' },
    { kind: 'named', variable: 'arg', of: 'q' },
  ]);
  assert.deepEqual(templateOf(''), []);
});

test('an unknown variable is named', () => {
  assert.deepEqual(readTemplate('x$nonsense'), { unknownVariable: 'nonsense' });
  assert.deepEqual(readTemplate('5$'), { unknownVariable: '' });
  assert.throws(() => templateOf('$request_id'), /request_id/);
});

test('what is written is read as the same', () => {
  const variable = fc.constantFrom(...plainVariables, '1', 'http_x_y', 'cookie_A', 'arg_b').map((name) => `\${${name}}`);
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          variable,
          fc.string().map((text) => text.replaceAll('$', '')),
        ),
      ),
      (parts) => {
        const template = templateOf(parts.join(''));
        assert.deepEqual(templateOf(templateText(template)), template);
      },
    ),
  );
});
