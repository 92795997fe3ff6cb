#!/usr/bin/python3
# Thresholds (-x, -y): which server each connection gets while some are open, after some are closed, and after the thresholds change.
import sys; sys.path.insert(0, '/job/guest')
from sched import *
build()
TH = {'1': '-x 3', '2': '-x 5 -y 2', '3': '-x 0'}
dq('ipvsadm --set 900 2 300')
def case(sched, ws, th, flags=''):
    out('\n== %s %s %s thresholds %s' % (sched, flags, ' '.join('%s:%d' % w for w in ws), ' '.join('%s: %s' % (k, th[k]) for k in sorted(th))))
    p = svc(sched, ws, flags, th, show=False); at = '%s:%d' % (VIP, p); R = Run(p)
    R.go(20, True, label='20 opened'); R.counts('ipvsadm -Ln --thresholds')
    for n in ('1', '2'):
        k = R.shut([n], 1); time.sleep(.1)
        out('closed %d of server %s' % (k, n))
    R.counts('ipvsadm -Ln --thresholds'); R.go(4, True, label='4 opened')
    dq('ipvsadm -e -t %s -r %s:80 -m -w 1 -x 6' % (at, RS['1'])); R.go(6, True, label='1 with -x 6: 6 opened'); R.counts('ipvsadm -Ln --thresholds')
    dq('ipvsadm -e -t %s -r %s:80 -m -w 1 -x 2' % (at, RS['1'])); R.go(4, True, label='1 with -x 2: 4 opened'); R.counts('ipvsadm -Ln --thresholds')
    dq('ipvsadm -e -t %s -r %s:80 -m -w 1' % (at, RS['1'])); R.go(6, True, label='1 without: 6 opened'); R.counts('ipvsadm -Ln --thresholds')
    R.shut(); dq('ipvsadm -D -t ' + at)
for sched in 'rr wrr lc wlc sed nq fo ovf'.split():
    case(sched, W(1, 1, 1), TH)
    case(sched, W(3, 2, 1), {'1': '-x 2', '2': '-x 2 -y 1', '3': '-x 4'})
case('sh', W(1, 1, 1), TH); case('sh', W(1, 1, 1), TH, '-b sh-fallback'); case('mh', W(1, 1, 1), TH, '-b mh-fallback')
out('\n== all full: refused'); p = svc('rr', W(1, 1), '', {'1': '-x 2', '2': '-x 1'}); R = Run(p)
R.go(5, True, label='opened'); R.counts('ipvsadm -Ln --stats')
