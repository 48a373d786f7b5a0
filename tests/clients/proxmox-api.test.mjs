// The npm client proxmox-api creates, configures, starts, inspects, stops and deletes a VM.

import assert from 'node:assert/strict';
import test from 'node:test';

const { POSADA_URL: url, POSADA_TOKEN: token } = process.env;
const skip = url && token ? false : 'POSADA_URL and POSADA_TOKEN are not set';
const VMID = 5101;

test('proxmox-api takes a VM through its life', { skip, timeout: 100000 }, async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const { default: connect } = await import('proxmox-api');
  const { hostname, port } = new URL(url);
  const [id, secret] = token.split('=');
  const api = connect({ host: hostname, port: Number(port || 8006), tokenID: id,
    tokenSecret: secret });
  const node = api.nodes.$((await api.nodes.$get())[0].node);
  const finish = async (upid) => {
    const deadline = Date.now() + 60000;
    for (;;) {
      const task = await node.tasks.$(upid).status.$get();
      if (task.status === 'stopped') return assert.equal(task.exitstatus, 'OK');
      assert.ok(Date.now() < deadline, `${upid} still runs`);
      await new Promise((done) => { setTimeout(done, 200); });
    }
  };
  await finish(await node.qemu.$post({ vmid: VMID, name: 't-api', memory: 64, kvm: 0 }));
  const vm = node.qemu.$(VMID);
  await vm.config.$put({ cores: 2 });
  assert.equal((await vm.config.$get()).cores, 2);
  await finish(await vm.status.start.$post());
  assert.equal((await vm.status.current.$get()).status, 'running');
  await finish(await vm.status.stop.$post());
  await finish(await vm.$delete());
});
