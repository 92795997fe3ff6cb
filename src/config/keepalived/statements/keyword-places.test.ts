import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootKeywords } from '../keywords/root.js';
import { blocksByKeyword, placeHint } from './keyword-places.js';

const hint = (keyword: string): string | undefined => placeHint(blocksByKeyword(rootKeywords).get(keyword));

test('a keyword at a wrong level belongs to its blocks', () => {
  assert.equal(hint('virtual_router_id'), 'it belongs in vrrp_instance');
  assert.equal(hint('lb_algo'), 'it belongs in virtual_server');
  assert.equal(hint('vrrp_instance'), 'it belongs outside all blocks');
  assert.match(hint('weight')!, /^it belongs in .+, .+ or .+$/);
  assert.equal(hint('nothing_like_it'), undefined);
});
