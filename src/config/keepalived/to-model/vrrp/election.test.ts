import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceText, readInstance, readText } from '../../../../../test/support/keepalived-text.js';
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';

/** Lines in the instance, their settings, and what is reported. */
type Case = readonly [lines: readonly string[], expected: Partial<VrrpInstance>, reported?: readonly string[]];

function tryAll(cases: readonly Case[], before: readonly string[] = []): void {
  for (const [lines, expected, reported = []] of cases) {
    const { instance, errors } = readInstance(lines, before);
    assert.deepEqual(errors, reported, lines.join(' / '));
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(instance?.[key as keyof VrrpInstance], value, `${lines.join(' / ')}: ${key}`);
    }
  }
}

const MUST_MATCH = '(V1) State MASTER must match being address owner';

test("an instance without settings has keepalived's defaults", () => {
  const { instance, errors } = readInstance([]);
  assert.deepEqual(errors, []);
  assert.equal(instance?.version, 2);
  assert.equal(instance.family, 'inet');
  assert.equal(instance.initialState, 'backup');
  assert.equal(instance.priority, 100);
  assert.equal(instance.advertUs, 1_000_000);
  assert.equal(instance.accept, true);
  assert.equal(instance.nopreempt, false);
  assert.equal(instance.downTimerAdverts, 3);
  assert.equal(instance.addressMismatch, 'accept');
  assert.deepEqual(instance.garp, {
    masterDelayUs: 5_000_000,
    masterRepeat: 5,
    lowerPriorityDelayUs: 5_000_000,
    lowerPriorityRepeat: 5,
    masterRefreshUs: 0,
    masterRefreshRepeat: 1,
    extraInterfaceUs: 0,
    extraInterfaceAll: false,
  });
});

test('state and priority depend on each other', () => {
  tryAll([
    [['state MASTER'], { initialState: 'master', priority: 255 }],
    [['state MASTER', 'priority 150'], { initialState: 'master', priority: 150 }],
    [['priority 255'], { initialState: 'master', priority: 255 }],
    [['state BACKUP', 'priority 255'], { initialState: 'backup', priority: 255 }],
    [['state master'], { initialState: 'backup' }, ["(V1) unknown state 'master', defaulting to BACKUP"]],
    [['state MASTER', 'state BACKUP'], { initialState: 'master' }, ['(V1) state previously set as MASTER - ignoring BACKUP']],
    [['state BACKUP', 'state MASTER'], { initialState: 'master' }],
    [
      ['priority 300'],
      { priority: 100 },
      ["number '300' outside range [1, 255]", '(V1) Priority not valid! must be between 1 & 255. Using default 100'],
    ],
    [
      ['state MASTER', 'priority = 90'],
      { initialState: 'master', priority: 100 },
      ["invalid number '='", '(V1) Priority not valid! must be between 1 & 255. Using default 100'],
    ],
  ]);
});

test('intervals are rounded to the resolution of the version', () => {
  const v2 = (seconds: string): string => `(V1) VRRPv2 advertisement interval ${seconds}s must be an integer. rounding`;
  const tooLong = (seconds: string): string =>
    `(V1) VRRPv3 advertisement interval ${seconds}s is out of range. Must be less than 40.96s. Setting to 40.95s`;
  tryAll([
    [['advert_int 0.4'], { advertUs: 1_000_000 }, [v2('0.400000')]],
    [['advert_int 1.4'], { advertUs: 1_000_000 }, [v2('1.400000')]],
    [['advert_int 1.5'], { advertUs: 2_000_000 }, [v2('1.500000')]],
    [['version 3', 'advert_int 0.01'], { advertUs: 10_000 }],
    [
      ['version 3', 'advert_int 0.014'],
      { advertUs: 10_000 },
      ['(V1) VRRPv3 advertisement interval 0.014000s must be in units of 10ms - rounding'],
    ],
    [
      ['version 3', 'advert_int 0.015'],
      { advertUs: 20_000 },
      ['(V1) VRRPv3 advertisement interval 0.015000s must be in units of 10ms - rounding'],
    ],
    [['version 3', 'advert_int 40.95'], { advertUs: 40_950_000 }],
    [['version 3', 'advert_int 40.96'], { advertUs: 40_950_000 }, [tooLong('40.96')]],
  ]);
});

