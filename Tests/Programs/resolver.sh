#!/bin/sh
# In namespaces of its own (unshare -n -m): a name server, a redirect service for datagrams, and two programs that ask:
# dig through libc's sendmmsg, Python through glibc's resolver. `resolver.sh RELAY SHIM FOLDER`, WFPSHIM_ENGINE is set.
relay=$1 shim=$2 folder=$3
ip link set lo up || exit 3
echo 'nameserver 127.0.0.1' >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf || exit 3
dnsmasq --keep-in-foreground --port=53 --listen-address=127.0.0.1 --bind-interfaces --no-resolv --no-hosts \
  --conf-file=/dev/null --pid-file= --user=root --address=/wfp.test/192.0.2.7 --log-facility=- >"$folder/names" 2>&1 &
names=$!
LD_PRELOAD=$shim "$relay" relay 0 >"$folder/relay" 2>&1 &
service=$!
trap 'kill $names $service' EXIT
until grep -qs started "$folder/names" && grep -qs listening "$folder/relay"; do
  kill -0 $names && kill -0 $service || exit 3
  sleep 0.02
done
cat >"$folder/names.yaml" <<YAML
version: 1
providers:
  - name: relay
    endpoints: ["127.0.0.1:$(sed -n 's/.*listening on //p' "$folder/relay")"]
    context: [{sockaddr_storage: remote}, {sockaddr_storage: local}]
filters:
  - {name: names, action: redirect, provider: relay, conditions: {ip_protocol: udp, ip_remote_port: 53}}
YAML
wfpctl policy load "$folder/names.yaml" || exit 3
echo "dig $(LD_PRELOAD=$shim dig +short +tries=1 @127.0.0.1 wfp.test) flows $(grep -c '#' "$folder/relay")"
ask="import socket; print(socket.getaddrinfo('wfp.test', 80, socket.AF_INET)[0][4][0])"
echo "getaddrinfo $(LD_PRELOAD=$shim python3 -c "$ask") flows $(grep -c '#' "$folder/relay")"
