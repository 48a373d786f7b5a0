// The calls the page makes, answered from the made-up world.
import { rrd } from './data.mjs';
import { access } from './access.mjs';
import { guest } from './guests.mjs';

export const ok = (data) => ({ data });
export const refuse = (status, message, more = {}) => ({
  status,
  reason: message.split('\n')[0],
  body: { data: null, message: `${message}\n`, ...more },
});
export const invalid = (errors) => refuse(400, 'Parameter verification failed.', { errors });
export const missing = (method, path) =>
  refuse(501, `Method '${method} /${path.join('/')}' not implemented`);

export function answer(world, method, path, params, { signed_in, csrf }) {
  const [area, first, second, third] = path;
  if (path.join('/') === 'access/domains')
    return ok([
      { realm: 'pam', type: 'pam', comment: 'Linux PAM' },
      { realm: 'pve', type: 'pve', comment: 'Posada' },
    ]);
  if (path.join('/') === 'access/ticket') return ticket(method, params, signed_in);
  if (!signed_in) return { status: 401, reason: 'No ticket', body: {} };
  const upload = third === 'upload' || path[4] === 'upload';
  if (method !== 'GET' && csrf !== 'csrf' && !upload)
    return refuse(401, 'Permission denied - invalid csrf token');
  if (area === 'version')
    return ok({ version: '9.2.3', release: '9.2', repoid: '0123456789abcdef' });
  if (area === 'access') return access(world, method, path.slice(1), params);
  if (area === 'cluster' && first === 'resources') return ok([...world.rows.values()]);
  if (area === 'cluster' && first === 'tasks') return ok(world.tasks.slice(0, 50));
  if (area === 'cluster' && first === 'nextid') {
    let id = 100;
    while (world.rows.has(`qemu/${id}`) || world.rows.has(`lxc/${id}`)) id += 1;
    return ok(String(id));
  }
  if (area === 'storage') return definitions(world, method, first, params);
  if (area === 'nodes' && second === 'tasks') return tasks(world, method, path, params);
  if (area === 'nodes' && second === 'storage') return storage(world, method, path, params);
  if (area === 'nodes' && (second === 'qemu' || second === 'lxc'))
    return guest(world, method, path, params);
  if (area === 'nodes') return node(world, method, path, params);
  return missing(method, path);
}

function ticket(method, params, signed_in) {
  const clear = 'PVEAuthCookie=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict';
  if (method === 'DELETE') return { data: null, headers: { 'Set-Cookie': clear } };
  const known =
    params.username === 'admin@pve' &&
    (params.password === 'secret' ||
      params.password?.startsWith('PVE:') ||
      (params.password === undefined && signed_in));
  if (!known) return refuse(401, 'authentication failure');
  return {
    data: {
      ticket: 'PVE:admin@pve:6B0108B3::c2ln',
      CSRFPreventionToken: 'csrf',
      username: 'admin@pve',
      cap: { vms: { 'VM.Allocate': 1 } },
    },
    headers: { 'Set-Cookie': 'PVEAuthCookie=PVE%3Aadmin; Path=/; HttpOnly; SameSite=Strict' },
  };
}

function node(world, method, path) {
  const [, name, what] = path;
  const row = world.rows.get(`node/${name}`);
  if (!row) return refuse(500, `no such cluster node '${name}'`);
  if (what === 'status') {
    return ok({
      cpu: row.cpu,
      uptime: row.uptime,
      pveversion: 'posada/0.1.0/2a24e75',
      loadavg: ['0.42', '0.36', '0.31'],
      kversion: 'Linux 6.1.0-31-amd64 #1 SMP Debian',
      acceleration: row.acceleration,
      cpuinfo: { cpus: 16, cores: 8, sockets: 1, model: 'AMD EPYC 7313P 16-Core Processor' },
      memory: { total: row.maxmem, used: row.mem, free: row.maxmem - row.mem },
      swap: { total: 8 * 2 ** 30, used: 2 ** 29 },
      rootfs: { total: row.maxdisk, used: row.disk },
    });
  }
  if (what === 'rrddata')
    return ok(
      rrd([
        ['cpu', 0.1, 0.6],
        ['iowait', 0, 0.05],
        ['loadavg', 0.2, 3],
        ['memused', 15e9, 30e9],
        ['memtotal', 64e9, 64e9],
        ['netin', 1e4, 2e6],
        ['netout', 1e4, 1e6],
      ]),
    );
  if (what === 'network')
    return ok([
      {
        iface: 'vmbr0',
        type: 'bridge',
        active: 1,
        autostart: 1,
        cidr: '10.0.2.1/24',
        bridge_ports: '',
      },
      { iface: 'eno1', type: 'eth', active: 1 },
    ]);
  return missing(method, path);
}

