// Files and disks in trouble: names that lead elsewhere, a cut upload, a full disk.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { Node, skip, until } from './node.mjs';

const GUESTS = '/nodes/faulty/qemu';
const LOCAL = '/nodes/faulty/storage/local';

/** Begins an upload of `promised` bytes, sends `sent` of them and hangs up. */
function cut_upload(node, name, promised, sent) {
  const head = '--cut\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n--cut\r\n'
    + `Content-Disposition: form-data; name="filename"; filename="${name}"\r\n\r\n`;
  const url = new URL(node.url);
  return new Promise((resolve) => {
    const request = https.request({
      host: url.hostname, port: url.port, method: 'POST', path: `/api2/json${LOCAL}/upload`,
      agent: false, rejectUnauthorized: false,
      headers: {
        ...node.identity.headers('POST', false),
        'Content-Type': 'multipart/form-data; boundary=cut',
        'Content-Length': head.length + promised + 11,
      },
    });
    request.on('error', () => {});  // it is we who hang up
    request.on('close', resolve);
    request.write(head);
    request.write(Buffer.alloc(sent, 7), () => request.destroy());
  });
}

/** Every file below a folder, hidden ones too. */
function files_below(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory()
    ? files_below(join(folder, entry.name)) : [join(folder, entry.name)])).sort();
}

