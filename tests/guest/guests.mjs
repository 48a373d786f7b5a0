// A node whose template 999 is the demo disk, and what tests do with guests made of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Node, skip as no_node, until, wait } from '../faults/node.mjs';

const TOOLS = fileURLToPath(new URL('../../tools/images', import.meta.url));
const BOOT_SECONDS = 240;  // of a machine with other work; alone it is 4, with UEFI 15
export const GUESTS = '/nodes/faulty/qemu';

const missing = ['qemu-system-x86_64', 'syslinux', 'mcopy', 'cpio', 'xorriso'].filter((program) =>
  spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${program}`]).status !== 0);

/** Why these tests cannot run here, or false. */
export const skip = no_node || (missing.length > 0 && `not installed: ${missing.join(', ')}`);

/** Runs a program of tools/images, which keeps what it makes in the cache. */
export function make_image(program, output) {
  const cache = process.env.POSADA_IMAGE_CACHE ?? join(tmpdir(), 'posada-images');
  const made = spawnSync(join(TOOLS, program), [output, '--cache', cache], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
}

/** The node; the demo disk is also the file demo.img in its folder. */
export async function node_with_template() {
  const node = await Node.make();
  const image = join(node.folder, 'demo.img');
  make_image('demo-vm', image);
  const created = node.posada('qm', 'create', '999', '--scsi0',
    `local:0,import-from=${image},format=qcow2`);
  assert.equal(created.status, 0, created.stderr);
  await node.work('POST', `${GUESTS}/999/template`);
  return node;
}

/** Waits until the guest's agent answers: it has booted to its end. */
export function booted(node, vmid) {
  return until(`guest ${vmid} answers`, async () => {
    const answer = await node.ask('POST', `${GUESTS}/${vmid}/agent/ping`);
    if (answer.status === 200) return true;
    await wait(200);
    return undefined;
  }, BOOT_SECONDS);
}

/** A machine whose disk under `disk` ("scsi0,iothread=1") is a linked copy of the template's. */
export async function copy(node, vmid, disk, config) {
  const [key, ...options] = disk.split(',');
  await node.work('POST', `${GUESTS}/999/clone`, { newid: vmid, name: `guest-${vmid}` });
  const { scsi0 } = await node.config(vmid);
  await node.call('PUT', `${GUESTS}/${vmid}/config`, { delete: 'scsi0' });
  await node.work('POST', `${GUESTS}/${vmid}/config`, {
    memory: 192, ostype: 'l26', agent: 1, serial0: 'socket', ...config,
    [key]: [scsi0.split(',')[0], ...options].join(','), boot: `order=${key}`,
  });
}


/** What a command of the guest's shell printed; fails when its status is not 0. */
export function run_in(node, vmid, command) {
  const done = node.posada('qm', 'guest', 'exec', String(vmid), '--', 'sh', '-c', command);
  assert.equal(done.status, 0, done.stderr);
  const answer = JSON.parse(done.stdout);
  assert.equal(answer.exitcode, 0, done.stdout);
  return answer['out-data'] ?? '';
}
