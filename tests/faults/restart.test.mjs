// A machine that has rebooted with changes that wait is started anew by the daemon, also by the next
// one when this one dies in the middle.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Node, skip, until } from './node.mjs';

const GUESTS = '/nodes/faulty/qemu';

test('a machine that was being started anew when its daemon died', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  // With nothing to boot from it reboots every second.
  await node.work('POST', GUESTS, { vmid: 100, memory: 32 });
  await node.work('POST', `${GUESTS}/100/status/start`);
  await node.kill();
  await node.serve('vm.start.disks=kill');
  await node.call('PUT', `${GUESTS}/100/config`, { memory: 48 });
  await node.died;
  assert.equal(node.machines().length, 0, 'it died between the two runs');
  await node.serve();
  await until('the machine runs again', () => node.machines().length === 1);
  const config = await node.call('GET', `${GUESTS}/100/config`, { current: 1 });
  assert.equal(Number(config.memory), 48);
});
