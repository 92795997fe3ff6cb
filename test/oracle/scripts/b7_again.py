#!/usr/bin/python3
# Clients that begin again from their ports, packet by packet: the connection that is over counts for its server until the new one has one.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
from packets import *
build(3)
mute('c', 'r1', 'r2', 'r3')
C = Raw('c'); ports = [20000]
NAMES = {'%08X' % int.from_bytes(socket.inet_aton(a), 'big'): n for n, a in RS.items()}
def begun(p, *flags):
    for f in flags: C.tcp('10.0.1.10', ports[0], VIP, p, f, ack=1 if 'A' in f else 0); time.sleep(.03)
def server(p):
    time.sleep(.03); c = fnd(ports[0], p); return NAMES[c['d']] if c else '-'
def again(sched, ws, th, n, order, ended=('A', 'RA')):
    out('\n== %s, server:weight %s%s' % (sched, ' '.join('%s:%d' % w for w in ws), ''.join(', %s with %s' % (k, th[k]) for k in sorted(th))))
    p = svc(sched, ws, '', {n: th.get(n, '') for n, w in ws}, show=False); R = Run(p); first = ports[0] = ports[0] + 100; r = []
    for i in range(n): ports[0] = first + i; begun(p, 'S'); r.append(server(p))
    out('%d begun: %s' % (n, seq(r)))
    for i in order:
        ports[0] = first + i; before = server(p); begun(p, *ended); begun(p, 'S')
        out('the one of port %d, of server %s, begins again: %s' % (i, before, server(p))); R.counts('ipvsadm -Ln --thresholds')
    ports[0] = first; dq('ipvsadm -D -t %s:%d' % (VIP, p))
for sched in 'rr wrr lc wlc sed nq lblc lblcr fo ovf dh sh mh'.split():
    again(sched, W(1, 1), {}, 5, (0, 1, 2, 3, 4, 0))
    again(sched, W(3, 2, 1), {}, 8, (7, 1, 2, 5, 0))
for sched in 'rr wrr lc wlc sed nq lblc lblcr fo ovf sh'.split():
    again(sched, W(1), {'1': '-x 4'}, 5, (0, 1, 2, 0, 4, 3))
    again(sched, W(1), {'1': '-x 4 -y 2'}, 5, (0, 1, 2, 0, 4, 3))
    again(sched, W(1, 1), {'1': '-x 2', '2': '-x 3 -y 3'}, 6, (0, 1, 2, 3, 4, 0))
again('rr', W(1), {'1': '-x 4'}, 3, (0, 1, 2))
out('\n# --- one that is not over goes on'); again('wlc', W(1, 1), {'1': '-x 2'}, 4, (0, 1, 2), ('A',))
out('\n# --- by a SYN that resets'); p = svc('wlc', W(1, 1)); R = Run(p); ports[0] += 100; begun(p, 'S', 'A', 'RA'); R.counts(); begun(p, 'SR'); out('server %s' % server(p)); R.counts()
out('\n# --- of a service that is gone'); p = svc('wlc', W(1, 1)); ports[0] += 100; begun(p, 'S', 'A', 'RA'); out('server %s' % server(p)); dq('ipvsadm -D -t %s:%d' % (VIP, p)); begun(p, 'S'); out('server %s' % server(p))
out('\n# --- of a server that is quiesced, with expire_nodest_conn'); d('sysctl -w net.ipv4.vs.expire_nodest_conn=1'); p = svc('wlc', W(1, 1), '', {'1': '-x 1', '2': '-x 1'})
ports[0] += 100; begun(p, 'S', 'A'); s = server(p); dq('ipvsadm -e -t %s:%d -r %s:80 -m -w 0 -x 1' % (VIP, p, RS[s])); begun(p, 'S'); out('of server %s, then of %s' % (s, server(p))); Run(p).counts('ipvsadm -Ln --thresholds')
