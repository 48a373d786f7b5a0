import { rrd } from './data.mjs';
import { invalid, missing, ok, refuse } from './routes.mjs';

const prefix = { qemu: 'qm', lxc: 'vz' };
const GiB = 2 ** 30;

export function guest(world, method, path, params) {
  const [, node, kind, id, what, which] = path;
  if (!id)
    return method === 'POST'
      ? create(world, node, kind, params)
      : ok([...world.rows.values()].filter((row) => row.type === kind && row.node === node));
  const key = `${kind}/${id}`;
  const row = world.rows.get(key);
  if (!row)
    return refuse(
      500,
      `Configuration file 'nodes/${node}/${kind === 'qemu' ? 'qemu-server' : 'lxc'}/${id}.conf' does not exist`,
    );
  const config = world.configs.get(key);
  if (!what && method === 'DELETE') {
    if (row.status === 'running') return refuse(500, `VM ${id} is running - destroy failed`);
    return ok(
      world.run(node, `${prefix[kind]}destroy`, id, [`removing disks of ${id}`], () => {
        world.drop(key);
        world.configs.delete(key);
      }),
    );
  }
  if (what === 'status' && method === 'GET')
    return ok({
      ...row,
      qmpstatus: world.paused.has(row.id) ? 'paused' : row.status,
      'running-machine': 'pc-q35-7.2',
      acceleration: row.acceleration,
    });
  if (what === 'status') return power(world, row, which);
  if (what === 'config' && method === 'GET') return ok({ ...config, digest: 'abc' });
  if (what === 'config') return change(world, row, config, params, method);
  if (what === 'pending') return ok(pending_list(world, key, config));
  if (what === 'resize')
    return ok(
      world.run(node, 'resize', id, [`resizing ${params.disk}`], () => {
        config[params.disk] = config[params.disk].replace(/size=\d+G/, 'size=64G');
      }),
    );
  if (what === 'rrddata')
    return ok(
      rrd([
        ['cpu', 0.02, 0.5],
        ['mem', 0.5 * GiB, 1.2 * GiB],
        ['maxmem', 2 * GiB, 2 * GiB],
        ['netin', 1e3, 4e5],
        ['netout', 1e3, 2e5],
        ['diskread', 0, 3e6],
        ['diskwrite', 0, 1e6],
      ]),
    );
  if (what === 'agent')
    return ok({
      result: [
        { name: 'lo', 'ip-addresses': [] },
        {
          name: 'ens18',
          'ip-addresses': [
            { 'ip-address': '10.0.2.15', 'ip-address-type': 'ipv4' },
            { 'ip-address': 'fe80::be24:11ff:fe00:1', 'ip-address-type': 'ipv6' },
          ],
        },
      ],
    });
  if (what === 'interfaces')
    return ok([
      { name: 'lo', inet: '127.0.0.1/8' },
      { name: 'eth0', inet: '10.0.2.16/24', inet6: 'fe80::1/64' },
    ]);
  if (what === 'vncproxy' || what === 'termproxy')
    return ok({
      user: 'admin@pve',
      ticket: 'abcdefgh:PVEVNC:1',
      port: '5900',
      upid: world.start_task(node, 'vncproxy', id).upid,
    });
  return missing(method, path);
}

function power(world, row, action) {
  const kind = prefix[row.type];
  const name = { suspend: `${kind}pause` }[action] ?? `${kind}${action}`;
  const after = () => {
    if (action === 'suspend') world.paused.add(row.id);
    else world.paused.delete(row.id);
    const running = ['start', 'reboot', 'reset', 'resume', 'suspend'].includes(action);
    world.put(
      Object.assign(row, {
        status: running ? 'running' : 'stopped',
        uptime: running ? Math.max(row.uptime, 1) : 0,
      }),
    );
  };
  return ok(
    world.run(row.node, name, row.vmid, [`${action} ${row.vmid}`, 'waiting for the guest'], after),
  );
}

function change(world, row, config, params, method) {
  const { digest, delete: gone, revert, ...set } = params;
  if (digest && digest !== 'abc')
    return refuse(500, 'detected modified configuration - file changed by other user? Try again.');
  if (set.memory && Number(set.memory) < 16)
    return invalid({ memory: 'value must have a minimum value of 16' });
  const later = world.pending.get(row.id) ?? {};
  world.pending.set(row.id, later);
  for (const key of (revert ?? '').split(',')) delete later[key];
  for (const [key, value] of Object.entries(set)) {
    const cold =
      row.status === 'running' &&
      ['memory', 'balloon', 'cores', 'sockets', 'cpu', 'machine', 'bios', 'boot'].includes(key);
    if (cold) later[key] = value;
    else config[key] = value;
  }
  for (const key of (gone ?? '').split(',').filter(Boolean)) {
    if (/^(scsi|virtio|sata|ide)\d/.test(key) && !/media=cdrom/.test(config[key]))
      config.unused0 = config[key].split(',')[0];
    delete config[key];
  }
  world.put(
    Object.assign(row, { name: config.name ?? config.hostname ?? row.name, tags: config.tags }),
  );
  return method === 'POST'
    ? ok(world.run(row.node, 'qmconfig', row.vmid, ['update VM']))
    : ok(null);
}

function pending_list(world, key, config) {
  const later = world.pending.get(key) ?? {};
  const keys = new Set([...Object.keys(config), ...Object.keys(later)]);
  return [
    { key: 'digest', value: 'abc' },
    ...[...keys].map((name) => ({
      key: name,
      ...(config[name] === undefined ? {} : { value: config[name] }),
      ...(later[name] === undefined ? {} : { pending: later[name] }),
    })),
  ];
}

function create(world, node, kind, params) {
  const { vmid, start } = params;
  if (!/^\d+$/.test(vmid ?? '')) return invalid({ vmid: "type check ('integer') failed - got ''" });
  if (params.memory === '666')
    return invalid({ memory: 'value must have a maximum value of 65536' });
  if (world.rows.has(`qemu/${vmid}`) || world.rows.has(`lxc/${vmid}`))
    return refuse(500, `unable to create VM ${vmid} - VM ${vmid} already exists on node '${node}'`);
  const config = { ...params };
  for (const name of ['vmid', 'start', 'node', 'ostemplate', 'password']) delete config[name];
  const row = {
    id: `${kind}/${vmid}`,
    type: kind,
    vmid: Number(vmid),
    node,
    name: params.name ?? params.hostname,
    status: 'stopped',
    template: 0,
    maxcpu: Number(params.cores ?? 1),
    cpu: 0,
    mem: 0,
    maxmem: Number(params.memory ?? 512) * 2 ** 20,
    disk: 0,
    maxdisk: 32 * GiB,
    netin: 0,
    netout: 0,
    diskread: 0,
    diskwrite: 0,
    uptime: 0,
    tags: params.tags,
  };
  return ok(
    world.run(
      node,
      `${prefix[kind]}create`,
      vmid,
      ['creating disk scsi0', 'writing configuration'],
      () => {
        world.configs.set(row.id, config);
        world.put(row);
        if (start === '1') power(world, row, 'start');
      },
    ),
  );
}