function tasks(world, method, path, params) {
  const [, name, , upid, what] = path;
  if (!upid) {
    return ok(
      world.tasks.filter(
        (task) =>
          task.node === name &&
          (!params.vmid || task.id === params.vmid) &&
          (!Number(params.errors) || (task.endtime && task.status !== 'OK')),
      ),
    );
  }
  const task = world.tasks.find((one) => one.upid === upid);
  if (!task) return invalid({ upid: 'no such task' });
  if (method === 'DELETE') {
    world.finish(task, 'stopped by user');
    return ok(null);
  }
  if (what === 'status')
    return ok({ ...task, status: task.endtime ? 'stopped' : 'running', exitstatus: task.status });
  const lines = world.logs.get(upid);
  return { data: lines.slice(Number(params.start ?? 0)), total: lines.length };
}

function storage(world, method, path, params) {
  const [, name, , id, what, volume] = path;
  const rows = [...world.rows.values()].filter(
    (row) => row.type === 'storage' && row.node === name,
  );
  const shape = (row) => ({
    storage: row.storage,
    type: row.plugintype,
    content: row.content,
    active: row.status === 'available' ? 1 : 0,
    enabled: 1,
    shared: row.shared,
    used: row.disk,
    total: row.maxdisk,
    avail: row.maxdisk - row.disk,
  });
  if (!id)
    return ok(
      rows
        .filter((row) => !params.content || row.content.split(',').includes(params.content))
        .map(shape),
    );
  const row = rows.find((one) => one.storage === id);
  if (!row) return refuse(500, `storage '${id}' does not exist`);
  if (what === 'status') return ok(shape(row));
  if (what === 'rrddata')
    return ok(
      rrd([
        ['used', 38e9, 44e9],
        ['total', 220e9, 220e9],
      ]),
    );
  if (what === 'upload' || what === 'download-url') {
    const file = params.filename ?? /filename="([^"]+)"/.exec(params.body)?.[1];
    const content = params.content ?? /name="content"\r\n\r\n(\w+)/.exec(params.body)?.[1];
    const size = params.body?.length ?? 5e6;
    return ok(
      world.run(name, 'imgcopy', '', [`target file: ${file}`, 'checking the image'], () =>
        world.volumes.push({
          volid: `${id}:${content}/${file}`,
          format: content,
          size,
          content,
          ctime: Math.floor(Date.now() / 1000),
        }),
      ),
    );
  }
  if (what === 'content' && method === 'DELETE') {
    return ok(
      world.run(name, 'imgdel', id, [`removing ${volume}`], () => {
        world.volumes = world.volumes.filter((one) => one.volid !== volume);
      }),
    );
  }
  if (what === 'content')
    return ok(
      world.volumes.filter(
        (one) =>
          one.volid.startsWith(`${id}:`) && (!params.content || one.content === params.content),
      ),
    );
  return missing(method, path);
}

function definitions(world, method, id, params) {
  if (method === 'GET') return ok(world.definitions);
  if (method === 'POST') {
    if (!params.path?.startsWith('/'))
      return invalid({ path: 'invalid format - not an absolute path' });
    world.definitions.push(params);
  } else if (method === 'PUT')
    Object.assign(
      world.definitions.find((one) => one.storage === id),
      params,
    );
  else world.definitions = world.definitions.filter((one) => one.storage !== id);
  return ok(null);
}