test('impossible preemption settings are reset', () => {
  const master = (what: string): string => `(V1) Warning - ${what} will not work with initial state MASTER - clearing`;
  tryAll([
    [['nopreempt'], { nopreempt: true }],
    [['nopreempt', 'preempt'], { nopreempt: false }],
    [['preempt', 'nopreempt'], { nopreempt: true }],
    [['preempt_delay 300'], { preemptDelayUs: 300_000_000 }],
    [['state MASTER', 'priority 100', 'nopreempt'], { nopreempt: false }, [master('nopreempt')]],
    [['priority 255', 'nopreempt'], { nopreempt: false }, ['(V1) nopreempt is incompatible with priority 255. resetting nopreempt']],
    [['state MASTER', 'priority 100', 'preempt_delay 5'], { preemptDelayUs: 0 }, [master('preempt delay')]],
    [['nopreempt', 'preempt_delay 5'], { preemptDelayUs: 0 }, ['(V1) preempt_delay is incompatible with nopreempt mode - resetting']],
  ]);
});

test('strict mode changes settings that the RFCs do not have', () => {
  const reset = (what: string): string => `(V1) ${what}`;
  tryAll([
    [
      ['strict_mode'],
      { strict: true, accept: false, lowerPriorityNoAdvert: true, higherPrioritySendAdvert: false, ownerIgnoreAdverts: false },
    ],
    [['strict_mode', 'state MASTER'], { ownerIgnoreAdverts: true }],
    [
      ['strict_mode', 'state MASTER', 'owner_ignore_adverts off'],
      { ownerIgnoreAdverts: true },
      ['(V1) strict_mode with priority 255 requires owner_ignore_adverts'],
    ],
    [['owner_ignore_adverts'], { ownerIgnoreAdverts: false }, ['(V1) ignoring owner_ignore_adverts since priority is not 255']],
    [['strict_mode', 'state MASTER', 'priority 255'], { accept: true, initialState: 'master' }],
    [['strict_mode', 'state MASTER', 'priority 100'], { initialState: 'backup' }, [MUST_MATCH]],
    [['strict_mode', 'state BACKUP', 'priority 255'], { initialState: 'master' }, [MUST_MATCH]],
    [['strict_mode', 'preempt_delay 5'], { preemptDelayUs: 0 }, [reset('preempt_delay is incompatible with strict mode - resetting')]],
    [
      ['strict_mode', 'accept'],
      { accept: false },
      [reset('warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting')],
    ],
    [['strict_mode', 'version 3', 'accept'], { accept: true }],
    [
      ['strict_mode', 'lower_prio_no_advert off'],
      { lowerPriorityNoAdvert: true },
      [reset('Strict mode requires no lower priority advert. resetting')],
    ],
    [
      ['strict_mode', 'higher_prio_send_advert'],
      { higherPrioritySendAdvert: false },
      [reset('strict mode requires higher_prio_send_advert to be clear. resetting')],
    ],
    [
      ['strict_mode', 'down_timer_adverts 5'],
      { downTimerAdverts: 3 },
      [reset('down_timer_adverts is incompatible with strict mode - resetting')],
    ],
    [['strict_mode', 'garp_lower_prio_repeat 3'], {}, [reset('Strict mode requires no repeat garps. resetting')]],
    [
      ['strict_mode', 'fast_advert_int 0.01'],
      { fast: undefined as never },
      [reset('fast_advert_int is incompatible with strict mode - ignoring')],
    ],
  ]);
  tryAll([[['strict_mode off'], { strict: false, accept: true }]], ['global_defs {', 'vrrp_strict', '}']);
});

test('accept and its opposite: the later one counts', () => {
  tryAll([
    [['no_accept'], { accept: false }],
    [['accept', 'no_accept'], { accept: false }],
    [['no_accept', 'accept'], { accept: true }],
  ]);
});