test('storages in trouble', { skip }, async (t) => {
  const node = await Node.make();
  const outside = mkdtempSync(join(tmpdir(), 'posada-outside-'));
  t.after(async () => {
    await node.remove();
    rmSync(outside, { recursive: true, force: true });
  });
  writeFileSync(join(outside, 'secret.iso'), 'not yours');
  const local = join(node.folder, 'local');
  await node.work('POST', GUESTS, { vmid: 100, memory: 32, scsi0: 'local:1' });
  const unharmed = () => {
    assert.equal(readFileSync(join(outside, 'secret.iso'), 'utf8'), 'not yours');
    assert.deepEqual(node.disks(), ['100/vm-100-disk-0.raw']);
  };

  await t.test('a volume id leads nowhere outside its storage', async () => {
    const names = ['local:iso/../../../etc/passwd', 'local:../../etc/passwd', 'local:iso/..',
      'local:100/../../../etc/passwd', 'local:iso/a\0.iso', 'local:iso/a\n.iso', 'local:/etc/passwd',
      'local:iso//etc/x.iso', 'local:images/100/vm-100-disk-0.raw',
      '../local:iso/x.iso', 'local', ':', 'local:'];
    for (const name of names) {
      const path = `${LOCAL}/content/${encodeURIComponent(name)}`;
      for (const method of ['GET', 'DELETE']) {
        const answer = await node.ask(method, path);
        assert.ok([400, 500].includes(answer.status), `${method} ${name}: ${answer.status}`);
        assert.equal(answer.json.data, null);
      }
      const drive = await node.ask('PUT', `${GUESTS}/100/config`, { ide2: `${name},media=cdrom` });
      assert.ok([400, 403, 500].includes(drive.status), `ide2 ${name}: ${drive.status}`);
      const made = await node.ask('POST', `${LOCAL}/content`,
        { vmid: 100, filename: name.slice(6) || '..', size: '1M' });
      assert.ok([400, 500].includes(made.status), `alloc ${name}: ${made.status}`);
    }
    assert.equal((await node.config(100)).ide2, undefined);
    unharmed();
  });

  await t.test('a symbolic link in a storage is not followed', async () => {
    mkdirSync(join(local, 'template/iso'), { recursive: true });
    const link = join(local, 'template/iso/link.iso');
    symlinkSync(join(outside, 'secret.iso'), link);
    symlinkSync(outside, join(local, 'images/101'));
    try {
      const info = await node.ask('GET', `${LOCAL}/content/local:iso%2Flink.iso`);
      assert.notEqual(info.status, 200, info.text);
      const listed = await node.call('GET', `${LOCAL}/content`);
      assert.ok(!JSON.stringify(listed).includes('link.iso'), 'it is listed');
      // A machine with it does not start, and one whose folder is a link gets no disk.
      const set = await node.ask('PUT', `${GUESTS}/100/config`, { ide2: 'local:iso/link.iso,media=cdrom' });
      if (set.status === 200) {
        const started = await node.outcome(await node.call('POST', `${GUESTS}/100/status/start`));
        assert.notEqual(started, 'OK');
        await node.call('PUT', `${GUESTS}/100/config`, { delete: 'ide2' });
      }
      const answer = await node.ask('POST', GUESTS, { vmid: 101, memory: 32, scsi0: 'local:1' });
      if (answer.status === 200) assert.notEqual(await node.outcome(answer.json.data), 'OK');
      assert.deepEqual(readdirSync(outside), ['secret.iso']);
      assert.deepEqual((await node.guests()).map((guest) => guest.vmid), [100]);
      assert.deepEqual(node.machines(), []);
    } finally {
      rmSync(join(local, 'images/101'), { force: true });
      rmSync(link, { force: true });
    }
    unharmed();
  });

  await t.test('an upload cut in the middle leaves nothing', async () => {
    const before = files_below(local);
    for (const [promised, sent] of [[8 << 20, 3 << 20], [8 << 20, 10], [100, 99]]) {
      await cut_upload(node, 'cut.iso', promised, sent);
    }
    await until('no task runs', async () => (await node.call('GET', '/nodes/faulty/tasks',
      { source: 'active' })).length === 0);
    assert.deepEqual(files_below(local), before);
    const tasks = await node.call('GET', '/nodes/faulty/tasks', { typefilter: 'imgcopy' });
    assert.ok(tasks.every((task) => /upload aborted|interrupted/.test(task.status)),
      JSON.stringify(tasks.map((task) => task.status)));
    assert.deepEqual(await node.call('GET', `${LOCAL}/content`, { content: 'iso' }), []);
    unharmed();
  });

  await t.test('a disk that fills up leaves no half disk, no config and no half change', async () => {
    const small = mkdtempSync(join(tmpdir(), 'posada-small-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'small', small]);
    if (mounted.status !== 0) {
      rmSync(small, { recursive: true });
      t.diagnostic('skipped: no tmpfs can be mounted here');
      return;
    }
    try {
      await node.call('POST', '/storage',
        { storage: 'small', type: 'dir', path: small, content: 'images,iso', is_mountpoint: 1 });
      await until('the storage is active', async () => (await node.call('GET',
        '/nodes/faulty/storage/small/status')).active === 1);
      // Files on the disk take all of it; what is left is not enough for a disk's metadata.
      writeFileSync(join(small, 'filler'), Buffer.alloc((4 << 20) - 8192));
      const left = files_below(small);
      const upid = await node.call('POST', GUESTS,
        { vmid: 102, memory: 32, scsi0: 'local:1', scsi1: 'small:1,format=qcow2' });
      const end = await node.outcome(upid);
      assert.match(end, /unable to create volume 'small:102\/vm-102-disk-\d\.qcow2': .*No space/);
      assert.deepEqual(files_below(small), left);
      assert.deepEqual((await node.guests()).map((guest) => guest.vmid), [100]);
      const change = await node.call('POST', `${GUESTS}/100/config`,
        { scsi5: 'small:1,format=qcow2', cores: 3 });
      assert.match(await node.outcome(change), /No space/);
      const config = await node.config(100);
      assert.deepEqual([config.scsi5, config.cores], [undefined, undefined]);
      const allocated = await node.ask('POST', '/nodes/faulty/storage/small/content',
        { vmid: 100, filename: 'vm-100-x.qcow2', size: '1G', format: 'qcow2' });
      assert.equal(allocated.status, 500);
      assert.match(allocated.reason, /No space left/);
      assert.deepEqual(files_below(small), left);
      unharmed();
      // With room again the same names are free.
      rmSync(join(small, 'filler'));
      await node.work('POST', GUESTS, { vmid: 102, memory: 32, scsi1: 'small:1,format=qcow2' });
      assert.ok(existsSync(join(small, 'images/102/vm-102-disk-0.qcow2')));
      await node.work('DELETE', `${GUESTS}/102`);
      await node.call('DELETE', '/storage/small');
    } finally {
      spawnSync('umount', ['-l', small]);
      rmSync(small, { recursive: true, force: true });
    }
  });
});
