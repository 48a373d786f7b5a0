// A made-up hospital's datacenter, with figures that move, for work on the page without a server.
const GiB = 2 ** 30;
const MiB = 2 ** 20;
const now = () => Math.floor(Date.now() / 1000);
const wave = (seed, span = 60) =>
  0.5 + 0.5 * Math.sin((Date.now() / 1000 / span) * 6.28 + seed * 1.7);

export const hostile = [
  '<img src=x onerror="window.hacked=1">',
  '"><script>window.hacked=1</script>',
  "javascript:window.hacked=1//'",
  '{{constructor.constructor("window.hacked=1")()}}',
  '<svg/onload=window.hacked=1>',
];

const names = [
  'web',
  'db',
  'mail',
  'files',
  'pacs',
  'ris',
  'lab',
  'dns',
  'proxy',
  'backup',
  'print',
  'monitor',
  'build',
  'wiki',
  'ldap',
  'radius',
];

const old_logs = {
  qmstart: [
    'reading the configuration of VM 100',
    'disk scsi0: local:100/vm-100-disk-0.qcow2',
    'network card net0 plugged into vmbr0',
    'QEMU 7.2 runs with pid 4711, machine pc-q35-7.2, acceleration kvm',
  ],
  vzstart: ['mounting the root file system', 'network card eth0 plugged into vmbr0', 'init runs'],
};

function guest(vmid, type, node, name, running, extra = {}) {
  return {
    id: `${type}/${vmid}`,
    type,
    vmid,
    node,
    name,
    template: 0,
    status: running ? 'running' : 'stopped',
    maxcpu: 2,
    cpu: 0,
    mem: 0,
    maxmem: 2 * GiB,
    disk: 0,
    maxdisk: 32 * GiB,
    netin: 0,
    netout: 0,
    diskread: 0,
    diskwrite: 0,
    uptime: running ? 86_400 * 3 + vmid * 61 : 0,
    ...extra,
  };
}

function storage(node, name, content, used, size, extra = {}) {
  return {
    id: `storage/${node}/${name}`,
    type: 'storage',
    node,
    storage: name,
    status: 'available',
    plugintype: 'dir',
    content,
    disk: used,
    maxdisk: size,
    shared: 0,
    ...extra,
  };
}

