// Discs in the drives of running guests: a guest boots from one, gets another and none at all, and
// reads what cloud-init is told.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import {
  GUESTS, booted, copy, make_image, node_with_template, run_in, skip,
} from './guests.mjs';

const CONFIG = (vmid) => `${GUESTS}/${vmid}/config`;

// The demo disk's first partition on a CD-ROM that pretends to be a hard disk, which may have only
// one.
function make_bootable(node, iso) {
  const disk = readFileSync(join(node.folder, 'demo.img')).subarray(0, 37 * 1024 * 1024);
  disk.fill(0, 462, 510);
  writeFileSync(join(node.folder, 'boot.img'), disk);
  const made = spawnSync('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'BOOT', '-b', 'boot.img',
    '-hard-disk-boot', '-o', iso, '-graft-points', `boot.img=${join(node.folder, 'boot.img')}`],
  { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
}

// The guest's kernel needs a moment to see that the disc is another one.
const mounted = (command) => 'mkdir -p /disc; n=0; '
  + 'until mount -t iso9660 -o ro /dev/sr0 /disc 2>/dev/null || [ $n -ge 100 ]; do '
  + 'n=$((n + 1)); sleep 0.1; done; '
  + `{ ${command}; } && umount /disc`;

test('discs of running guests', { skip }, async (t) => {
  const node = await node_with_template();
  t.after(() => node.remove());
  const images = join(node.folder, 'local/template/iso');
  mkdirSync(images, { recursive: true });
  make_bootable(node, join(images, 'boot.iso'));
  make_image('tiny-iso', join(images, 'tiny.iso'));

  await t.test('a guest boots from a disc', async () => {
    await node.work('POST', GUESTS, {
      vmid: 103, memory: 256, ostype: 'l26', agent: 1, serial0: 'socket',
      ide2: 'local:iso/boot.iso,media=cdrom',
    });
    await node.work('POST', `${GUESTS}/103/status/start`);
    await booted(node, 103);
    assert.match(run_in(node, 103, 'cat /proc/cmdline'), /console=ttyS0/);
  });

  await t.test('another disc is there at once, and the first one is let go', async () => {
    const set = node.posada('qm', 'set', '103', '--ide2', 'local:iso/tiny.iso,media=cdrom');
    assert.equal(set.status, 0, set.stderr);
    assert.match(run_in(node, 103, mounted('cat /disc/README.TXT')), /A test disc of Posada/);
    const { pid } = node.machines()[0];
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';  // closed meanwhile
      }
    });
    assert.ok(open.some((file) => file.endsWith('/tiny.iso')), open.join(' '));
    assert.ok(!open.some((file) => file.endsWith('/boot.iso')), open.join(' '));
  });

  await t.test('a disc that does not exist leaves the one that is in', async () => {
    const refused = await node.ask('PUT', CONFIG(103), { ide2: 'local:iso/no.iso,media=cdrom' });
    assert.notEqual(refused.status, 200);
    assert.match((await node.config(103)).ide2, /^local:iso\/tiny.iso,media=cdrom/);
    assert.match(run_in(node, 103, mounted('cat /disc/README.TXT')), /A test disc/);
  });

  await t.test('an ejected drive is empty, and nothing waits', async () => {
    const set = node.posada('qm', 'set', '103', '--ide2', 'none,media=cdrom');
    assert.equal(set.status, 0, set.stderr);
    const blocks = await node.call('POST', `${GUESTS}/103/monitor`, { command: 'info block' });
    assert.match(blocks, /ide2: \[not inserted\]/);
    const pending = await node.call('GET', `${GUESTS}/103/pending`);
    assert.deepEqual(pending.filter((row) => row.pending !== undefined || row.delete), []);
    run_in(node, 103, '! mount -t iso9660 -o ro /dev/sr0 /disc');
    await node.work('POST', `${GUESTS}/103/status/stop`);
  });

  const secrets = { ciuser: 'ana', cipassword: 'correct horse', nameserver: '192.0.2.53' };

  await t.test('a cloud-init drive says what the config says', async () => {
    await copy(node, 104, 'virtio0', {
      ide2: 'local:cloudinit', net0: 'virtio', searchdomain: 'example.org', ...secrets,
      sshkeys: encodeURIComponent('ssh-ed25519 AAAA ana@home\n'),
      ipconfig0: 'ip=192.0.2.10/24,gw=192.0.2.1,ip6=auto',
    });
    const config = await node.config(104);
    assert.match(config.ide2, /^local:104\/vm-104-cloudinit\.qcow2,media=cdrom/);
    assert.equal(config.cipassword, '**********');
    assert.doesNotMatch(config.boot, /ide2/);
    await node.work('POST', `${GUESTS}/104/status/start`);
    await booted(node, 104);
    assert.equal(run_in(node, 104, 'dd if=/dev/sr0 bs=1 skip=32808 count=6 2>/dev/null'), 'cidata');
    const user = run_in(node, 104, mounted('cat /disc/user-data'));
    assert.match(user, /^#cloud-config\nhostname: 'guest-104'\n/);
    assert.match(user, /fqdn: 'guest-104\.example\.org'/);
    assert.match(user, /user: 'ana'/);
    assert.match(user, /password: '\$6\$[^']+'/);
    assert.match(user, /- 'ssh-ed25519 AAAA ana@home'/);
    const network = run_in(node, 104, mounted('cat /disc/network-config'));
    assert.match(network, /address: '192\.0\.2\.10'\n +netmask: '255\.255\.255\.0'/);
    assert.match(network, /type: ipv6_slaac/);
    assert.match(network, /- '192\.0\.2\.53'\n +search:\n +- 'example\.org'/);
    assert.match(run_in(node, 104, mounted('cat /disc/meta-data')), /^instance-id: [0-9a-f]{40}\n$/);
    for (const [type, text] of [['user', user], ['network', network]]) {
      const dump = node.posada('qm', 'cloudinit', 'dump', '104', type);
      assert.equal(dump.status, 0, dump.stderr);
      assert.equal(dump.stdout.trimEnd(), text.trimEnd());
    }
  });

  await t.test('a change waits until the drive is written again, then the guest has it', async () => {
    await node.call('PUT', CONFIG(104), { ciuser: 'berta' });
    const rows = await node.call('GET', `${GUESTS}/104/cloudinit`);
    assert.deepEqual(rows.find((row) => row.key === 'ciuser'),
      { key: 'ciuser', value: 'ana', pending: 'berta' });
    assert.equal(rows.find((row) => row.key === 'cipassword').value, '**********');
    assert.match(run_in(node, 104, mounted('cat /disc/user-data')), /'ana'/);
    const update = node.posada('qm', 'cloudinit', 'update', '104');
    assert.equal(update.status, 0, update.stderr);
    assert.match(run_in(node, 104, mounted('cat /disc/user-data')), /'berta'/);
    const after = await node.call('GET', `${GUESTS}/104/cloudinit`);
    assert.deepEqual(after.filter((row) => row.pending !== undefined), []);
  });

  await t.test('own snippets take the place of what would be made', async () => {
    const folder = join(node.folder, 'local', 'snippets');
    const write = (name, text) => writeFileSync(join(folder, name), text);
    mkdirSync(folder, { recursive: true });
    write('user.yaml', '#cloud-config\nown: first\n');
    write('vendor.yaml', '#cloud-config\nvendor: yes\n');
    const set = (value) => node.ask('PUT', CONFIG(104), { cicustom: value });
    const missing = await set('user=local:snippets/none.yaml');
    assert.equal(missing.status, 400);
    assert.match(missing.json.errors.cicustom, /local:snippets\/none\.yaml' does not exist/);
    const other = await set('user=local:104/vm-104-disk-0.qcow2');
    assert.match(other.reason, /is not in the snippets directory/);
    const taken = await set('user=local:snippets/user.yaml,vendor=local:snippets/vendor.yaml');
    assert.equal(taken.status, 200, taken.text);
    const update = () => node.call('PUT', `${GUESTS}/104/cloudinit`);
    await update();
    assert.equal(run_in(node, 104, mounted('cat /disc/user-data /disc/vendor-data')),
      '#cloud-config\nown: first\n#cloud-config\nvendor: yes\n');
    assert.match(run_in(node, 104, mounted('cat /disc/network-config')), /192\.0\.2\.10/);
    write('user.yaml', '#cloud-config\nown: second\n');
    await update();
    assert.match(run_in(node, 104, mounted('cat /disc/user-data')), /own: second/);
    await node.call('PUT', CONFIG(104), { delete: 'cicustom' });
    await update();
    assert.match(run_in(node, 104, mounted('cat /disc/user-data')), /'berta'/);
  });

  await t.test('Windows gets a ConfigDrive, and a copy a disc of its own', async () => {
    await node.work('POST', `${GUESTS}/104/status/stop`);
    await node.call('PUT', CONFIG(104), { citype: 'configdrive2' });
    await node.work('POST', `${GUESTS}/104/clone`, { newid: 105, name: 'other', full: 1 });
    assert.match((await node.config(105)).ide2, /^local:105\/vm-105-cloudinit\.qcow2/);
    await node.work('POST', `${GUESTS}/105/status/start`);
    await booted(node, 105);
    assert.match(run_in(node, 105, mounted('cat /disc/openstack/latest/user_data')),
      /hostname: 'other'/);
    const meta = JSON.parse(run_in(node, 105, mounted('cat /disc/openstack/latest/meta_data.json')));
    assert.equal(meta.network_config.content_path, '/content/0000');
    assert.match(run_in(node, 105, mounted('cat /disc/openstack/content/0000')),
      /iface eth0 inet static\n +address 192\.0\.2\.10/);
    await node.work('POST', `${GUESTS}/105/status/stop`);
    await node.work('DELETE', `${GUESTS}/105`);
    assert.ok(!node.disks().some((file) => file.startsWith('105/')), node.disks().join(' '));
  });
});
