// What the walk of kills (kills.mjs) does to a node: kinds of work, the failpoints that each passes
// (base/failpoint.h), and which of them are possible now.

import https from 'node:https';

import { pick } from './random.mjs';

const MIB = 1024 * 1024;
export const MACHINE = '/nodes/faulty/qemu';
export const CONTAINER = '/nodes/faulty/lxc';
export const TEMPLATE = 'local:vztmpl/demo-ct.tar.zst';
// These run all the time, and nobody may touch them.
export const BYSTANDERS = [100, 200];
const MACHINES = [101, 102, 103];
const CONTAINERS = [201, 202, 203];

export const is_container = (vmid) => vmid >= 200;
export const path_of = (vmid) => `${is_container(vmid) ? CONTAINER : MACHINE}/${vmid}`;

const ALLOCATION = ['journal.written', 'storage.allocate.journaled', 'storage.allocate.reserved',
  'storage.allocate.made'];
const REMOVAL = ['storage.remove.marked', 'storage.remove.gone'];
const FILLED_VOLUME = [...ALLOCATION, 'ct.volume.allocated', 'ct.volume.formatted',
  'task.worker.prepared', 'task.worker.started', 'task.work-done'];

export const FAILPOINTS = {
  create: [...ALLOCATION, 'storage.directory.file-made', 'vm.disk.allocated', 'vm.create.disks',
    'vm.create.committed', 'task.work-done'],
  start: ['journal.written', 'vm.start.journalled', 'vm.start.folder', 'vm.start.network',
    'vm.start.disks', 'vm.start.group', 'vm.start.spawned', 'vm.start.recorded', 'vm.start.greeted',
    'vm.start.running', 'task.work-done'],
  stop: ['vm.release.process', 'vm.release.network', 'task.work-done'],
  remove: ['journal.written', 'vm.destroy.journalled', 'vm.destroy.committed', 'vm.destroy.volume',
    ...REMOVAL, 'vm.destroy.removed', 'task.work-done'],
  add_disk: ['journal.written', 'vm.volume.journalled', 'storage.allocate.made',
    'vm.change.disks', 'vm.change.committed', 'vm.plug.node', 'vm.change.plugged'],
  configure: ['vm.change.committed'],
  upload: ['task.worker.prepared', 'task.worker.started', 'worker.incoming.checked',
    'worker.incoming.named', 'task.work-done'],
  ct_create: [...FILLED_VOLUME, 'ct.create.volumes', 'ct.create.unpacked', 'ct.create.committed'],
  ct_start: ['journal.written', 'ct.pending.applied', 'ct.start.journalled', 'ct.start.ordered',
    'ct.start.started', 'task.work-done'],
  ct_stop: ['task.work-done'],
  ct_remove: ['journal.written', 'ct.destroy.journalled', 'ct.destroy.committed',
    'ct.destroy.volume', ...REMOVAL, 'ct.destroy.removed', 'task.work-done'],
  ct_add_mount: [...ALLOCATION, 'ct.volume.allocated', 'ct.volume.formatted',
    'ct.change.committed'],
  ct_configure: ['ct.change.committed'],
  ct_clone: [...FILLED_VOLUME, 'ct.volume.copied', 'ct.clone.volume', 'ct.clone.committed'],
  ct_resize: ['ct.resize.grown', 'ct.resize.committed', 'task.work-done'],
};

export const ALL_FAILPOINTS = Object.values(FAILPOINTS).flat();

/** Kinds that end or begin a guest's process, or its existence. */
export const changes_process = (kind) => /(start|stop|create|remove|clone)$/.test(kind);

/** Sends an upload in pieces, so that a kill can come between them. */
function upload(node, name, content) {
  const boundary = 'posada-fault-boundary';
  const head = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\n`
    + `iso\r\n--${boundary}\r\nContent-Disposition: form-data; name="filename"; `
    + `filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const url = new URL(node.url);
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: url.hostname, port: url.port, method: 'POST', agent: false, timeout: 30000,
      path: '/api2/json/nodes/faulty/storage/local/upload', rejectUnauthorized: false,
      headers: {
        ...node.identity.headers('POST', false),
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': head.length + content.length + tail.length,
      },
    }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('the upload hangs')));
    request.on('error', reject);
    request.write(head);
    for (let at = 0; at < content.length; at += MIB) {
      request.write(content.subarray(at, at + MIB));
    }
    request.end(tail);
  });
}

/** A kind of work with how to begin it. */
function work(node, kind, vmid, method, path, parameters = {}) {
  return { kind, vmid, begin: () => node.ask(method, path, parameters) };
}

const first_free = (text, name, numbers) => numbers.find((n) => !text.includes(`"${name}${n}"`));

