#!/usr/bin/python3
# Direct routing: which server each connection gets and what is counted while the director sees the clients' packets alone; one-packet
# scheduling of UDP; a service of both methods; another port of the server.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build(tcpports=tuple(range(1001, 1040)) + (80, 8080), udpports=(53, 1040, 1041, 1042))
def route(sched, ws, keep):
    out('\n== %s %s, routed, %s' % (sched, ' '.join('%s:%d' % w for w in ws), 'kept open' if keep else 'closed at once'))
    p = svc(sched, ws, m='-g', vip=DVIP, show=False); R = Run(p, DVIP)
    R.go(24, keep); R.counts(); R.counts('ipvsadm -Ln --persistent-conn')
    if keep:
        out('closed: %d of 1' % R.shut(['1'], 2)); R.go(8, True); R.counts()
    R.shut(); dq('ipvsadm -D -t %s:%d' % (DVIP, p))
for sched in 'rr wrr lc wlc sed nq'.split():
    for keep in (False, True): route(sched, W(1, 1, 1), keep); route(sched, W(1, 2, 3), keep)
out('\n== another port: a routed server keeps the port of the service, a masqueraded one has its own')
d('ipvsadm -A -t %s:1035 -s rr' % DVIP); d('ipvsadm -a -t %s:1035 -r 10.0.2.11:80 -g' % DVIP); d('ipvsadm -a -t %s:1035 -r 10.0.2.12:8080 -m' % DVIP)
d('ipvsadm -Ln -t %s:1035' % DVIP); R = Run(1035, DVIP); R.go(6, False); R.counts()
d('ipvsadm -e -t %s:1035 -r 10.0.2.12:8080 -m -w 0' % DVIP); R.go(4, False); d('ipvsadm -D -t %s:1035' % DVIP)
out('\n== UDP, routed')
d('ipvsadm -A -u %s:1040 -s rr' % DVIP)
for n in '123': d('ipvsadm -a -u %s:1040 -r %s -g' % (DVIP, RS[n]))
out('six ports: ' + seq([udp(DVIP, 1040, '10.0.1.10', 23000 + i)[1] for i in range(6)]))
out('one port: ' + seq([udp(DVIP, 1040, '10.0.1.10', 23100)[1] for i in range(4)])); d("ipvsadm -Ln -u %s:1040" % DVIP)
out('\n== one packet at a time, routed')
d('ipvsadm -A -u %s:1041 -s rr -o' % DVIP)
for n in '123': d('ipvsadm -a -u %s:1041 -r %s -g' % (DVIP, RS[n]))
out('one port: ' + seq([udp(DVIP, 1041, '10.0.1.10', 23200)[1] for i in range(7)])); d("ipvsadm -Ln -u %s:1041" % DVIP)
d('ipvsadm -E -u %s:1041 -s rr' % DVIP); out('without -o: ' + seq([udp(DVIP, 1041, '10.0.1.10', 23200)[1] for i in range(4)])); d("ipvsadm -Ln -u %s:1041" % DVIP)
