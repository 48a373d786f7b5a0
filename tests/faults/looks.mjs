// What must hold after each kill of the walk (kills.mjs), looked at over HTTPS and from below:
//
//   - no volume without a guest whose config names it, none that a config names is missing, and no
//     temporary file; an uploaded image is whole or absent
//   - no config lost or changed but by the request that was under way, and that one old or new
//   - no running guest touched: every machine that ran is the same QEMU process, every container
//     the same process 1, unless the request itself started or ended it
//   - a container's files are whole: what was written into it is there, in its copies too; its
//     images are as large as its config says or larger, and their file systems without a fault
//   - no task "running", none that failed without having been interrupted, no undo left to do, no
//     run folder, process, loop device or interface without its guest and the other way round

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { until } from './node.mjs';
import { BYSTANDERS, changes_process, is_container, path_of } from './works.mjs';

const VOLUME = /^local:([^,]+)/;
const VOLUME_KEY = /^(rootfs|(scsi|virtio|unused|mp)\d+)$/;
const UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Bytes of a volume as its config says. */
function size_in(value) {
  const [, number, unit] = /size=(\d+)([KMG]?)/.exec(value);
  return Number(number) * UNITS[unit];
}

export class Looks {
  constructor(node) {
    this.node = node;
    this.expected = new Map();   // vmid → config text, without what a pending request may change
    this.processes = new Map();  // vmid → {pid, start} of what runs
    this.marks = new Map();      // vmid → what was written into the container
    this.ending = new Map();     // vmid → until when it may end by itself
    this.waiting = new Set();    // machines whose next reboot makes them another process
    this.logs = new Map();       // vmid → {pid, file}: what QEMU writes
    this.sizes = {};             // of uploaded images
    this.counts = {};
  }

  count(name, by = 1) { this.counts[name] = (this.counts[name] ?? 0) + by; }

  volume_file(value) { return join(this.node.folder, 'local/images', VOLUME.exec(value)[1]); }

  async config_text(vmid) {
    const { digest, ...config } = await this.node.call('GET', `${path_of(vmid)}/config`);
    return JSON.stringify(Object.entries(config).sort());
  }

  async remember() {
    this.expected.clear();
    for (const guest of await this.node.guests()) {
      this.expected.set(guest.vmid, await this.config_text(guest.vmid));
    }
    this.processes = this.node.running_guests();
    await this.find_waiting();
    this.open_logs();
    for (const vmid of this.expected.keys()) {
      if (is_container(vmid) && !this.marks.has(vmid)) await this.mark(vmid);
    }
    for (const vmid of this.marks.keys()) {
      if (!this.expected.has(vmid)) this.marks.delete(vmid);
    }
  }

  /**
   * Machines with nothing to boot from, as these are, reboot every second, and a reboot brings
   * waiting changes in: another process, but never none.
   */
  async find_waiting() {
    this.waiting = new Set();
    for (const vmid of this.processes.keys()) {
      if (is_container(vmid)) continue;
      const rows = await this.node.call('GET', `${path_of(vmid)}/pending`);
      if (rows.some((row) => 'pending' in row || row.delete)) this.waiting.add(vmid);
    }
  }

  /** What QEMU has said is gone with its run folder, unless somebody has it open. */
  open_logs() {
    for (const [vmid, { pid }] of this.processes) {
      if (is_container(vmid) || this.logs.get(vmid)?.pid === pid) continue;
      this.close_log(vmid);
      const file = join(this.node.run, 'vm', String(vmid), 'qemu.log');
      if (existsSync(file)) this.logs.set(vmid, { pid, file: openSync(file) });
    }
  }

  close_log(vmid) {
    if (this.logs.has(vmid)) closeSync(this.logs.get(vmid).file);
    this.logs.delete(vmid);
  }

  words_of(vmid) {
    const log = this.logs.get(vmid);
    return log ? readFileSync(log.file, 'utf8') : '';
  }

  /** Writes something into a container from below; a copy has it from its original. */
  async mark(vmid) {
    this.marked = (this.marked ?? 0) + 1;
    const text = `${vmid} ${this.marked}`;
    writeFileSync(await this.mark_file(vmid), text);
    this.marks.set(vmid, text);
  }

  async mark_file(vmid) {
    const { rootfs } = await this.node.call('GET', `${path_of(vmid)}/config`);
    return join(this.volume_file(rootfs), 'root/mark');
  }