export class World {
  constructor({ guests = 14, with_hostile = false } = {}) {
    this.rows = new Map();
    this.configs = new Map();
    this.pending = new Map();
    this.tasks = [];
    this.logs = new Map();
    this.volumes = [
      {
        volid: 'local:iso/debian-12.9.0-amd64-netinst.iso',
        format: 'iso',
        size: 663 * MiB,
        ctime: now() - 86_400 * 9,
        content: 'iso',
      },
      {
        volid: 'local:iso/virtio-win-0.1.266.iso',
        format: 'iso',
        size: 708 * MiB,
        ctime: now() - 86_400 * 20,
        content: 'iso',
      },
      {
        volid: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
        format: 'tzst',
        size: 121 * MiB,
        ctime: now() - 86_400 * 4,
        content: 'vztmpl',
      },
      {
        volid: 'local:100/vm-100-disk-0.qcow2',
        format: 'qcow2',
        size: 32 * GiB,
        vmid: 100,
        ctime: now() - 86_400 * 3,
        content: 'images',
      },
    ];
    this.users = [
      {
        userid: 'admin@pve',
        enable: 1,
        expire: 0,
        comment: 'Made on the first run',
        groups: 'admins',
        'realm-type': 'pve',
      },
      {
        userid: 'nurse@pve',
        enable: 1,
        expire: 0,
        firstname: 'Rosa',
        lastname: 'Puig',
        email: 'rosa@hospital.example',
        'realm-type': 'pve',
      },
      { userid: 'root@pam', enable: 1, expire: 0, 'realm-type': 'pam' },
    ];
    this.groups = [{ groupid: 'admins', comment: 'Administrators', users: 'admin@pve' }];
    this.roles = [
      {
        roleid: 'Administrator',
        special: 1,
        privs:
          'Datastore.Allocate,Datastore.Audit,Sys.Audit,Sys.Modify,VM.Allocate,VM.Audit,VM.Console,VM.PowerMgmt',
      },
      { roleid: 'PVEVMUser', special: 1, privs: 'VM.Audit,VM.Console,VM.PowerMgmt' },
    ];
    this.acl = [
      { path: '/', type: 'group', ugid: 'admins', roleid: 'Administrator', propagate: 1 },
    ];
    this.definitions = [
      {
        storage: 'local',
        type: 'dir',
        path: '/var/lib/vz',
        content: 'iso,vztmpl,images,rootdir,import,snippets',
        digest: 'd1',
      },
    ];
    this.tokens = new Map();
    this.paused = new Set();
    for (const node of ['posada1', 'posada2']) {
      this.put({
        id: `node/${node}`,
        type: 'node',
        node,
        status: 'online',
        cpu: 0.2,
        maxcpu: 16,
        mem: 0,
        maxmem: 64 * GiB,
        disk: 41 * GiB,
        maxdisk: 220 * GiB,
        uptime: 86_400 * 41,
        acceleration: node === 'posada1' ? 'kvm' : 'tcg',
      });
      this.put(
        storage(node, 'local', 'iso,vztmpl,images,rootdir,import,snippets', 41 * GiB, 220 * GiB),
      );
    }
    this.put(
      storage('posada1', 'archive', 'backup', 0, 0, {
        status: 'unknown',
        plugintype: 'nfs',
        shared: 1,
      }),
    );
    this.put(
      guest(100, 'qemu', 'posada1', 'demo', true, { tags: 'demo;debian', acceleration: 'kvm' }),
    );
    this.put(
      guest(101, 'lxc', 'posada1', 'demo-ct', true, {
        maxmem: 512 * MiB,
        maxdisk: 8 * GiB,
        tags: 'demo',
      }),
    );
    for (let i = 0; i < guests; i += 1) {
      const type = i % 4 === 3 ? 'lxc' : 'qemu';
      const node = i % 3 === 2 ? 'posada2' : 'posada1';
      this.put(
        guest(
          102 + i,
          type,
          node,
          `${names[i % names.length]}-${1 + Math.floor(i / names.length)}`,
          i % 5 !== 4,
        ),
      );
    }
    if (with_hostile) {
      this.put(guest(900, 'qemu', 'posada2', hostile[0], false, { tags: hostile[1] }));
    }
    for (const row of this.rows.values()) if (row.vmid) this.configs.set(row.id, first_config(row));
    this.configs.get('qemu/100').description =
      'Demo machine. Sign in as root, no password.\nMade on the first start of this node.';
    if (with_hostile) this.configs.get('qemu/900').description = hostile.join('\n');
    this.pending.set('qemu/100', { memory: '4096' });
    for (const [type, id, status, ago] of [
      ['qmstart', '100', 'OK', 900],
      ['vzstart', '101', 'OK', 860],
      ['qmshutdown', '106', 'VM quit/powerdown failed - got timeout', 4000],
      ['imgcopy', '', 'OK', 8000],
      ['qmcreate', '103', 'OK', 9000],
    ]) {
      const task = this.start_task('posada1', type, id, now() - ago);
      for (const line of old_logs[type] ?? []) this.log(task, line);
      this.finish(task, status, now() - ago + 4);
    }
    setInterval(() => this.tick(), 2000).unref();
    this.tick();
  }

  listeners = new Set();
  emit(name, data) {
    for (const one of this.listeners) one(name, data);
  }
  put(row) {
    this.rows.set(row.id, row);
    this.emit('resource', row);
  }
  drop(id) {
    this.rows.delete(id);
    this.emit('resource', { id, gone: 1 });
  }

