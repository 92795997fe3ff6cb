#!/usr/bin/python3
# SCTP, packet by packet: its states by NAT and by direct routing, what begins an association, schedulers, weights, thresholds, persistence,
# reuse, deleted servers, and what is not scheduled.
import sys; sys.path.insert(0, '/job/guest')
from tb import *
from packets import *
build(3, tcpports=(), udpports=())
mute('c', 'r1', 'r2', 'r3', protocols=('sctp',))
C, R = Raw('c'), {str(i): Raw('r%d' % i) for i in range(1, 4)}
RS = {str(i): '10.0.2.%d' % (10 + i) for i in range(1, 4)}
sp = [20000]; port = [3000]
def next_port(): port[0] += 1; return port[0]
def client(cp, vp, names, vip=VIP, src='10.0.1.10', **k): C.ip(src, vip, 132, sctp(cp, vp, names, **k)); time.sleep(.004)
def server(n, cp, names, rport=80, src=None, dst='10.0.1.10', **k): R[n].ip(src or RS[n], dst, 132, sctp(rport, cp, names, **k)); time.sleep(.004)
def entries(cp, vp): return [x for x in conns() if x['cp'] == cp and x['vp'] == vp]
def entry(cp, vp): return ' '.join('%s %d' % (x['st'], x['ex']) for x in entries(cp, vp)) or '-'
def who(cp, vp): return ' '.join(str(int(x['d'], 16) & 255)[1] if x['p'] == 'SCTP' else x['p'] for x in entries(cp, vp)) or '-'
def service(sched='rr', ws=(('1', 1), ('2', 1), ('3', 1)), extra='', dextra='', m='-m', vip=VIP, rport=80):
    p = next_port(); d('ipvsadm -A --sctp-service %s:%d -s %s %s' % (vip, p, sched, extra))
    for n, w in ws: dq('ipvsadm -a --sctp-service %s:%d -r %s:%d %s -w %d %s' % (vip, p, RS[n], rport if m == '-m' else p, m, w, dextra))
    return p
def inits(p, n, vip=VIP, src='10.0.1.10'):
    first = sp[0] + 1
    for i in range(n): sp[0] += 1; client(sp[0], p, 'INIT', vip, src)
    r = {x['cp']: str(int(x['d'], 16) & 255)[1] for x in conns() if x['vp'] == p}
    return ''.join(r.get(cp, '-') for cp in range(first, sp[0] + 1))
def show(p, what='ipvsadm -Ln', vip=VIP): time.sleep(.05); d('%s --sctp-service %s:%d' % (what, vip, p))
def gone(p, vip=VIP): dq('ipvsadm -D --sctp-service %s:%d' % (vip, p))
dq('ipvsadm -A -t %s:1 -s rr' % VIP)   # a service stays, so that the kernel's hooks stay
EV = ['in:' + n for n in 'DATA INIT INIT_ACK COOKIE_ECHO COOKIE_ACK SHUTDOWN SHUTDOWN_ACK SHUTDOWN_COMPLETE ERROR ABORT'.split()]
OUT = [e.replace('in:', 'out:') for e in EV]
used, again = [0], [40000]
def play(path, vp, vip):
    sp[0] += 1; used[0] = sp[0]
    for attempt in range(6):   # some states end after 4 seconds: where a path took long, it is gone once more from another port
        begin = time.monotonic()
        for e in path:
            way, names = e.split(':')
            if way == 'in': client(used[0], vp, names, vip)
            else: server('1', used[0], names)
        now = entry(used[0], vp)
        if time.monotonic() - begin < 2: return now
        again[0] += 1; used[0] = again[0]
    return now
