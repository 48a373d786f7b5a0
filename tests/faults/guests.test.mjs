// Machines in trouble: ended from outside, refusing to start, asked for by many at once.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Node, kill_quietly, skip, until, wait } from './node.mjs';

const GUESTS = '/nodes/faulty/qemu';

test('machines in trouble', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  await node.work('POST', GUESTS, { vmid: 100, memory: 32, scsi0: 'local:1' });

  await t.test('a machine killed from outside is stopped, and starts again', async () => {
    for (let round = 0; round < 3; round += 1) {
      await node.work('POST', `${GUESTS}/100/status/start`);
      assert.equal(await node.status(100), 'running');
      kill_quietly(node.machines()[0].pid);
      await until('it is stopped', async () => await node.status(100) === 'stopped', 10);
      assert.deepEqual(node.machines(), []);
    }
    await until('its folder is gone', () => node.run_folders().length === 0, 10);
    // A start at the very moment of the end.
    await node.work('POST', `${GUESTS}/100/status/start`);
    const before = node.machines()[0];
    kill_quietly(before.pid);
    await node.call('POST', `${GUESTS}/100/status/start`).then((upid) => node.outcome(upid));
    if (await node.status(100) === 'stopped') await node.work('POST', `${GUESTS}/100/status/start`);
    assert.notDeepEqual(node.machines()[0], before);
    await node.work('POST', `${GUESTS}/100/status/stop`);
  });

  await t.test('what QEMU says when it refuses to start reaches the user', async () => {
    // Only root itself may set it.
    const as_root = node.posada('qm', 'set', '100', '--args', '-device no-such-device');
    assert.equal(as_root.status, 0, as_root.stderr);
    const upid = await node.call('POST', `${GUESTS}/100/status/start`);
    const end = await node.outcome(upid);
    assert.match(end, /'no-such-device' is not a valid device model name/);
    assert.match((await node.log(upid)).at(-1), /^TASK ERROR: .*no-such-device/);
    assert.equal(await node.status(100), 'stopped');
    assert.deepEqual(node.machines(), []);
    await until('its folder is gone', () => node.run_folders().length === 0, 10);
    await node.call('PUT', `${GUESTS}/100/config`, { description: 'still here' });
    assert.equal(node.posada('qm', 'set', '100', '--delete', 'args').status, 0);
    await node.work('POST', `${GUESTS}/100/status/start`);
    await node.work('POST', `${GUESTS}/100/status/stop`);
    const refused = await node.ask('PUT', `${GUESTS}/100/config`, { args: '-S' });
    assert.equal(refused.status, 403, 'an administrator of the realm pve is not root');
  });

  await t.test('of two changes made on the same text one wins, and nothing is lost', async () => {
    const { digest } = await node.config(100);
    const changes = [{ cores: 2 }, { memory: 48 }, { onboot: 1 }, { tags: 'x' }];
    const answers = await Promise.all(changes.map((change) => node.ask('PUT',
      `${GUESTS}/100/config`, { ...change, digest })));
    const won = answers.map((answer) => answer.status === 200);
    assert.equal(won.filter(Boolean).length, 1);
    for (const answer of answers.filter((one) => one.status !== 200)) {
      assert.equal(`${answer.status} ${answer.reason}`,
        '500 checksum mismatch (file change by other user?)');
    }
    const after = await node.config(100);
    changes.forEach((change, n) => {
      const [[key, value]] = Object.entries(change);
      assert.equal(String(after[key]) === String(value), won[n], `${key} is ${after[key]}`);
    });
    // Without the digest all of them count, in whatever order.
    await Promise.all(changes.map((change) => node.call('PUT', `${GUESTS}/100/config`, change)));
    const all = await node.config(100);
    for (const change of changes) {
      const [[key, value]] = Object.entries(change);
      assert.equal(String(all[key]), String(value), key);
    }
    assert.equal(all.scsi0, after.scsi0);
  });

  await t.test('requests for one guest wait for one another and do not fail', async () => {
    const works = [
      ['POST', `${GUESTS}/100/status/start`, {}],
      ['POST', `${GUESTS}/100/config`, { virtio1: 'local:1' }],
      ['PUT', `${GUESTS}/100/resize`, { disk: 'scsi0', size: '+1G' }],
      ['POST', `${GUESTS}/100/config`, { virtio2: 'local:1' }],
      ['PUT', `${GUESTS}/100/resize`, { disk: 'scsi0', size: '+1G' }],
    ];
    const upids = await Promise.all(works.map((one) => node.call(...one)));
    for (const upid of upids) assert.equal(await node.outcome(upid), 'OK');
    const config = await node.config(100);
    assert.match(config.scsi0, /size=3G/);
    assert.match(config.virtio1, /size=1G/);
    assert.match(config.virtio2, /size=1G/);
    assert.deepEqual(node.disks(), [0, 1, 2].map((n) => `100/vm-100-disk-${n}.raw`));
    // A stop ends a shutdown that the guest does not hear; a second one finds it done.
    const shutdown = await node.call('POST', `${GUESTS}/100/status/shutdown`, { timeout: 60 });
    await wait(100);
    await node.work('POST', `${GUESTS}/100/status/stop`);
    assert.notEqual(await node.outcome(shutdown, 10), '');
    assert.equal(await node.status(100), 'stopped');
    await node.work('DELETE', `${GUESTS}/100`);
  });

  await t.test('200 machines asked for at once are made, and go again', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => 1000 + n);
    const answers = await Promise.all(ids.map((vmid) => node.ask('POST', GUESTS,
      { vmid, memory: 32, scsi0: 'local:1', name: `many-${vmid}` })));
    const refused = answers.filter((answer) => answer.status !== 200);
    assert.deepEqual(refused.map((one) => `${one.status} ${one.reason}`), []);
    for (const answer of answers) assert.equal(await node.outcome(answer.json.data), 'OK');
    const listed = (await node.call('GET', GUESTS)).map((guest) => guest.vmid).sort();
    assert.deepEqual(listed, ids);
    assert.deepEqual(node.disks(), ids.map((vmid) => `${vmid}/vm-${vmid}-disk-0.raw`));
    const removed = await Promise.all(ids.map((vmid) => node.call('DELETE', `${GUESTS}/${vmid}`)));
    for (const upid of removed) assert.equal(await node.outcome(upid), 'OK');
    assert.deepEqual(await node.call('GET', GUESTS), []);
    assert.deepEqual(node.disks(), []);
    assert.deepEqual(readdirSync(join(node.folder, 'local/images')), [], 'folders are left');
    assert.deepEqual(node.journals(), []);
  });
});
