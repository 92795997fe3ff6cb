// What tcpvsadm -h prints.

export const HELP = `Usage:
  tcpvsadm -A|E -i ident [-s scheduler] [-P port] [-l address[:port]] [--way way]
  tcpvsadm -D -i ident
  tcpvsadm -F
  tcpvsadm -a|e -i ident -r server-address [-w weight]
  tcpvsadm -d -i ident -r server-address
  tcpvsadm --add-rule -i ident -p pattern -r server-address [-m match-num]
  tcpvsadm --del-rule -i ident -p pattern -r server-address
  tcpvsadm -L [-n] [-i ident]
  tcpvsadm -f config-file
  tcpvsadm --start|stop [-i ident]
  tcpvsadm -h

Commands:
Either long or short options are allowed.
  --add-service     -A        add virtual service with options
  --edit-service    -E        edit virtual service with options
  --delete-service  -D        delete virtual service
  --flush           -F        flush the whole table
  --add-server      -a        add real server with options
  --edit-server     -e        edit real server with options
  --delete-server   -d        delete real server
  --add-rule                  add rule into virtual service
  --del-rule                  del rule into virtual service
  --list            -L        list the table
  --load-configfile -f        load a config file
  --start                     start the virtual services
  --stop                      stop the virtual services
  --help            -h        display this help message

Options:
  --ident        -i identity          service identity
  --scheduler    -s scheduler         one of wlc|http|phttp|chttp|hhttp
                                      the default scheduler is http.
  --port         -P port              service port number
  --match        -m match-num         match number to hash (hhttp only)
  --real-server  -r server-address    server-address is host (and port)
  --listen       -l server-address    server-address is host (and port)
  --weight       -w weight            capacity of real server
  --pattern      -p pattern           extended regular expression
  --numeric      -n                   numeric output of addresses and ports
  --way way                           proxy (default), or switch: by weir switch apply, for what it can
                                      decide; what it cannot is named, and is the proxy's

The table is in /etc/weir/tcpvsadm.conf. What is started of it is in /etc/weir/tcpvsadm.yaml, which
weir proxy --config /etc/weir/tcpvsadm.yaml serves, and reads again on the signal HUP. What has
--way switch, weir switch apply --config /etc/weir/tcpvsadm.yaml gives to the datapath.
`;