  async look(chosen, answered) {
    const { node } = this;
    const upid = answered.status === 200 && (answered.json ?? JSON.parse(answered.text)).data;
    const outcome = typeof upid === 'string' ? await node.outcome(upid) : undefined;
    if (outcome !== undefined) assert.match(outcome, /^(OK|interrupted: .*)$/, 'the task');
    // A task that nobody knows of may be at its end.
    const tasks = await until('no task runs', async () => {
      const active = await node.call('GET', '/nodes/faulty/tasks', { source: 'active' });
      return active.length === 0 ? node.call('GET', '/nodes/faulty/tasks',
        { source: 'all', limit: 5 }) : undefined;
    });
    assert.ok(tasks.every((task) => task.status), 'a task has no end');
    assert.deepEqual(node.journals(), [], 'an undo is left');
    this.count('tasks', tasks.length);
    const guests = (await node.guests()).map((guest) => guest.vmid).sort();
    if (/stop$/.test(chosen.kind) && outcome !== 'OK') await this.let_end(chosen.vmid);
    await this.look_at_volumes(guests);
    await this.look_at_guests(chosen, outcome, guests);
    await this.look_at_processes(chosen, guests);
    await this.look_at_leftovers();
    if (guests.includes(chosen.vmid) && is_container(chosen.vmid)) {
      await this.look_into_container(chosen);
    }
    for (const [vmid, text] of this.marks) {
      if (!guests.includes(vmid)) continue;
      assert.equal(readFileSync(await this.mark_file(vmid), 'utf8'), text, `a file in ${vmid}`);
      this.count('files in containers');
    }
    this.look_at_images(chosen, outcome);
    await this.remember();
  }

  /** A stop that was interrupted may have reached the guest, which then ends in its own time. */
  async let_end(vmid) {
    await until('its end', () => !this.node.running_guests().has(vmid), 5).catch(() => {
      this.ending.set(vmid, Date.now() + 30_000);
    });
  }

  async look_at_volumes(guests) {
    const found = new Set();
    for (const vmid of guests) {
      // What a running guest has, and what waits for its next start.
      for (const current of [0, 1]) {
        const config = await this.node.call('GET', `${path_of(vmid)}/config`, { current });
        for (const [key, value] of Object.entries(config)) {
          const volume = VOLUME.exec(value);
          if (volume && VOLUME_KEY.test(key)) found.add(volume[1]);
        }
      }
    }
    const named = [...found].sort();
    const settled = () => JSON.stringify(this.node.disks()) === JSON.stringify(named);
    // A storage clears what was left in the background.
    if (!settled()) {
      await until('volumes and configs agree', settled, 5).catch(() => {
        assert.deepEqual(this.node.disks(), named, 'volumes on the storage, those in the configs');
      });
    }
    this.count('volumes', named.length);
  }

  async look_at_guests(chosen, outcome, guests) {
    const before = [...this.expected.keys()].filter((vmid) => vmid !== chosen.vmid).sort();
    assert.deepEqual(guests.filter((vmid) => vmid !== chosen.vmid), before, 'guests');
    for (const vmid of before) {
      await this.look_at_config(vmid);
    }
    this.count('configs', before.length);
    const there = guests.includes(chosen.vmid);
    const makes = /(create|clone)$/.test(chosen.kind);
    const removes = /remove$/.test(chosen.kind);
    if (outcome === 'OK' && makes) assert.ok(there, 'a created guest is gone');
    if (outcome === 'OK' && removes) assert.ok(!there, 'a removed guest is there');
    if (chosen.vmid && !makes && !removes) assert.ok(there, 'a guest is lost');
    if (/(start|stop)$/.test(chosen.kind)) await this.look_at_config(chosen.vmid);
    if (/configure$/.test(chosen.kind)) {
      const { description, onboot } = await this.node.call('GET', `${path_of(chosen.vmid)}/config`);
      const stepped = /^step (\d+)$/.exec((description ?? '').trim());
      if (stepped) assert.equal(Number(onboot), Number(stepped[1]) % 2, 'half of a change is there');
    }
  }