def states(title, vp, vip, evs, starts):
    out('\n== states: ' + title); seen = {}; q = []
    for s0 in starts:
        st = play([s0], vp, vip); out('%-10s %-50s %-20s -> %s' % ('(none)', '', s0, st)); name = st.split()[0]
        if name not in seen and name != '-': seen[name] = [s0]; q.append(name)
    while q:
        s = q.pop(0); path = seen[s]
        for e in evs:
            st = play(path + [e], vp, vip); out('%-10s %-50s %-20s -> %s' % (s, ' '.join(path), e, st)); name = st.split()[0]
            if name not in seen and name != '-' and len(path) < 6: seen[name] = path + [e]; q.append(name)
for sloppy in (0, 1):
    d('sysctl -w net.ipv4.vs.sloppy_sctp=%d' % sloppy); text = ', sloppy_sctp' if sloppy else ''
    p = service(ws=(('1', 1),)); states('NAT' + text, p, VIP, EV + OUT if not sloppy else EV[:3] + OUT[:3], EV); gone(p)
    p = service(ws=(('1', 1),), m='-g', vip=DVIP); states('routed, the client alone is seen' + text, p, DVIP, EV if not sloppy else EV[:3], EV); gone(p, DVIP)
d('sysctl -w net.ipv4.vs.sloppy_sctp=0')
p = service(ws=(('1', 1),))
out('\n== other chunks and bundles'); sp[0] += 1; client(sp[0], p, 'INIT'); server('1', sp[0], 'INIT_ACK')
for who_, names in (('c', 'SACK'), ('c', 'HEARTBEAT'), ('c', 'UNKNOWN'), ('c', 'COOKIE_ECHO+DATA'), ('s', 'COOKIE_ACK+SACK'), ('c', 'DATA+SHUTDOWN'), ('c', 'SACK+ABORT'), ('s', 'DATA+ABORT'), ('c', 'COOKIE_ECHO+ABORT')):
    (client(sp[0], p, names) if who_ == 'c' else server('1', sp[0], names)); out('%s %-20s -> %s' % (who_, names, entry(sp[0], p)))
out('\n== a first packet with several chunks')
for names in ('INIT+DATA', 'DATA+INIT', 'COOKIE_ECHO+ABORT', 'ABORT', 'UNKNOWN'): sp[0] += 1; client(sp[0], p, names); out('%-20s -> %s' % (names, entry(sp[0], p)))
out('\n== --set does not change the times'); d('ipvsadm --set 33 22 11')
for path in (['in:INIT'], ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK'], ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK', 'in:SHUTDOWN']): out('%s -> %s' % (' '.join(path), play(path, p, VIP)))
d('ipvsadm --set 900 120 300')
out('\n== active and inactive'); gone(p); p = service(ws=(('1', 1),))
for path in (['in:INIT'], ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK'], ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK', 'in:SHUTDOWN'], ['in:INIT', 'in:ABORT']): out('%s -> %s' % (' '.join(path), play(path, p, VIP))); show(p)
gone(p)
for sched in 'rr wrr lc wlc sed nq fo ovf'.split(): out('\n== scheduler %s' % sched); p = service(sched, (('1', 1), ('2', 2), ('3', 3))); out(inits(p, 18)); show(p); gone(p)
for sched, extra in (('sh', ''), ('sh', '-b sh-port'), ('mh', ''), ('mh', '-b mh-port'), ('dh', '')):
    out('\n== %s %s' % (sched, extra)); p = service(sched, (('1', 1), ('2', 2), ('3', 1)), extra); out('one client: ' + inits(p, 12)); out('twelve clients: ' + ''.join(inits(p, 1, src='10.0.1.%d' % (10 + i)) for i in range(12))); gone(p)