  tick() {
    let emitted = 0;
    for (const row of this.rows.values()) {
      if (row.type === 'node') {
        row.cpu = 0.12 + 0.3 * wave(row.node.length, 90);
        row.mem = Math.floor((18 + 6 * wave(3, 200)) * GiB);
        row.uptime += 2;
      } else if (row.status === 'running' && row.vmid) {
        row.cpu = 0.02 + 0.35 * wave(row.vmid, 40) ** 3 + 0.02 * Math.random();
        row.mem = Math.floor(row.maxmem * (0.35 + 0.2 * wave(row.vmid, 300)));
        row.netin += Math.floor(240_000 * wave(row.vmid, 30));
        row.netout += Math.floor(90_000 * wave(row.vmid + 1, 25));
        row.diskread += Math.floor(900_000 * wave(row.vmid + 2, 20));
        row.diskwrite += Math.floor(500_000 * wave(row.vmid + 3, 22));
        row.uptime += 2;
      } else continue;
      if (emitted < 400) this.emit('resource', row);
      emitted += 1;
    }
  }

  start_task(node, type, id, starttime = now()) {
    const hex = (number) => number.toString(16).toUpperCase().padStart(8, '0');
    const serial = this.tasks.length + 1;
    const upid = `UPID:${node}:${hex(0x1000000 + serial)}:${hex(serial)}:${hex(starttime)}:${type}:${id}:admin@pve:`;
    const task = { upid, node, type, id, user: 'admin@pve', starttime };
    this.tasks.unshift(task);
    this.logs.set(upid, []);
    this.emit('task', task);
    return task;
  }

  log(task, text) {
    const lines = this.logs.get(task.upid);
    lines.push({ n: lines.length + 1, t: text });
  }

  finish(task, status = 'OK', endtime = now()) {
    if (task.endtime) return;
    this.log(task, status === 'OK' ? 'TASK OK' : `TASK ERROR: ${status}`);
    Object.assign(task, { endtime, status });
    delete task.progress;
    this.emit('task', task);
  }

  // A task of several steps; `end` runs when it succeeds.
  run(node, type, id, steps, end) {
    const task = this.start_task(node, type, String(id));
    let at = 0;
    const timer = setInterval(() => {
      if (task.endtime) {
        clearInterval(timer);
        return;
      }
      if (at < steps.length) {
        this.log(task, steps[at]);
        at += 1;
        Object.assign(task, { progress: at / (steps.length + 1), message: steps[at - 1] });
        this.emit('task', task);
      } else {
        clearInterval(timer);
        end?.();
        this.finish(task);
      }
    }, 300);
    return task.upid;
  }
}

function first_config(row) {
  if (row.type === 'lxc') {
    return {
      hostname: row.name,
      memory: 512,
      swap: 512,
      cores: 1,
      ostype: 'debian',
      arch: 'amd64',
      unprivileged: 1,
      rootfs: `local:${row.vmid}/vm-${row.vmid}-disk-0.raw,size=8G`,
      net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:C2:D8:77,ip=dhcp,type=veth',
    };
  }
  return {
    name: row.name,
    memory: '2048',
    cores: 2,
    sockets: 1,
    ostype: 'l26',
    machine: 'q35',
    scsihw: 'virtio-scsi-pci',
    scsi0: `local:${row.vmid}/vm-${row.vmid}-disk-0.qcow2,size=32G`,
    ide2: 'none,media=cdrom',
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    serial0: 'socket',
    agent: '1',
    boot: 'order=scsi0;net0',
    onboot: 1,
    tags: row.tags,
  };
}

export function rrd(columns) {
  const end = Math.floor(now() / 60) * 60;
  return Array.from({ length: 70 }, (_, at) => {
    const time = end - (69 - at) * 60;
    const point = { time };
    if (at < 4) return point;
    columns.forEach(([name, low, high], seed) => {
      const share = 0.5 + 0.5 * Math.sin(time / 500 + seed * 2) * Math.sin(time / 130 + seed);
      point[name] = low + (high - low) * share;
    });
    return point;
  });
}