  /** A disk that waits joins the boot order when it comes in: at a start or stop, or when the guest
      reboots by itself. */
  async look_at_config(vmid) {
    const without_boot = (text) => text.replace(/\["boot",[^\]]*\],?/, '');
    assert.equal(without_boot(await this.config_text(vmid)),
      without_boot(this.expected.get(vmid)), `config of ${vmid}`);
  }

  /** Who ran runs on, as the same process; what runs is what the node says. */
  async look_at_processes(chosen, guests) {
    const { node } = this;
    for (const [vmid, before] of this.processes) {
      if (vmid === chosen.vmid && changes_process(chosen.kind)) continue;
      const now = node.running_guests().get(vmid);
      if (!now && Date.now() < (this.ending.get(vmid) ?? 0)) continue;
      if (now?.pid !== before.pid && (this.waiting.has(vmid) || vmid === chosen.vmid)) {
        await until(`machine ${vmid} runs again`, () => node.running_guests().has(vmid), 15);
        continue;
      }
      assert.deepEqual(now, before,
        `the process of guest ${vmid}; its last words: ${this.words_of(vmid)}`);
      this.count(is_container(vmid) ? 'running containers' : 'running machines');
    }
    for (const vmid of BYSTANDERS) assert.ok(this.processes.has(vmid), `${vmid} does not run`);
    for (const vmid of guests) {
      await until(`guest ${vmid} is what its process says`, async () => {
        const wanted = node.running_guests().has(vmid) ? 'running' : 'stopped';
        return (await node.call('GET', `${path_of(vmid)}/status/current`)).status === wanted;
      }, 15);
    }
  }

  /** Run folders, processes, loop devices and interfaces, each of a guest that runs. */
  async look_at_leftovers() {
    const { node } = this;
    const text = (list) => JSON.stringify([...list].sort());
    const settled = () => {
      const ids = [...node.running_guests().keys()];
      return text(ids.filter((vmid) => !is_container(vmid))) === text(node.run_folders('vm'))
        && text(ids.filter(is_container)) === text(node.run_folders('ct'))
        && node.things_of_containers().every((thing) => ids.includes(thing.vmid));
    };
    // What an ended guest leaves is released in the background.
    if (!settled()) {
      await until('leftovers', settled, 15).catch(() => {
        assert.deepEqual({
          running: [...node.running_guests().keys()],
          folders: [...node.run_folders('vm'), ...node.run_folders('ct')],
          things: node.things_of_containers(),
        }, {}, 'something is left of a guest that does not run');
      });
    }
    this.count('leftovers');
  }

  async look_into_container(chosen) {
    const { node } = this;
    const { vmid, kind } = chosen;
    const config = await node.call('GET', `${path_of(vmid)}/config`, { current: 1 });
    if (kind === 'ct_create' || kind === 'ct_clone') {
      const busybox = join(this.volume_file(config.rootfs), 'bin/busybox');
      assert.ok(existsSync(busybox), 'a container has no files');
      const whole = await node.call('GET', `${path_of(BYSTANDERS[1])}/config`);
      assert.equal(statSync(busybox).size,
        statSync(join(this.volume_file(whole.rootfs), 'bin/busybox')).size);
    }
    if (kind === 'ct_clone') {
      assert.equal(readFileSync(await this.mark_file(vmid), 'utf8'), this.marks.get(chosen.source),
        'a copy has what its original has');
      this.marks.set(vmid, this.marks.get(chosen.source));
    }
    if (node.running_guests().has(vmid)) return;
    for (const [key, value] of Object.entries(config)) {
      if (!/^mp\d$/.test(key) || !value.includes('.raw')) continue;
      const file = this.volume_file(value);
      const bytes = statSync(file).size;
      assert.equal(bytes, size_in(value), `${key} has the size that its config says`);
      const check = spawnSync('e2fsck', ['-f', '-n', file], { encoding: 'utf8', timeout: 60000 });
      assert.equal(check.status, 0, `${value}: ${check.stdout} ${check.stderr}`);
      this.count('file systems');
    }
  }

  look_at_images(chosen, outcome) {
    for (const name of this.node.images()) {
      assert.match(name, /^step-\d\.iso$/, 'a file that nobody asked for');
    }
    if (chosen.kind !== 'upload') return;
    const file = join(this.node.folder, 'local/template/iso', chosen.image);
    const there = this.node.images().includes(chosen.image);
    if (outcome === 'OK') assert.ok(there, 'an uploaded image is gone');
    if (!there) return;
    // Whole, or what was there before under that name.
    const sizes = [chosen.content.length, this.sizes[chosen.image]];
    assert.ok(sizes.includes(statSync(file).size), `${chosen.image} is cut`);
    if (outcome === 'OK') assert.equal(statSync(file).size, chosen.content.length);
    this.sizes[chosen.image] = statSync(file).size;
    this.count('images');
  }
}
