// The ports of the helper for FTP, as text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ftpPortsText, parseFtpPorts } from './ftp-ports.js';

test('up to eight different ports, or none', () => {
  for (const text of ['21', '21,2121', '1,2,3,4,5,6,7,65535', 'none']) assert.equal(ftpPortsText(parseFtpPorts(text) ?? [0]), text);
  for (const text of ['', '0', '65536', '21,21', '21,', ' 21', '21 ', '1,2,3,4,5,6,7,8,9', 'NONE', '-1', '1e1', '000021'])
    assert.equal(parseFtpPorts(text), undefined, text);
});
