// A node that cannot have what it needs says so and ends; one that is just ending is taken down.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { BUILD, Node, skip } from './node.mjs';

const serve = (folder, port) => spawnSync(join(BUILD, 'posada'),
  ['serve', '--root', folder, '--port', String(port)], { encoding: 'utf8', timeout: 60000 });

test('a node whose port is taken says so and ends', { skip }, async (t) => {
  const other = createServer();
  await new Promise((done) => { other.listen(0, '127.0.0.1', done); });
  const folder = mkdtempSync(join(tmpdir(), 'posada-port-'));
  t.after(() => {
    other.close();
    spawnSync(join(BUILD, 'posada'), ['down', '--root', folder, '--yes'], { timeout: 60000 });
    rmSync(folder, { recursive: true, force: true });
  });
  const { port } = other.address();
  const ended = serve(folder, port);
  assert.notEqual(ended.status, 0);
  assert.match(ended.stderr, new RegExp(`^port ${port} of 127\\.0\\.0\\.1 is taken by another `
    + 'program; choose another one with --port NUMBER$', 'm'));
  assert.ok(!existsSync(join(folder, 'credentials')), 'nothing was begun');
});

test('a second daemon on a folder says so and ends', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  const ended = serve(node.folder, node.port + 1);
  assert.notEqual(ended.status, 0);
  assert.match(ended.stderr, /^this node is running already \(.*\/lock is held\)$/m);
  await node.call('GET', '/version');
});

test('a node whose daemon is just ending is taken down', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  process.kill(node.daemon.pid, 'SIGTERM');
  const down = spawnSync(join(BUILD, 'posada'), ['down', '--root', node.folder, '--yes'],
    { encoding: 'utf8', timeout: 60000 });
  assert.equal(down.status, 0, down.stderr);
  assert.match(down.stdout, /^The node is down\./m);
  assert.ok(!existsSync(node.run), 'what the node had in /run is gone');
});