test('version: the first counts; IPv6 is version 3', () => {
  const conflict = (version: number, first: number): string =>
    `(V1) vrrp_version ${version} conflicts with configured or deduced version ${first}; ignoring.`;
  tryAll([
    [['version 2', 'version 3'], { version: 2 }, [conflict(3, 2)]],
    [['version 3', 'version 2'], { version: 3 }, [conflict(2, 3)]],
  ]);
  const six = (lines: string[]): ReturnType<typeof readText> => readText(instanceText(lines).replace('10.99.0.100', 'fe80::1'));
  assert.equal(six([]).configuration.instances[0]?.version, 3);
  assert.deepEqual(six(['version 2']).notices, ['(V1) cannot use IPv6 with VRRP version 2; setting version 3']);
  assert.deepEqual(six(['version 2', 'strict_mode']).errors, ['(V1) cannot use IPv6 with VRRP version 2; setting version 3']);
});

test("weir's fast mode, and timers that run late", () => {
  tryAll([
    [['fast_advert_int 0.005'], { fast: { intervalUs: 5_000, missed: 5 } }],
    [['fast_advert_int 0.005', 'fast_down_adverts 3'], { fast: { intervalUs: 5_000, missed: 3 } }],
    [
      ['version 3', 'advert_int 0.01', 'fast_advert_int 0.01'],
      { fast: undefined as never },
      ['(V1) fast_advert_int is not below advert_int - ignoring'],
    ],
    [['fast_down_adverts 3'], {}, ['(V1) fast_down_adverts without fast_advert_int - ignoring']],
    [
      ['fast_advert_int 0.6'],
      {},
      ["number '0.6' outside range [0.001000, 0.500000]", '(V1) fast_advert_int (0.6) not valid - must be between 0.001 and 0.5'],
    ],
    [['nopreempt', 'timer_expired_backup'], { timerExpiredBackup: 254 }],
    [
      ['nopreempt', 'thread_timer_expired 9'],
      { timerExpiredBackup: 9 },
      ["(V1) thread_timer_expired - please replace with keyword 'timer_expired_backup'"],
    ],
    [
      ['nopreempt', 'timer_expired_backup 255'],
      {},
      ["number '255' outside range [1, 254]", '(V1) timer_expired_backup highest_other_priority not valid! must be between 1 & 254'],
    ],
    [['timer_expired_backup'], { timerExpiredBackup: undefined as never }, ['(V1) expired_timer_backup requires nopreempt - resetting']],
  ]);
});

test('settings of global_defs are inherited, and those of the instance win', () => {
  const globals = [
    'vrrp_version 3',
    'vrrp_down_timer_adverts 5',
    'vrrp_lower_prio_no_advert',
    'vrrp_higher_prio_send_advert',
    'vrrp_garp_master_delay 1',
    'vrrp_garp_master_repeat 2',
    'vrrp_mcast_group4 224.0.0.99',
    'vrrp_address_mismatch drop',
    'v3_checksum_as_v2',
    'vrrp_owner_ignore_adverts',
    'vrrp_skip_check_adv_addr',
  ];
  const before = ['global_defs {', ...globals, '}'];
  tryAll(
    [
      [[], { version: 3, downTimerAdverts: 5, lowerPriorityNoAdvert: true, higherPrioritySendAdvert: true, ownerIgnoreAdverts: false }],
      [['priority 255'], { ownerIgnoreAdverts: true }],
      [
        [],
        {
          addressMismatch: 'drop',
          v3ChecksumAsV2: true,
          skipCheckAdvertAddresses: true,
          multicastGroup: { family: 'inet', words: [0xe0000063] },
        },
      ],
      [
        ['version 2', 'down_timer_adverts 4', 'lower_prio_no_advert off', 'address_mismatch accept'],
        { version: 2, downTimerAdverts: 4, lowerPriorityNoAdvert: false, addressMismatch: 'accept' },
      ],
      [
        ['skip_check_adv_addr off', 'priority 255', 'owner_ignore_adverts off'],
        { skipCheckAdvertAddresses: false, ownerIgnoreAdverts: false },
      ],
    ],
    before,
  );
  const { instance } = readInstance(['garp_master_delay 3'], before);
  assert.equal(instance?.garp.masterDelayUs, 3_000_000);
  assert.equal(instance.garp.masterRepeat, 2);
  assert.equal(instance.garp.lowerPriorityDelayUs, 1_000_000);
});
