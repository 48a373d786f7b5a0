// What the node does when the machine has booted, and does not do when only the daemon starts anew.
// A boot is played by ending the machines and by giving the runtime folder another boot's id.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Node, kill_quietly, skip, until } from './node.mjs';

const GUESTS = '/nodes/faulty/qemu';

test('guests that start with the node', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  const record = join(node.run, 'boot.json');

  const startalls = () => node.call('GET', '/nodes/faulty/tasks',
    { typefilter: 'startall', source: 'all' });
  const running = async () => (await node.guests()).filter((guest) => guest.status === 'running')
    .map((guest) => guest.vmid).sort();
  // `whole`: how much of the record is left; less than all is what a power failure leaves.
  async function boot(whole) {
    await node.kill();
    for (const machine of node.machines()) kill_quietly(machine.pid);
    await until('the machines have ended', () => node.machines().length === 0);
    const known = JSON.parse(readFileSync(record, 'utf8'));
    writeFileSync(record, JSON.stringify({ ...known, boot: 'an earlier one' }).slice(0, whole));
    await node.serve();
  }
  async function restart() {
    await node.kill();
    await node.serve();
  }
  async function end_of_newest(count) {
    const tasks = await until('the task startall', async () => {
      const found = await startalls();
      return found.length === count && found;
    });
    tasks.sort((a, b) => b.starttime - a.starttime || b.pstart - a.pstart);
    assert.equal(tasks[0].user, 'root@pam');
    return { upid: tasks[0].upid, end: await node.outcome(tasks[0].upid) };
  }

  await node.work('POST', GUESTS, { vmid: 100, memory: 32, onboot: 1 });
  await node.work('POST', GUESTS, { vmid: 101, memory: 32, onboot: 1, startup: 'order=1' });
  await node.work('POST', GUESTS, { vmid: 102, memory: 32 });
  assert.deepEqual(await startalls(), [], 'nothing was to be started');

  await t.test('after a boot they run, in their order, and no other does', async () => {
    await node.call('PUT', '/nodes/faulty/config', { 'startall-onboot-delay': 1 });
    await boot(5);
    const { upid, end } = await end_of_newest(1);
    assert.equal(end, 'OK');
    const log = await node.log(upid);
    assert.deepEqual(log.slice(0, 3), ['Waiting for 1 seconds (startall-onboot-delay)',
      'Starting VM 101', 'Starting VM 100']);
    assert.deepEqual(await running(), [100, 101]);
  });

  await t.test('a daemon that starts anew starts none that a person stopped', async () => {
    await node.work('POST', `${GUESTS}/100/status/stop`);
    await restart();
    assert.equal((await startalls()).length, 1);
    assert.deepEqual(await running(), [101]);
    await node.work('POST', `${GUESTS}/100/status/start`);
  });

  await t.test('a daemon killed in between goes on with those that were left', async () => {
    await node.call('PUT', `${GUESTS}/101/config`, { startup: 'order=1,up=60' });
    await boot();
    await until('the first runs', async () =>
      JSON.stringify(JSON.parse(readFileSync(record, 'utf8')).waiting) === '[100]');
    await node.work('POST', `${GUESTS}/101/status/stop`);
    await restart();
    assert.equal((await end_of_newest(3)).end, 'OK');
    assert.deepEqual(await running(), [100]);
  });

  await t.test('who stops the task ends it for this boot', async () => {
    await boot();
    await until('the first runs', async () =>
      JSON.stringify(JSON.parse(readFileSync(record, 'utf8')).waiting) === '[100]');
    const [task] = (await startalls()).filter((one) => one.endtime === undefined);
    await node.call('DELETE', `/nodes/faulty/tasks/${encodeURIComponent(task.upid)}`);
    assert.match(await node.outcome(task.upid), /interrupted by/);
    await restart();
    assert.equal((await startalls()).length, 4);
    assert.deepEqual(await running(), [101]);
  });
});