out('\n== weight 0'); p = service(ws=(('1', 0), ('2', 1), ('3', 0))); out(inits(p, 4)); dq('ipvsadm -e --sctp-service %s:%d -r %s:80 -m -w 0' % (VIP, p, RS['2'])); L = Listener('c'); sp[0] += 1; L.heard('no server', lambda: client(sp[0], p, 'INIT')); out(entry(sp[0], p)); show(p); gone(p)
out('\n== thresholds'); p = service(ws=(('1', 1), ('2', 1)), dextra='-x 3 -y 2'); out(inits(p, 8)); show(p, 'ipvsadm -Ln --thresholds'); gone(p)
out('\n== persistence'); p = service(extra='-p 100'); out(' '.join(inits(p, 2, src='10.0.1.%d' % (10 + i)) for i in range(6))); show(p); show(p, 'ipvsadm -Ln --persistent-conn')
for x in sorted(conns(), key=lambda x: x['c']):
    if x['vp'] == p and x['cp'] == 0: out('    template %s %s %s about %d' % (x['p'], x['c'], x['st'], about(x['ex'], (100,))))
gone(p)
out('\n== persistence: established'); p = service(extra='-p 100', ws=(('1', 1),))
for text, path in (('INIT', ['in:INIT']), ('established', ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK'])): play(path, p, VIP); out('%s: template %s' % (text, ' '.join(x['st'] for x in conns() if x['vp'] == p and x['cp'] == 0)))
gone(p)
for mode in (0, 1):
    out('\n== the same port again, conn_reuse_mode %d' % mode); d('sysctl -w net.ipv4.vs.conn_reuse_mode=%d' % mode); p = service(ws=(('1', 1),))
    for path in (['in:INIT'], ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK'], ['in:INIT', 'in:ABORT'], ['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK', 'in:SHUTDOWN', 'out:SHUTDOWN_ACK', 'in:SHUTDOWN_COMPLETE']):
        before = play(path, p, VIP); dq('ipvsadm -a --sctp-service %s:%d -r %s:80 -m -w 9; ipvsadm -e --sctp-service %s:%d -r %s:80 -m -w 0' % (VIP, p, RS['2'], VIP, p, RS['1'])); client(used[0], p, 'INIT')
        out('%-60s %-12s then INIT -> %s at %s' % (' '.join(path), before.split()[0], entry(used[0], p).split()[0], who(used[0], p))); dq('ipvsadm -d --sctp-service %s:%d -r %s:80; ipvsadm -e --sctp-service %s:%d -r %s:80 -m -w 1' % (VIP, p, RS['2'], VIP, p, RS['1']))
    gone(p)
d('sysctl -w net.ipv4.vs.conn_reuse_mode=1')
for nodest in (0, 1):
    out('\n== a deleted server, expire_nodest_conn %d' % nodest); d('sysctl -w net.ipv4.vs.expire_nodest_conn=%d' % nodest); p = service(ws=(('1', 1),)); play(['in:INIT', 'out:INIT_ACK', 'in:COOKIE_ECHO', 'out:COOKIE_ACK'], p, VIP)
    dq('ipvsadm -d --sctp-service %s:%d -r %s:80' % (VIP, p, RS['1'])); time.sleep(.5); client(used[0], p, 'DATA'); out('data: ' + ' '.join(entry(used[0], p).split()[:1])); dq('ipvsadm -a --sctp-service %s:%d -r %s:80 -m' % (VIP, p, RS['2'])); client(used[0], p, 'INIT'); out('INIT: %s at %s' % (' '.join(entry(used[0], p).split()[:1]), who(used[0], p))); gone(p)
d('sysctl -w net.ipv4.vs.expire_nodest_conn=0')
out('\n== not scheduled'); p = service(ws=(('1', 1),))
for text, payload in (('source port 0', None), ('a header alone', struct.pack('!HHII', 24001, p, 7, 0)), ('half a chunk header', struct.pack('!HHII', 24002, p, 7, 0) + b'\1\0'), ('8 bytes', struct.pack('!HHI', 24003, p, 7))):
    if payload is None: client(0, p, 'INIT'); cp = 0
    else: C.ip('10.0.1.10', VIP, 132, payload); cp = struct.unpack('!H', payload[:2])[0]
    time.sleep(.02); out('%-20s -> %s' % (text, ' '.join(entry(cp, p).split()[:1])))
gone(p)
