#!/bin/bash
# keepalived 2.2.7 with quorum, a sorry server and inhibit_on_failure, its servers stopped and started: run once in an emulated machine
# whose kernel has IPVS (quorum.kernel.txt, with its table after each event), once with ipvs.c in its place (SHIM=, quorum.stand-in.txt).
cd /tmp; ip link set lo up
cat > g.conf <<'C'
virtual_server 10.99.0.100 80 {
  delay_loop 2
  delay_before_retry 1
  retry 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
  quorum 2
  sorry_server 10.1.0.14 80
  sorry_server_inhibit
  real_server 127.0.0.1 8081 {
    weight 3
    inhibit_on_failure
    TCP_CHECK {
      connect_timeout 1
      warmup 0
    }
  }
  real_server 127.0.0.1 8082 {
    TCP_CHECK {
      connect_timeout 1
      warmup 0
    }
  }
}
C
listen() { python3 -c "
import socket,sys
s=socket.socket(); s.setsockopt(1,2,1); s.bind(('127.0.0.1',$1)); s.listen()
while True:
    c,_=s.accept(); c.close()" & }
listen 8081; A=$!
listen 8082; B=$!
sleep 1
${SHIM:+env LD_PRELOAD=$SHIM} keepalived -n -l -D -G -C -f g.conf -p /tmp/p.pid -c /tmp/c.pid > log 2>&1 & K=$!
until_line() { for i in $(seq 300); do [ "$(grep -c "$1" log)" -ge $2 ] && break; sleep 0.2; done; echo "--- after $1 ($2)"; [ -n "$SHIM" ] || ipvsadm -Sn; }
until_line '8082.* success' 1
kill $A; until_line 'Disabling service' 1
listen 8081; A=$!; until_line 'Enabling service' 1
kill $B; until_line 'Removing service' 1
kill $A; until_line 'Disabling service' 2
listen 8082; B=$!; until_line 'Adding service' 1
kill $K; wait $K; echo "--- stopped"; [ -n "$SHIM" ] || ipvsadm -Sn
kill $A $B
sed -E 's/^[A-Z][a-z]{2} [A-Z][a-z]{2} .{16}: //' log | grep -vE "^(Starting|Running|Command|Opening|Config|NOTICE|Stopp|CPU|Initial|Startup|Activating BFD)|pid|^ +'" 
