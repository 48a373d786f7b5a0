// Who may come in, and what a refused request leaves: nothing.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Identity } from '../api/client.mjs';
import { Node, skip, until } from './node.mjs';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** One attempt to sign in: status and reason. */
async function attempt(node, username, password) {
  const answer = await node.ask('POST', '/access/ticket', { username, password }, Identity.nobody());
  return `${answer.status} ${answer.reason}`;
}

const pools = async (node) => (await node.call('GET', '/pools')).map((pool) => pool.poolid).sort();

test('signing in and its refusals', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  await node.call('POST', '/access/users', { userid: 'other@pve', password: 'a right one' });

  await t.test('after ten wrong passwords the account waits, and then opens again', async () => {
    const wrong = Array.from({ length: 10 }, (_, n) => attempt(node, node.user, `wrong ${n}`));
    for (const outcome of await Promise.all(wrong)) {
      assert.equal(outcome, '401 authentication failure');
    }
    // The wait that began with the tenth is over or not by now; ten more make it longer than that.
    const more = Array.from({ length: 10 }, (_, n) => attempt(node, node.user, `wrong ${n}`));
    const right = attempt(node, node.user, node.password);
    await Promise.all(more);
    assert.equal(await right, '401 authentication failure', 'the right one has to wait as well');
    assert.equal(await attempt(node, 'other@pve', 'a right one'), '200 OK', 'another account');
    assert.equal((await node.ask('GET', '/version')).status, 200, 'its token');
    await until('the account opens again',
      async () => await attempt(node, node.user, node.password) === '200 OK', 60);
  });

  await t.test('an unknown user, realm and an empty password look like a wrong password',
    async () => {
      const all = [['nobody@pve', 'x'], [node.user, ''], ['admin@nowhere', 'x'], ['admin', 'x'],
        ['a\nb@pve', 'x'], [`${'x'.repeat(60)}@pve`, 'x']];
      const outcomes = await Promise.all(all.map(([user, secret]) => attempt(node, user, secret)));
      assert.deepEqual(outcomes, all.map(() => '401 authentication failure'));
    });

  await t.test('a ticket that was changed opens nothing', async () => {
    const session = await node.sign_in();
    const cookie = decodeURIComponent(session.headers('GET', false).Cookie.split('=')[1]);
    const [, user, time] = cookie.split(':');
    const forged = [
      cookie.replace('admin@pve', 'root@pam'),
      cookie.replace(time, (Number.parseInt(time, 16) + 60).toString(16).toUpperCase()),
      cookie.slice(0, -4), `${cookie}AAAA`, `PVE:${user}:${time}::`, cookie.replace('PVE', 'PMG'),
      cookie.replace('::', ':'), `PVE:!tfa!x:${time}::${cookie.split('::')[1]}`,
    ];
    const answers = await Promise.all(forged.map((ticket) => node.ask('GET', '/access/users', {},
      new Identity({ Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` }))));
    assert.deepEqual(answers.map((answer) => answer.status), forged.map(() => 401));
    assert.ok(answers.every((answer) => answer.text === ''), 'nothing is said');
    assert.equal((await node.ask('GET', '/access/users', {}, session)).status, 200);
  });

  await t.test('a change by cookie needs the CSRF token of this user', async () => {
    const session = await node.sign_in();
    const other = await node.sign_in('other@pve', 'a right one');
    const { Cookie, CSRFPreventionToken: csrf } = session.headers('POST', true);
    const others = other.headers('POST', true).CSRFPreventionToken;
    const wrong = [undefined, '', 'nonsense', others, `${csrf.slice(0, -2)}AA`, csrf.slice(0, 9)];
    const answers = await Promise.all(wrong.map((token, n) => node.ask('POST', '/pools',
      { poolid: `t-csrf-${n}` }, new Identity({ Cookie }, token))));
    for (const answer of answers) {
      assert.equal(`${answer.status} ${answer.reason}`,
        '401 Permission denied - invalid csrf token');
    }
    assert.deepEqual(await pools(node), []);
    await node.call('POST', '/pools', { poolid: 't-csrf' }, session);
    assert.deepEqual(await pools(node), ['t-csrf']);
  });

  await t.test('a token does what its rights allow, and its refusals change nothing', async () => {
    await node.call('PUT', '/access/acl',
      { path: '/', users: 'other@pve', roles: 'PVEAuditor' });
    const made = await node.call('POST', '/access/users/other@pve/token/low', { privsep: 0 });
    const low = Identity.token(`${made['full-tokenid']}=${made.value}`);
    await node.work('POST', '/nodes/faulty/qemu', { vmid: 100, memory: 32, scsi0: 'local:1' });
    const before = await node.config(100);
    const refused = [
      ['POST', '/nodes/faulty/qemu', { vmid: 101, memory: 32 }, '/vms/101, VM.Allocate'],
      ['PUT', '/nodes/faulty/qemu/100/config', { memory: 64 }, '*'],
      ['POST', '/nodes/faulty/qemu/100/status/start', {}, '/vms/100, VM.PowerMgmt'],
      ['DELETE', '/nodes/faulty/qemu/100', {}, '/vms/100, VM.Allocate'],
      ['POST', '/pools', { poolid: 'mine' }, '/pool/mine, Pool.Allocate'],
      ['POST', '/storage', { storage: 's', type: 'dir', path: '/s' }, '/storage, Datastore.Allocate'],
      ['PUT', '/access/acl', { path: '/', users: 'other@pve', roles: 'Administrator' },
        '/, Permissions.Modify'],
      ['POST', '/access/users', { userid: 'new@pve' }, '*'],
    ];
    for (const [method, path, parameters, what] of refused) {
      const answer = await node.ask(method, path, parameters, low);
      assert.equal(answer.status, 403, `${method} ${path}: ${answer.reason}`);
      assert.ok(answer.reason.startsWith('Permission check failed ('), answer.reason);
      if (what !== '*') assert.equal(answer.reason, `Permission check failed (${what})`);
    }
    assert.deepEqual(await node.config(100), before);
    assert.deepEqual((await node.guests()).map((guest) => guest.vmid), [100]);
    assert.deepEqual(node.disks(), ['100/vm-100-disk-0.raw']);
    assert.deepEqual(node.machines(), []);
    assert.deepEqual(await pools(node), ['t-csrf']);
    assert.deepEqual((await node.call('GET', '/access/users')).map((user) => user.userid).sort(),
      ['admin@pve', 'other@pve', 'root@pam']);
    // Nobody without a ticket gets further than that.
    const nobody = await node.ask('DELETE', '/nodes/faulty/qemu/100', {}, Identity.nobody());
    assert.equal(`${nobody.status} ${nobody.reason} ${nobody.text}`, '401 No ticket ');
  });

  await t.test('a refusal is in the audit log, a password is not', () => {
    const log = readFileSync(join(node.folder, 'log/audit.jsonl'), 'utf8');
    assert.ok(log.includes('Permission check failed (/vms/100, VM.PowerMgmt)'));
    for (const secret of [node.password, 'a right one', node.token.split('=')[1]]) {
      assert.ok(!log.includes(secret), 'a secret stands in the audit log');
    }
  });

  await t.test('a ticket of three hours ago has expired',
    { skip: existsSync(FAKETIME) ? false : 'faketime is not installed' }, async () => {
      const session = await node.sign_in();
      assert.equal((await node.ask('GET', '/version', {}, session)).status, 200);
      await node.kill();
      await node.serve('', { LD_PRELOAD: FAKETIME, FAKETIME: '+3h', FAKETIME_DONT_FAKE_MONOTONIC: '1' });
      const answer = await node.ask('GET', '/version', {}, session);
      assert.equal(`${answer.status} ${answer.reason} ${answer.text}`,
        '401 Authentication failed! ');
      const renewal = await node.ask('POST', '/access/ticket', {
        username: node.user, password: decodeURIComponent(session.headers('GET').Cookie.split('=')[1]),
      }, Identity.nobody());
      assert.equal(renewal.status, 401, 'it cannot be renewed either');
    });
});
