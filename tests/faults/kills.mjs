// Kills the daemon again and again in the middle of work, starts it again, and checks after each
// kill that nothing is half-made, lost or touched:
//
//   - no disk without a guest whose config names it, none that a config names is missing, and no
//     temporary file; an uploaded image is whole or absent
//   - no config lost or changed but by the request that was under way, and that one old or new
//   - no running guest touched: a machine that runs all the time is the same process at the end
//   - no task "running", no undo left to do, no run folder without its QEMU and the other way round
//
//   node tests/faults/kills.mjs [--kills N] [--seed S]      (`./dev soak` runs 1,000)
//
// About half of the kills come at a random moment of the work, the others at a named failpoint
// between two steps of it (base/failpoint.h), which may also strike the recovery of the next start.
// The seed is printed first; the same seed makes the same choices, though a kill at a moment of
// time may hit another step.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Node, skip, until } from './node.mjs';
import { generator, pick } from './random.mjs';

const BYSTANDER = 100;
const SLOTS = [101, 102, 103];
const GUEST = '/nodes/faulty/qemu';
const MIB = 1024 * 1024;
// How long each kind of work takes at first guess; measured figures replace them.
const FIRST_GUESS_MS = 150;

const FAILPOINTS = {
  create: ['journal.written', 'storage.allocate.journaled', 'storage.allocate.reserved',
    'storage.directory.file-made', 'storage.allocate.made', 'vm.disk.allocated', 'vm.create.disks',
    'vm.create.committed', 'task.work-done'],
  start: ['journal.written', 'vm.start.journalled', 'vm.start.folder', 'vm.start.network',
    'vm.start.disks', 'vm.start.group', 'vm.start.spawned', 'vm.start.recorded', 'vm.start.greeted',
    'vm.start.running', 'task.work-done'],
  stop: ['vm.release.process', 'vm.release.network', 'task.work-done'],
  remove: ['journal.written', 'vm.destroy.journalled', 'vm.destroy.committed', 'vm.destroy.volume',
    'storage.remove.marked', 'storage.remove.gone', 'vm.destroy.removed', 'task.work-done'],
  add_disk: ['journal.written', 'vm.volume.journalled', 'storage.allocate.made',
    'vm.change.disks', 'vm.change.committed', 'vm.plug.node', 'vm.change.plugged'],
  configure: ['vm.change.committed'],
  upload: ['task.worker.prepared', 'task.worker.started', 'worker.incoming.checked',
    'worker.incoming.named', 'task.work-done'],
};

const ALL_FAILPOINTS = Object.values(FAILPOINTS).flat();

/** Sends an upload in pieces, so that a kill can come between them. */
function upload(node, name, content) {
  const boundary = 'posada-fault-boundary';
  const head = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\n`
    + `iso\r\n--${boundary}\r\nContent-Disposition: form-data; name="filename"; `
    + `filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const url = new URL(node.url);
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: url.hostname, port: url.port, method: 'POST', agent: false, timeout: 30000,
      path: '/api2/json/nodes/faulty/storage/local/upload', rejectUnauthorized: false,
      headers: {
        ...node.identity.headers('POST', false),
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': head.length + content.length + tail.length,
      },
    }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('the upload hangs')));
    request.on('error', reject);
    request.write(head);
    for (let at = 0; at < content.length; at += MIB) {
      request.write(content.subarray(at, at + MIB));
    }
    request.end(tail);
  });
}

class Walk {
  constructor(node, seed) {
    this.node = node;
    this.random = generator(seed);
    this.expected = new Map();  // vmid → config text, without what a pending request may change
    this.durations = {};
    this.uploads = 0;
    this.armed = '';  // the failpoint at which the daemon that runs now will die
    this.counts = { kills: 0, at_failpoints: 0, in_recovery: 0 };
  }

  async begin() {
    const { node } = this;
    await node.work('POST', GUEST, {
      vmid: BYSTANDER, name: 'bystander', memory: 32, scsi0: 'local:1', description: 'keep me',
    });
    await node.work('POST', `${GUEST}/${BYSTANDER}/status/start`);
    [this.bystander] = node.machines();
    await this.remember();
  }

  async remember() {
    this.expected.clear();
    for (const guest of await this.node.guests()) {
      this.expected.set(guest.vmid, await this.config_text(guest.vmid));
    }
  }

  async config_text(vmid) {
    const { digest, ...config } = await this.node.config(vmid);
    return JSON.stringify(Object.entries(config).sort());
  }

