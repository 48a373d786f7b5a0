// Real guests on every firmware, machine type, disk controller and network card that a config can
// ask for: each boots from its disk, and its agent says that it sees the card. The demo disk is
// imported once; every guest stands on a linked copy of it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { until } from '../faults/node.mjs';
import { GUESTS, booted, copy, node_with_template, run_in, skip } from './guests.mjs';

const AT_ONCE = 2;

const uefi = (keys, type) => ({
  bios: 'ovmf', efidisk0: `local:1,efitype=${type}${keys ? ',pre-enrolled-keys=1' : ''}`, memory: 512,
});

// What it is, the key of its disk, its card, and the rest of the config.
const CONFIGURATIONS = [
  ['SeaBIOS, pc, IDE, e1000', 'ide0', 'e1000', { machine: 'pc' }],
  ['SeaBIOS, q35, IDE, e1000e', 'ide0', 'e1000e', { machine: 'q35' }],
  ['SeaBIOS, pc, SATA, rtl8139', 'sata0', 'rtl8139', { machine: 'pc' }],
  ['SeaBIOS, q35, SATA, vmxnet3', 'sata0', 'vmxnet3', { machine: 'q35' }],
  ['SeaBIOS, pc, SCSI as LSI', 'scsi0', 'virtio', { scsihw: 'lsi' }],
  // SeaBIOS does not boot from this controller: the guest sees a second disk on it.
  ['SeaBIOS, q35, IDE and SCSI as LSI 53C810', 'ide0', 'virtio',
    { machine: 'q35', scsihw: 'lsi53c810', scsi3: 'local:1,format=qcow2' }],
  ['SeaBIOS, pc, SCSI as MegaRAID', 'scsi0', 'virtio', { scsihw: 'megasas' }],
  ['SeaBIOS, q35, SCSI as VMware', 'scsi0', 'vmxnet3', { machine: 'q35', scsihw: 'pvscsi' }],
  ['SeaBIOS, pc, SCSI as VirtIO', 'scsi0', 'virtio', { scsihw: 'virtio-scsi-pci' }],
  ['SeaBIOS, q35, SCSI as VirtIO with a thread of its own', 'scsi0,iothread=1', 'virtio',
    { machine: 'q35', scsihw: 'virtio-scsi-single' }],
  ['SeaBIOS, pc, VirtIO block', 'virtio0', 'ne2k_pci', {}],
  ['SeaBIOS, q35, VirtIO block, with every small device', 'virtio0,discard=on', 'virtio',
    {
      machine: 'q35', rng0: 'source=/dev/urandom,max_bytes=1024,period=1000', balloon: 192,
      vga: 'virtio', audio0: 'device=intel-hda,driver=none', watchdog: 'model=i6300esb',
      memory: 256, cores: 2, numa: 1,
    }],
  ['UEFI, q35, VirtIO block', 'virtio0', 'rtl8139', { machine: 'q35', ...uefi(false, '4m') }],
  ['UEFI, pc, IDE', 'ide0', 'e1000', { machine: 'pc', ...uefi(false, '4m') }],
  ['UEFI of 2 MB, pc, SCSI', 'scsi0', 'virtio',
    { machine: 'pc', scsihw: 'virtio-scsi-pci', ...uefi(false, '2m') }],
  ['Secure Boot, q35, SATA', 'sata0', 'virtio', { machine: 'q35', ...uefi(true, '4m') }],
  ['Secure Boot, pc, VirtIO block', 'virtio0', 'virtio', { machine: 'pc', ...uefi(true, '4m') }],
];

async function see(node, vmid, [, disk, card, config]) {
  await copy(node, vmid, disk, { ...config, net0: card });
  await node.work('POST', `${GUESTS}/${vmid}/status/start`);
  await booted(node, vmid);
  const { net0 } = await node.config(vmid);
  const address = /=([0-9A-F:]{17})/.exec(net0)[1].toLowerCase();
  const { result } = await node.call('GET', `${GUESTS}/${vmid}/agent/network-get-interfaces`);
  const seen = result.map((one) => one['hardware-address']);
  assert.ok(seen.includes(address), `the card ${net0} is not among ${seen}`);
  if (config.rng0) {
    assert.match(run_in(node, vmid, 'cat /sys/class/misc/hw_random/rng_available'), /virtio/);
  }
  if (config.balloon) {
    const status = await until('the balloon reached its size', async () => {
      const now = await node.call('GET', `${GUESTS}/${vmid}/status/current`);
      return now.balloon === config.balloon * 1024 * 1024 ? now : undefined;
    }, 60);
    assert.ok(status.ballooninfo.free_mem > 0, JSON.stringify(status.ballooninfo));
  }
  if (config.bios) {
    const secure = config.efidisk0.includes('keys=1');
    assert.match(run_in(node, vmid, 'dmesg | grep -i "secure boot"'),
      secure ? /Secure boot enabled/ : /Secure boot disabled/);
  }
  if (config.scsi3) {
    const sizes = run_in(node, vmid, 'cat /sys/block/sd*/size').trim().split('\n');
    assert.ok(sizes.includes(String(1024 * 1024 * 2)), `a disk of 1 GiB is not among ${sizes}`);
  }
}

test('guests on all hardware', { skip }, async (t) => {
  const node = await node_with_template();
  t.after(() => node.remove());
  const waiting = CONFIGURATIONS.map((configuration, n) => [100 + n, configuration]);
  const outcomes = new Map();
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [vmid, configuration] = next;
      const began = Date.now();
      const failure = await see(node, vmid, configuration).then(() => undefined, (error) => error);
      outcomes.set(configuration[0], { failure, seconds: (Date.now() - began) / 1000 });
      const stopped = await node.ask('POST', `${GUESTS}/${vmid}/status/stop`);
      if (stopped.status === 200) await node.outcome(stopped.json.data);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const [name] of CONFIGURATIONS) {
    const { failure, seconds } = outcomes.get(name);
    await t.test(`${name}: boots and sees its card`, () => {
      t.diagnostic(`${name}: ${seconds.toFixed(1)} s`);
      if (failure) throw failure;
    });
  }
});
