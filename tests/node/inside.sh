# Runs in the Debian machine of debian_test.py, once for each of its two boots: uses the node as an
# administrator does and prints what it sees as lines `SAW NAME=VALUE`.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin POSADA_ROOT=/srv/node-a
exec >/dev/ttyS1 2>&1
saw() { echo "SAW $1=$2"; }
group() { cat /sys/fs/cgroup/posada/*/"$1" 2>&1; }

# until_it TRY…: until the command succeeds, at most five minutes.
until_it() {
  local look
  for look in $(seq 1 600); do "$@" && return; sleep 0.5; done
  echo "never came: $*"
  tail -20 /srv/node-a/log/posada.log
  return 1
}
answers() { pvesh get /version >/dev/null 2>&1; }
state() { "$1" status "$2" | sed -n 's/^status: //p'; }
runs() { [ "$(state "$1" "$2")" = running ]; }
address() { pct exec 101 -- ip -4 -o addr show eth0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p'; }
has_address() { [ -n "$(address)" ]; }
page() { curl -s -o /dev/null -m 20 --retry 10 --retry-connrefused -w '%{http_code}' "http://$(address)/"; }
init_of() { pvesh get "/nodes/$(hostname)/lxc/101/status/current" --output-format json | sed 's/.*"pid":\([0-9]*\).*/\1/'; }
daemon() { systemctl show -p MainPID --value posada.service; }
another_daemon() { [ "$(daemon)" != "$1" ] && answers; }
volume() { pct exec 101 -- df -k / | awk 'END { print $2 }'; }
boot_id() { cat /proc/sys/kernel/random/boot_id; }

first_boot() {
  saw cgroups "$(stat -fc %T /sys/fs/cgroup)"
  saw first-boot "$(boot_id)"
  until_it answers || return
  mkdir -p /srv/node-a/local/template/cache
  cp /opt/ct.tar.zst /srv/node-a/local/template/cache/demo.tar.zst
  pct create 101 local:vztmpl/demo.tar.zst --memory 128 --cores 1 --rootfs local:1 \
    --net0 name=eth0,bridge=vmbr0,ip=dhcp --onboot 1
  pct start 101
  saw container "$(state pct 101)"
  saw container-memory "$(group ct-101/guest/memory.max)"
  until_it has_address
  saw container-page "$(page)"
  saw world "$(pct exec 101 -- wget -q -O - http://10.0.2.100/)"
  saw volume-before "$(volume)"
  pct resize 101 rootfs +512M
  saw volume-after "$(volume)"
  pct set 101 --memory 200 --cpulimit 0.5
  saw container-memory-changed "$(group ct-101/guest/memory.max)"
  saw container-cpu-changed "$(group ct-101/guest/cpu.max)"

  # This machine is an emulated one itself, so its guests are, too.
  qm create 200 --kvm 0 --memory 64 --scsi0 local:1 --net0 virtio,bridge=vmbr0 --cpulimit 0.5 \
    --cpuunits 200
  qm start 200
  saw machine "$(state qm 200)"
  saw machine-cpu "$(group vm-200/cpu.max)"
  saw machine-weight "$(group vm-200/cpu.weight)"
  saw machine-process "$(group vm-200/cgroup.procs)"

  saw container-before-kill "$(init_of)"
  local before
  before=$(daemon)
  saw daemon-before-kill "$before"
  kill -9 "$before"
  until_it another_daemon "$before"
  saw daemon-after-kill "$(daemon)"
  saw container-after-kill "$(init_of)"
  saw machine-after-kill "$(state qm 200)"
  # It has no system that would hear an ACPI button; at the shutdown it would only take time.
  qm stop 200
  touch /opt/was-here
  systemctl reboot
}

second_boot() {
  saw second-boot "$(boot_id)"
  until_it answers || return
  until_it runs pct 101
  saw container-after-boot "$(state pct 101)"
  saw machine-after-boot "$(state qm 200)"
  saw stopall "$(pvenode task list --typefilter stopall --output-format json | sed 's/.*"status":"\([^"]*\)".*/\1/')"
  until_it has_address
  saw container-page-after-boot "$(page)"

  qm start 200
  systemctl stop posada-guests.service
  posada down --root /srv/node-a --yes
  saw groups-left "$(ls -d /sys/fs/cgroup/posada 2>/dev/null)"
  saw namespaces-left "$(ip netns list)"
  saw links-left "$(ip -o link | grep -v -e ' lo: ' -e ' en[a-z0-9]*: ')"
  saw tables-left "$(nft list tables)"
  # The empty folder of network namespaces stays a mount, as `ip netns` leaves it, too.
  saw mounts-left "$(grep -e posada -e /srv -e '/netns/' /proc/self/mountinfo)"
  saw loops-left "$(losetup -a)"
  saw processes-left "$(pgrep -a 'posada|qemu|lxc|dnsmasq')"
  saw files-left "$(find /run/posada -mindepth 1 2>/dev/null)"
  systemctl poweroff
}

echo
if [ -e /opt/was-here ]; then second_boot; else first_boot; fi
# Nothing more will be said when a step was given up.
systemctl is-system-running | grep -q stopping || systemctl poweroff