  /** What may be done now, and how: {kind, vmid?, begin}. */
  choose() {
    const { random, node } = this;
    const running = new Set(node.machines().map((one) => one.vmid));
    const vmid = pick(random, SLOTS);
    const guest = `${GUEST}/${vmid}`;
    const choices = [{ kind: 'upload' }];
    if (!this.expected.has(vmid)) {
      const disks = { scsi0: 'local:1', ...(random() < 0.5 && { scsi1: 'local:1,format=qcow2' }) };
      const create = {
        kind: 'create', vmid, begin: () => node.ask('POST', GUEST, { vmid, memory: 32, ...disks }),
      };
      choices.push(create, create, create);
    } else {
      // A new key each time: a disk that takes another's place waits on a running machine.
      const text = this.expected.get(vmid);
      const free = [0, 1, 2, 3, 4, 5].find((number) => !text.includes(`"virtio${number}"`));
      if (free !== undefined) {
        choices.push({
          kind: 'add_disk', vmid, begin: () => node.ask('POST', `${guest}/config`,
            { [`virtio${free}`]: 'local:1' }),
        });
      }
      choices.push({
        kind: 'configure', vmid, begin: () => node.ask('PUT', `${guest}/config`,
          { description: `step ${this.counts.kills}`, onboot: this.counts.kills % 2 }),
      });
      const power = running.has(vmid)
        ? { kind: 'stop', vmid, begin: () => node.ask('POST', `${guest}/status/stop`) }
        : { kind: 'start', vmid, begin: () => node.ask('POST', `${guest}/status/start`) };
      choices.push(power, power);
      const remove = { kind: 'remove', vmid, begin: () => node.ask('DELETE', guest) };
      if (!running.has(vmid)) choices.push(remove, remove);
    }
    const fitting = choices.filter(({ kind }) => FAILPOINTS[kind].includes(this.armed));
    const chosen = { ...pick(random, fitting.length > 0 ? fitting : choices) };
    if (chosen.kind === 'upload') this.prepare_upload(chosen);
    return chosen;
  }

  prepare_upload(chosen) {
    this.uploads += 1;
    chosen.image = `step-${this.uploads % 3}.iso`;
    chosen.content = Buffer.alloc(1 + Math.floor(this.random() * 8 * MIB), this.uploads);
    chosen.begin = () => upload(this.node, chosen.image, chosen.content);
  }

  /** One kill: work begins, the daemon dies, a new one comes, everything is looked at. */
  async step() {
    const { node } = this;
    const chosen = this.choose();
    const at_failpoint = FAILPOINTS[chosen.kind].includes(this.armed);
    const share = this.random();
    this.doing = `${chosen.kind} ${chosen.vmid ?? chosen.image ?? ''} `
      + `${at_failpoint ? this.armed : `at ${Math.round(share * 100)} %`}`;
    const began = Date.now();
    // The answer may be an error or none at all: the daemon dies while it is asked for.
    const answer = chosen.begin().then((found) => found, (error) => ({ error }));
    const finished = this.end_of(answer).then((whole) => {
      if (whole) this.measure(chosen.kind, Date.now() - began);
    });
    const typical = this.durations[chosen.kind] ?? FIRST_GUESS_MS;
    const moment = new Promise((done) => { setTimeout(done, share * typical * 1.2); });
    await Promise.race([node.died, finished, ...(at_failpoint ? [] : [moment])]);
    if (node.daemon.signalCode) this.counts.at_failpoints += 1;
    await node.kill();
    this.counts.kills += 1;
    await this.serve_again();
    await this.look(chosen, await answer);
  }

  /** Every other daemon is armed with a failpoint, which may strike while it comes up. */
  async serve_again() {
    const { node, random } = this;
    this.armed = random() < 0.6 ? pick(random, ALL_FAILPOINTS) : '';
    const passes = random() < 0.2 ? '@2' : '';
    if (await node.serve(this.armed && `${this.armed}=kill${passes}`)) return;
    this.doing += `, then ${this.armed} in the recovery`;
    this.counts.in_recovery += 1;
    this.counts.kills += 1;
    this.armed = '';
    assert.ok(await node.serve(), 'the daemon does not start');
  }

  measure(kind, duration) {
    this.durations[kind] = 0.7 * (this.durations[kind] ?? duration) + 0.3 * duration;
  }

  /** True when the work has come to its end, false when the daemon died before. */
  async end_of(answer) {
    const found = await answer;
    const upid = found.status === 200 && (found.json ?? JSON.parse(found.text)).data;
    if (typeof upid !== 'string') return found.status === 200;
    try {
      await this.node.outcome(upid, 20);
      return true;
    } catch {
      return false;  // killed meanwhile: asked for once more in `look`
    }
  }

  async look(chosen, answered) {
    const { node } = this;
    const upid = answered.status === 200 && (answered.json ?? JSON.parse(answered.text)).data;
    const outcome = typeof upid === 'string' ? await node.outcome(upid) : undefined;
    // An adopted worker may still be at its file.
    const tasks = await until('no task runs', async () => {
      const active = await node.call('GET', '/nodes/faulty/tasks', { source: 'active' });
      return active.length === 0 ? node.call('GET', '/nodes/faulty/tasks',
        { source: 'all', limit: 5 }) : undefined;
    });
    assert.ok(tasks.every((task) => task.status), 'a task has no end');
    assert.deepEqual(node.journals(), [], 'an undo is left');
    await this.look_at_guests(chosen, outcome);
    await this.look_at_processes();
    this.look_at_images(chosen, outcome);
    await this.remember();
  }

