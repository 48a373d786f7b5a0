// A certificate that is uploaded is what the next connection meets, and survives the daemon.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { connect } from 'node:tls';

import { Node, skip, until } from './node.mjs';

function made(folder, name, bits) {
  const file = (end) => join(folder, `${name}.${end}`);
  execFileSync('openssl', ['req', '-x509', '-newkey', `rsa:${bits}`, '-nodes', '-days', '3', '-subj',
    `/CN=${name}`, '-keyout', file('key'), '-out', file('pem')], { stdio: 'ignore' });
  return { chain: readFileSync(file('pem'), 'utf8'), key: readFileSync(file('key'), 'utf8') };
}

/** What a client is shown. */
const served = (port) => new Promise((resolve, reject) => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
    const { subject, fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    resolve({ name: subject.CN, fingerprint: fingerprint256 });
  });
  socket.on('error', reject);
});
const shows = (node, name) => until(`the certificate of ${name}`, async () => {
  const found = await served(node.port).catch(() => undefined);  // the front may just be starting
  return found?.name === name && found;
});
const credential = (node) => /^fingerprint=(.*)$/m.exec(
  readFileSync(join(node.folder, 'credentials'), 'utf8'))[1];

test('an uploaded certificate is served at once', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  const path = '/nodes/faulty/certificates';
  const refused = async (parameters, name, text) => {
    const answer = await node.ask('POST', `${path}/custom`, parameters);
    assert.equal(answer.status, 400);
    assert.match(answer.json.errors[name], text);
  };
  const own = await served(node.port);
  assert.equal(own.name, 'faulty');
  const one = made(node.folder, 'one.test', 2048);
  const two = made(node.folder, 'two.test', 2048);
  const weak = made(node.folder, 'weak.test', 1024);

  await refused({ certificates: one.chain }, 'key', /without \(existing\) key/);
  await refused({ certificates: one.chain, key: two.key }, 'key', /does not belong/);
  await refused({ certificates: one.chain, key: one.chain }, 'key', /no private key/);
  await refused({ certificates: weak.chain, key: weak.key }, 'certificates', /2048 bits/);
  assert.deepEqual(await served(node.port), own);

  const uploaded = await node.call('POST', `${path}/custom`, { certificates: one.chain, key: one.key });
  assert.equal(uploaded.filename, 'pveproxy-ssl.pem');
  assert.equal((await shows(node, 'one.test')).fingerprint, uploaded.fingerprint);
  assert.equal(credential(node), uploaded.fingerprint);
  assert.deepEqual((await node.call('GET', `${path}/info`)).map((row) => [row.filename, row.subject]),
    [['pve-ssl.pem', '/CN=faulty'], ['pveproxy-ssl.pem', '/CN=one.test']]);

  const again = await node.ask('POST', `${path}/custom`, { certificates: two.chain, key: two.key });
  assert.equal(again.status, 500);
  assert.match(again.reason, /^Custom certificate file exists but force flag is not set\./);

  // By hand, and over a daemon's death.
  const shell = node.posada('pvenode', 'cert', 'set', join(node.folder, 'two.test.pem'),
    join(node.folder, 'two.test.key'), '--force');
  assert.equal(shell.status, 0, shell.stderr);
  const { fingerprint } = await shows(node, 'two.test');
  assert.match(shell.stdout, new RegExp(fingerprint));
  await node.kill();
  await node.serve();
  assert.equal((await shows(node, 'two.test')).fingerprint, credential(node));

  await node.call('DELETE', `${path}/custom`);
  assert.deepEqual(await shows(node, 'faulty'), own);
  assert.equal(credential(node), own.fingerprint);
});