function machine_choices({ node, random, expected, running, step }) {
  const vmid = pick(random, MACHINES);
  const guest = `${MACHINE}/${vmid}`;
  if (!expected.has(vmid)) {
    const disks = { scsi0: 'local:1', ...(random() < 0.5 && { scsi1: 'local:1,format=qcow2' }) };
    const create = work(node, 'create', vmid, 'POST', MACHINE, { vmid, memory: 32, ...disks });
    return [create, create, create];
  }
  const choices = [work(node, 'configure', vmid, 'PUT', `${guest}/config`,
    { description: `step ${step}`, onboot: step % 2 })];
  // A new key each time: a disk that takes another's place waits on a running machine.
  const free = first_free(expected.get(vmid), 'virtio', [0, 1, 2, 3, 4, 5]);
  if (free !== undefined) {
    choices.push(work(node, 'add_disk', vmid, 'POST', `${guest}/config`,
      { [`virtio${free}`]: 'local:1' }));
  }
  const on = running.has(vmid);
  const power = work(node, on ? 'stop' : 'start', vmid, 'POST',
    `${guest}/status/${on ? 'stop' : 'start'}`);
  choices.push(power, power);
  const remove = work(node, 'remove', vmid, 'DELETE', guest);
  if (!on) choices.push(remove, remove);
  return choices;
}

function new_container(vmid, with_image) {
  return {
    vmid, ostemplate: TEMPLATE, hostname: `ct-${vmid}`, memory: 64, swap: 0, rootfs: 'local:0',
    net0: 'name=eth0,bridge=vmbr0,ip=manual', ...(with_image && { mp0: 'local:0.02,mp=/srv' }),
  };
}

function container_choices({ node, random, expected, running, step }) {
  const vmid = pick(random, CONTAINERS);
  const guest = `${CONTAINER}/${vmid}`;
  const sources = CONTAINERS.filter((one) => expected.has(one) && !running.has(one));
  if (!expected.has(vmid)) {
    const create = work(node, 'ct_create', vmid, 'POST', CONTAINER,
      new_container(vmid, random() < 0.5));
    if (sources.length === 0) return [create];
    const source = pick(random, sources);
    const clone = work(node, 'ct_clone', vmid, 'POST', `${CONTAINER}/${source}/clone`,
      { newid: vmid, full: 1 });
    return [create, create, { ...clone, source }, { ...clone, source }];
  }
  const choices = [work(node, 'ct_configure', vmid, 'PUT', `${guest}/config`,
    { description: `step ${step}`, onboot: step % 2 })];
  const text = expected.get(vmid);
  const free = first_free(text, 'mp', [0, 1, 2]);
  if (free !== undefined) {
    choices.push(work(node, 'ct_add_mount', vmid, 'PUT', `${guest}/config`,
      { [`mp${free}`]: `local:${pick(random, ['0', '0.02'])},mp=/mnt/${free}` }));
  }
  const on = running.has(vmid);
  const power = on
    ? work(node, 'ct_stop', vmid, 'POST', `${guest}/status/${pick(random, ['stop', 'shutdown'])}`)
    : work(node, 'ct_start', vmid, 'POST', `${guest}/status/start`);
  choices.push(power, power);
  const image = /"(mp\d)","[^"]*\.raw/.exec(text);
  if (!on && image) {
    const resize = work(node, 'ct_resize', vmid, 'PUT', `${guest}/resize`,
      { disk: image[1], size: '+4M' });
    choices.push({ ...resize, disk: image[1] }, { ...resize, disk: image[1] });
  }
  if (!on) choices.push(work(node, 'ct_remove', vmid, 'DELETE', guest));
  return choices;
}

function upload_choice({ node, random, step }) {
  const image = `step-${step % 3}.iso`;
  const content = Buffer.alloc(1 + Math.floor(random() * 8 * MIB), step);
  return { kind: 'upload', image, content, begin: () => upload(node, image, content) };
}

/**
 * One work that is possible now: {kind, vmid?, begin}; one that passes the failpoint `armed` when
 * there is one. `now` is {node, random, expected, running, step}.
 */
export function choose(now, armed) {
  const fits = (choice) => FAILPOINTS[choice.kind].includes(armed);
  const choices = [...machine_choices(now), ...container_choices(now), upload_choice(now)];
  const fitting = choices.filter(fits);
  return pick(now.random, fitting.length > 0 ? fitting : choices);
}

/** The guests that run all the time. */
export async function make_bystanders(node) {
  const [machine, container] = BYSTANDERS;
  await node.work('POST', MACHINE, {
    vmid: machine, name: 'bystander', memory: 32, scsi0: 'local:1', description: 'keep me',
  });
  await node.work('POST', `${MACHINE}/${machine}/status/start`);
  await node.work('POST', CONTAINER, { ...new_container(container, true), description: 'keep me' });
  await node.work('POST', `${CONTAINER}/${container}/status/start`);
}