  async look_at_guests(chosen, outcome) {
    const guests = (await this.node.guests()).map((guest) => guest.vmid).sort();
    const found = new Set();
    for (const vmid of guests) {
      // What a running machine has, and what waits for its next start.
      for (const current of [0, 1]) {
        const config = await this.node.call('GET', `${GUEST}/${vmid}/config`, { current });
        for (const [key, value] of Object.entries(config)) {
          const disk = /^local:([^,]+)/.exec(value);
          if (disk && /^(scsi|virtio|unused)\d+$/.test(key)) found.add(disk[1]);
        }
      }
    }
    const named = [...found].sort();
    const settled = () => JSON.stringify(this.node.disks()) === JSON.stringify(named);
    // A storage clears what was left in the background.
    if (!settled()) {
      await until('disks and configs agree', settled, 5).catch(() => {
        assert.deepEqual(this.node.disks(), named, 'disks on the storage, disks in the configs');
      });
    }
    const before = [...this.expected.keys()].filter((vmid) => vmid !== chosen.vmid).sort();
    assert.deepEqual(guests.filter((vmid) => vmid !== chosen.vmid), before, 'guests');
    for (const vmid of before) {
      assert.equal(await this.config_text(vmid), this.expected.get(vmid), `config of ${vmid}`);
    }
    const there = guests.includes(chosen.vmid);
    if (outcome === 'OK' && chosen.kind === 'create') assert.ok(there, 'a created guest is gone');
    if (outcome === 'OK' && chosen.kind === 'remove') assert.ok(!there, 'a removed guest is there');
    if (!['create', 'remove', 'upload'].includes(chosen.kind)) assert.ok(there, 'a guest is lost');
    if (chosen.kind === 'start' || chosen.kind === 'stop') {
      // A disk that was waiting for the next start joins the boot order with it.
      const without_boot = (text) => text.replace(/\["boot",[^\]]*\],?/, '');
      assert.equal(without_boot(await this.config_text(chosen.vmid)),
        without_boot(this.expected.get(chosen.vmid)), `config of ${chosen.vmid}`);
    }
    if (chosen.kind === 'configure') {
      const { description, onboot } = await this.node.config(chosen.vmid);
      const stepped = /^step (\d+)$/.exec(description ?? '');
      if (stepped) assert.equal(onboot, Number(stepped[1]) % 2, 'half of a change is there');
    }
  }

  async look_at_processes() {
    const { node } = this;
    const running = node.machines();
    const same = running.find((one) => one.vmid === BYSTANDER);
    assert.deepEqual(same, this.bystander, 'the machine that runs all the time');
    const ids = running.map((one) => one.vmid).sort();
    assert.deepEqual(node.run_folders().sort(), ids, 'run folders and QEMU processes');
    for (const guest of await node.guests()) {
      const wanted = ids.includes(guest.vmid) ? 'running' : 'stopped';
      await until(`machine ${guest.vmid} is ${wanted}`,
        async () => await node.status(guest.vmid) === wanted, 10);
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
    const sizes = [chosen.content.length, this.sizes?.[chosen.image]];
    assert.ok(sizes.includes(statSync(file).size), `${chosen.image} is cut`);
    if (outcome === 'OK') assert.equal(statSync(file).size, chosen.content.length);
    this.sizes = { ...this.sizes, [chosen.image]: statSync(file).size };
  }
}

/** Runs the walk; throws at the first thing that is not as it should be. */
export async function run(kills, seed, say = console.log) {
  say(`seed ${seed}, ${kills} kills (again: node tests/faults/kills.mjs --kills ${kills} `
    + `--seed ${seed})`);
  const node = await Node.make();
  const walk = new Walk(node, seed);
  try {
    await walk.begin();
    const began = Date.now();
    let told = 0;
    while (walk.counts.kills < kills) {
      try {
        await walk.step();
      } catch (error) {
        error.message = `seed ${seed}, kill ${walk.counts.kills} (${walk.doing}): ${error.message}`;
        throw error;
      }
      if (walk.counts.kills - told >= 50) {
        told = walk.counts.kills;
        say(`${told} kills, ${walk.counts.at_failpoints} of them at failpoints, `
          + `${walk.counts.in_recovery} in a recovery, ${Math.round((Date.now() - began) / 1000)} s`);
      }
    }
    return walk.counts;
  } finally {
    await node.remove();
  }
}

async function main() {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string' } },
  });
  if (skip) {
    console.log(`skipped: ${skip}`);
    return 0;
  }
  const seed = Number(values.seed ?? createHash('sha256').update(String(process.hrtime.bigint()))
    .digest().readUInt32LE(0));
  const counts = await run(Number(values.kills), seed);
  console.log(`${counts.kills} kills: nothing lost, left or touched (${counts.at_failpoints} at `
    + `failpoints, ${counts.in_recovery} in a recovery)`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().then((code) => { process.exitCode = code; }, (error) => {
    console.error(error.message);
    console.error(error.stack);
    process.exitCode = 1;
  });
}
