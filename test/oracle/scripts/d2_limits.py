#!/usr/bin/python3
# Thresholds of routed, UDP and IPv6 services and at their edges; one-packet scheduling.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import *
build(3, tcpports=(), udpports=())
for six in (False, True): mute('c', 'r1', 'r2', 'r3', protocols=('tcp', 'udp'), six=six)
C, C6, R1 = Raw('c'), Raw6('c'), Raw('r1')
RS = {str(i): '10.0.2.%d' % (10 + i) for i in range(1, 4)}
RS6 = {str(i): '2001:db8:2::%x' % (16 + i) for i in range(1, 4)}
sp = [20000]; port = [2000]
def name(x): return x['d'].replace(':', '')[-1:] if len(x['d']) > 8 else str(int(x['d'], 16) & 255)[1]
def entries(cp, vp): return [x for x in conns() if x['cp'] == cp and x['vp'] == vp]
def service(sched='rr', servers=(('1', ''), ('2', '')), extra='', m='-m', vip=VIP, proto='t', rport=80):
    port[0] += 1; six = ':' in vip; at = '[%s]:%d' % (vip, port[0]) if six else '%s:%d' % (vip, port[0]); d('ipvsadm -A -%s %s -s %s %s' % (proto, at, sched, extra))
    for n, more in servers: dq('ipvsadm -a -%s %s -r %s:%d %s %s' % (proto, at, '[%s]' % RS6[n] if six else RS[n], rport if m == '-m' else port[0], m, more))
    return at, vip, port[0], proto
def edit(s, n, more, m='-m', rport=80): dq('ipvsadm -e -%s %s -r %s:%d %s %s' % (s[3], s[0], '[%s]' % RS6[n] if ':' in s[1] else RS[n], rport if m == '-m' else s[2], m, more))
def send(s, cp, flags='S'):
    r = C6 if ':' in s[1] else C; src = '2001:db8:1::10' if ':' in s[1] else '10.0.1.10'
    if s[3] == 'u': r.udp(src, cp, s[1], s[2], b'q')
    else: r.tcp(src, cp, s[1], s[2], flags, ack=1 if 'A' in flags else 0)
    time.sleep(.006)
def new(s, n, flags='S'):
    """which servers n new ports are led to"""
    first = sp[0] + 1
    for i in range(n): sp[0] += 1; send(s, sp[0], flags)
    time.sleep(.02); by = {x['cp']: name(x) for x in conns() if x['vp'] == s[2]}
    return ''.join(by.get(p, '-') for p in range(first, sp[0] + 1))
def show(s, what='ipvsadm -Ln --thresholds'): time.sleep(.05); d('%s -%s %s' % (what, s[3], s[0]))
def gone(s): dq('ipvsadm -D -%s %s' % (s[3], s[0]))
dq('ipvsadm -A -t %s:1 -s rr; ipvsadm -A -t [%s]:1 -s rr' % (VIP, VIP6))
for text, k in (('NAT', {}), ('routed', dict(m='-g', vip=DVIP)), ('UDP', dict(proto='u')), ('IPv6', dict(vip=VIP6)), ('IPv6, routed', dict(vip=DVIP6, m='-g'))):
    out('\n== thresholds: %s' % text); m = k.get('m', '-m'); s = service(servers=(('1', '-x 2'), ('2', '-x 4 -y 2')), **k); out(new(s, 9)); show(s); edit(s, '1', '-x 3', m); out('1 with -x 3: ' + new(s, 4)); edit(s, '2', '-x 4 -w 0', m); out('2 quiesced: ' + new(s, 2)); edit(s, '2', '', m); out('2 without: ' + new(s, 3)); show(s); gone(s)
out('\n== thresholds: 1, and an edit below what there is'); s = service(servers=(('1', '-x 1'),)); out(new(s, 3)); show(s); edit(s, '1', '-x 10'); out('-x 10: ' + new(s, 4)); edit(s, '1', '-x 2'); out('-x 2: ' + new(s, 2)); show(s); edit(s, '1', '-x 7 -y 7'); out('-x 7 -y 7: ' + new(s, 3)); show(s); gone(s)
port[0] += 1
for sched in 'wrr wlc sed nq sh mh'.split(): out('\n== one packet at a time: %s' % sched); s = service(sched, (('1', '-w 1'), ('2', '-w 2'), ('3', '-w 3')), '-o', proto='u', rport=53); [send(s, 25000) for i in range(6)]; [send(s, 25000 + i) for i in range(12)]; settle(); show(s, 'ipvsadm -Ln --stats'); show(s, 'ipvsadm -Ln'); gone(s)
