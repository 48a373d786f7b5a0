// The npm client proxmox-api creates, configures, starts, inspects, stops and deletes a VM.

import assert from 'node:assert/strict';
import test from 'node:test';

import { remove_guest, server, skip, volumes_of } from './server.mjs';

const VMID = 5101;

const connect = async (credentials) => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const { default: proxmox } = await import('proxmox-api');
  return proxmox({ host: server.host, port: server.port, ...credentials });
};

test('proxmox-api takes a VM through its life', { skip, timeout: 100000 }, async (t) => {
  t.after(() => remove_guest('qemu', VMID));
  await remove_guest('qemu', VMID);
  const [id, secret] = server.token.split('=');
  const api = await connect({ tokenID: id, tokenSecret: secret });
  const node = api.nodes.$((await api.nodes.$get())[0].node);
  const finish = async (upid) => {
    const deadline = Date.now() + 60000;
    for (;;) {
      const task = await node.tasks.$(upid).status.$get();
      if (task.status === 'stopped') return assert.equal(task.exitstatus, 'OK');
      assert.ok(Date.now() < deadline, `${upid} still runs`);
      await new Promise((done) => { setTimeout(done, 100); });
    }
  };
  await finish(await node.qemu.$post({ vmid: VMID, name: 't-api', memory: 64, scsi0: 'local:1' }));
  const vm = node.qemu.$(VMID);
  await vm.config.$put({ cores: 2, description: 'two\nlines = 100 %' });
  const config = await vm.config.$get();
  assert.equal(config.cores, 2);
  assert.equal(config.description, 'two\nlines = 100 %');
  assert.match(config.scsi0, /^local:5101\/vm-5101-disk-0\.\w+,size=1G$/);
  await finish(await vm.status.start.$post());
  assert.equal((await vm.status.current.$get()).status, 'running');
  await finish(await vm.status.stop.$post());
  await finish(await vm.$delete());
  assert.deepEqual(await volumes_of(VMID), []);
});

test('proxmox-api signs in with a password, and says when it is wrong', { skip }, async () => {
  const api = await connect({ username: server.user, password: server.password });
  assert.equal((await api.access.users.$(server.user).$get()).enable, 1);
  // A change needs the CSRF token, which the client keeps from its sign-in.
  await api.access.groups.$post({ groupid: 't-api', comment: 'made by a client' });
  await api.access.groups.$('t-api').$delete();
  const wrong = await connect({ username: server.user, password: 'wrong' });
  await assert.rejects(wrong.version.$get(), /access\/ticket Failed/);
});
