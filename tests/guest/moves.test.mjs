// Disks of a guest on their way between two storages, while it runs and while it does not.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { GUESTS, booted, copy, node_with_template, run_in, skip } from './guests.mjs';

test('disks that move', { skip }, async (t) => {
  const node = await node_with_template();
  t.after(() => node.remove());
  const other = join(node.folder, 'other');
  mkdirSync(other);
  await node.call('POST', '/storage', { storage: 'other', type: 'dir', path: other, content: 'images' });
  await copy(node, 103, 'virtio0,discard=on,iops_wr=5000', { scsihw: 'virtio-scsi-single' });
  const start = async () => {
    await node.work('POST', `${GUESTS}/103/status/start`);
    await booted(node, 103);
  };
  const move = (parameters) => node.work('POST', `${GUESTS}/103/move_disk`, parameters);

  await t.test('of a running guest: it goes on, and what it writes is on the new disk', async () => {
    await start();
    const before = (await node.config(103)).virtio0;
    run_in(node, 103, 'echo early > /data/note; sync; '
      + '(while true; do date >> /data/beat; sync; done) >/dev/null 2>&1 &');
    await move({ disk: 'virtio0', storage: 'other' });
    const { virtio0, unused0 } = await node.config(103);
    assert.match(virtio0, /^other:103\/vm-103-disk-0\.qcow2,.*discard=on.*iops_wr=5000/);
    assert.equal(unused0, before.split(',')[0]);
    run_in(node, 103, 'echo late > /data/note; sync');
    const [{ pid }] = node.machines();
    assert.ok(pid > 0);
    await node.work('PUT', `${GUESTS}/103/resize`, { disk: 'virtio0', size: '+1G' });
    assert.match(run_in(node, 103, 'cat /sys/block/vda/size'), /^2220032$/m);
    await node.work('POST', `${GUESTS}/103/status/stop`);
    await node.call('PUT', `${GUESTS}/103/unlink`, { idlist: 'unused0' });
    assert.equal((await node.config(103)).unused0, undefined);
    await start();
    assert.equal(run_in(node, 103, 'cat /data/note'), 'late\n');
  });

  await t.test('back, as raw, and the old volume goes at once', async () => {
    const done = node.posada('qm', 'disk', 'move', '103', 'virtio0', 'local', '--format', 'raw',
      '--delete', '1');
    assert.equal(done.status, 0, done.stderr);
    const config = await node.config(103);
    assert.match(config.virtio0, /^local:103\/vm-103-disk-\d\.raw,/);
    assert.equal(config.unused0, undefined);
    assert.ok(!existsSync(join(other, 'images/103/vm-103-disk-0.qcow2')));
    assert.equal(run_in(node, 103, 'cat /data/note'), 'late\n');
    await node.work('POST', `${GUESTS}/103/status/stop`);
  });

  await t.test('of a guest that is off', async () => {
    await move({ disk: 'virtio0', storage: 'other', format: 'qcow2', delete: 1 });
    assert.match((await node.config(103)).virtio0, /^other:103\/vm-103-disk-0\.qcow2,/);
    await start();
    assert.equal(run_in(node, 103, 'cat /data/note'), 'late\n');
  });

  await t.test('what cannot be is refused', async () => {
    const refused = async (parameters, text) => {
      const answer = await node.ask('POST', `${GUESTS}/103/move_disk`, parameters);
      assert.notEqual(answer.status, 200);
      assert.match(answer.text, text);
    };
    await refused({ disk: 'virtio0', storage: 'other' }, /same storage with same format/);
    await refused({ disk: 'scsi7', storage: 'other' }, /disk 'scsi7' does not exist/);
    await refused({ disk: 'virtio0', storage: 'nowhere' }, /'nowhere' does not exist/);
    await refused({ disk: 'virtio0', 'target-vmid': 104 }, /target-vmid/);
  });
});
