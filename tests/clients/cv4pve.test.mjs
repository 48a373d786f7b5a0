// The npm client @corsinvest/cv4pve-api-javascript: sends JSON bodies, knows every method by name.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';

import { remove_guest, server, skip, volumes_of } from './server.mjs';

const VMID = 5102;
const connect = () => {
  const { PveClient } = createRequire(import.meta.url)('@corsinvest/cv4pve-api-javascript');
  return new PveClient(server.host, server.port);
};

// The answer's data; fails with the server's own words.
const data_of = (result) => {
  assert.ok(result.isSuccessStatusCode, `${result.statusCode} ${result.reasonPhrase} `
    + `${JSON.stringify(result.response.errors ?? {})} at ${result.requestResource}`);
  return result.response.data;
};

async function signed_in() {
  const client = connect();
  const [name, realm] = server.user.split('@');
  assert.ok(await client.login(name, server.password, realm));
  return client;
}

async function finish(client, result) {
  const upid = data_of(result);
  assert.ok(await client.waitForTaskToFinish(upid, 100, 60000), `${upid} still runs`);
  assert.equal(await client.getExitStatusTask(upid), 'OK');
}

test('cv4pve takes a VM through its life', { skip, timeout: 100000 }, async (t) => {
  t.after(() => remove_guest('qemu', VMID));
  await remove_guest('qemu', VMID);
  const client = await signed_in();
  const name = data_of(await client.nodes.index())[0].node;
  const { qemu } = client.nodes.get(name);
  await finish(client, await client.create(`/nodes/${name}/qemu`, {
    vmid: VMID, name: 't-cv4pve', memory: 64, onboot: false, scsi0: 'local:1', tags: 'b;a',
    net0: 'virtio', description: 'ä = 100 %',
  }));
  const vm = qemu.get(VMID);
  data_of(await client.set(`/nodes/${name}/qemu/${VMID}/config`, { cores: 2, agent: true }));
  const config = data_of(await vm.config.vmConfig());
  assert.equal(config.cores, 2);
  assert.equal(config.onboot, 0);
  assert.equal(config.description, 'ä = 100 %');
  assert.match(config.net0, /^virtio=([0-9A-F]{2}:){5}[0-9A-F]{2}$/);
  await finish(client, await vm.status.start.vmStart());
  const current = data_of(await vm.status.current.vmStatus());
  assert.equal(current.status, 'running');
  assert.equal(current.name, 't-cv4pve');
  const listed = data_of(await client.cluster.resources.resources('vm'));
  assert.equal(listed.find((one) => one.vmid === VMID).id, `qemu/${VMID}`);
  await finish(client, await vm.status.stop.vmStop());
  const tasks = data_of(await client.get(`/nodes/${name}/tasks`, { vmid: VMID, limit: 10 }));
  assert.deepEqual(tasks.slice(0, 3).map((task) => [task.type, task.status]),
    [['qmstop', 'OK'], ['qmstart', 'OK'], ['qmcreate', 'OK']]);
  await finish(client, await vm.destroyVm());
  assert.deepEqual(await volumes_of(VMID), []);
});

test('cv4pve makes users, tokens and rules, and works with that token', { skip }, async (t) => {
  const client = await signed_in();
  t.after(() => client.delete('/access/users/t-cv4@pve'));
  await client.delete('/access/users/t-cv4@pve');
  data_of(await client.create('/access/users', { userid: 't-cv4@pve', comment: 'ü', enable: true }));
  data_of(await client.set('/access/acl', { path: '/vms', users: 't-cv4@pve', roles: 'PVEAuditor' }));
  const made = data_of(await client.create('/access/users/t-cv4@pve/token/one', { privsep: false }));
  assert.match(made.value, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const other = connect();
  other.apiToken = `${made['full-tokenid']}=${made.value}`;
  assert.ok(data_of(await other.version.version()).version);
  const refused = await other.create('/pools', { poolid: 't-cv4' });
  assert.equal(refused.statusCode, 403);
  assert.equal(refused.reasonPhrase, 'Permission check failed (/pool/t-cv4, Pool.Allocate)');
});

test('cv4pve is told what is wrong, by status and by name', { skip }, async () => {
  const client = await signed_in();
  const name = data_of(await client.nodes.index())[0].node;
  const wrong = await client.create(`/nodes/${name}/qemu`, { vmid: VMID, memory: 'lots' });
  assert.equal(wrong.statusCode, 400);
  assert.ok(wrong.responseInError);
  assert.match(wrong.response.errors.memory, /type check \('integer'\) failed - got 'lots'/);
  const missing = await client.nodes.get(name).qemu.get(5999).config.vmConfig();
  assert.equal(missing.statusCode, 500);
  assert.match(missing.reasonPhrase, /does not exist/);
  assert.equal(await connect().login('admin', 'wrong', 'pve'), false);
});
