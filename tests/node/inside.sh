# Runs in the Debian machine of debian_test.py: uses the node as an administrator does and prints
# what it sees as lines `SAW NAME=VALUE`.
export PATH=/opt/posada/build/release:/usr/sbin:/usr/bin:/sbin:/bin POSADA_ROOT=/srv/node
exec >/dev/ttyS1 2>&1
saw() { echo "SAW $1=$2"; }
group() { cat /sys/fs/cgroup/posada/*/"$1" 2>&1; }
serve() {
  posada serve --root /srv/node >>/srv/serve.log 2>&1 &
  daemon=$!
  for _ in $(seq 1 240); do posada pvesh get /version >/dev/null 2>&1 && return; sleep 0.5; done
  cat /srv/serve.log
}
state() { posada "$1" status "$2" | sed -n 's/^status: //p'; }
address() { posada pct exec 101 -- ip -4 -o addr show eth0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p'; }
init_of() { posada pvesh get "/nodes/$(hostname)/lxc/101/status/current" --output-format json | sed 's/.*"pid":\([0-9]*\).*/\1/'; }

echo
saw cgroups "$(stat -fc %T /sys/fs/cgroup)"
ip link set lo up
serve
mkdir -p /srv/node/local/template/cache
cp /opt/ct.tar.zst /srv/node/local/template/cache/demo.tar.zst
posada pct create 101 local:vztmpl/demo.tar.zst --memory 128 --cores 1 --rootfs local:1 \
  --net0 name=eth0,bridge=vmbr0,ip=dhcp
posada pct start 101
saw container "$(state pct 101)"
saw container-memory "$(group ct-101/guest/memory.max)"
for _ in $(seq 1 60); do [ -n "$(address)" ] && break; sleep 0.5; done
saw container-page "$(curl -s -o /dev/null -m 20 --retry 10 --retry-connrefused -w '%{http_code}' "http://$(address)/")"
posada pct set 101 --memory 200 --cpulimit 0.5
saw container-memory-changed "$(group ct-101/guest/memory.max)"
saw container-cpu-changed "$(group ct-101/guest/cpu.max)"

# This machine is an emulated one itself, so its guests are, too.
posada qm create 200 --kvm 0 --memory 64 --scsi0 local:1 --net0 virtio,bridge=vmbr0 --cpulimit 0.5 \
  --cpuunits 200
posada qm start 200
saw machine "$(state qm 200)"
saw machine-cpu "$(group vm-200/cpu.max)"
saw machine-weight "$(group vm-200/cpu.weight)"
saw machine-process "$(group vm-200/cgroup.procs)"

saw container-before-kill "$(init_of)"
kill -9 $daemon
serve
saw container-after-kill "$(init_of)"
saw machine-after-kill "$(state qm 200)"

posada down --root /srv/node --yes
saw groups-left "$(ls -d /sys/fs/cgroup/posada 2>/dev/null)"
saw namespaces-left "$(ip netns list)"
saw links-left "$(ip -o link | grep -o 'pv[0-9a-f]\{8\}')"
saw tables-left "$(nft list tables | grep posada)"
systemctl poweroff
