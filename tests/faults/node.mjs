// A node of a test's own: started, killed and started again as often as the test wants, and looked
// at from below (files, processes) as well as over HTTPS. Everything of it lies in a folder that
// `remove` takes away with its guests.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync, cpSync, existsSync, lstatSync, mkdtempSync, openSync, readFileSync, readdirSync,
  readlinkSync, rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Identity, encode, send } from '../api/client.mjs';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = join(SOURCE, 'build/release');
const FORM = 'application/x-www-form-urlencoded';

/** Why these tests cannot run here, or false: the value of node:test's `skip`. */
export const skip = (() => {
  if (!existsSync(join(BUILD, 'posada'))) return 'the programs are not built';
  if (process.getuid() !== 0) return 'needs root';
  return false;
})();

export const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

/** Asks until `probe` gives something other than undefined or false. */
export async function until(what, probe, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    assert.ok(Date.now() < deadline, `${what}: not within ${seconds} s`);
    await wait(20);
  }
}

function free_port() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const text_of = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;  // a process or file that is gone meanwhile
  }
};

const names_in = (folder) => (existsSync(folder) ? readdirSync(folder).sort() : []);

export class Node {
  static async make() {
    const node = new Node();
    node.folder = mkdtempSync(join(tmpdir(), 'posada-fault-'));
    node.port = await free_port();
    node.instance = createHash('sha256').update(node.folder).digest('hex').slice(0, 8);
    node.run = `/run/posada/${node.instance}`;
    await node.serve();
    return node;
  }

  /** Starts the daemon and waits until it answers; false when it died before (a failpoint). */
  async serve(failpoints = '', variables = {}) {
    const log = openSync(join(this.folder, 'serve.log'), 'a');
    const environment = { ...process.env, ...variables };
    delete environment.POSADA_FAILPOINTS;
    if (failpoints) environment.POSADA_FAILPOINTS = failpoints;
    const daemon = spawn(join(BUILD, 'posada'),
      ['serve', '--root', this.folder, '--port', String(this.port), '--node', 'faulty'],
      { stdio: ['ignore', log, log], detached: true, env: environment });
    closeSync(log);
    const state = { dead: false };
    this.daemon = daemon;
    this.died = new Promise((resolve) => {
      daemon.on('exit', () => {
        state.dead = true;
        resolve();
      });
    });
    const answers = async () => {
      if (state.dead) return 'dead';
      if (!this.token) this.read_credentials_();
      if (!this.token) return undefined;
      try {
        const answer = await this.ask('GET', '/version');
        return answer.status === 200 ? 'ready' : undefined;
      } catch {
        return undefined;  // the front is not there yet
      }
    };
    return await until('the daemon answers', answers, 60) === 'ready';
  }

  read_credentials_() {
    const text = text_of(join(this.folder, 'credentials'));
    if (!text) return;
    const facts = Object.fromEntries(text.trim().split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    this.url = facts.url;
    this.user = facts.user;
    this.password = facts.password;
    this.token = facts.token;
    this.identity = Identity.token(facts.token);
  }

  /** Kills the daemon's process, and nothing else. */
  async kill() {
    this.daemon.kill('SIGKILL');
    await this.died;
  }

  /** Ends guests, daemon and front, and removes everything. */
  async remove() {
    this.daemon.kill('SIGKILL');
    await this.died;
    for (const process of [...this.machines(), ...this.container_processes()]) {
      kill_quietly(process.pid);
    }
    await until('the containers have ended', () => this.container_processes().length === 0);
    spawnSync(join(BUILD, 'posada'), ['down', '--root', this.folder, '--yes'],
      { timeout: 60000, encoding: 'utf8' });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One request as the administrator (or `as`); parameters travel as clients send them. */
  ask(method, path, parameters = {}, as = this.identity) {
    const pairs = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
    const headers = as.headers(method, true);
    let target = `/json${path}`;
    let body;
    if (method === 'POST' || method === 'PUT') {
      body = encode(pairs);
      if (pairs.length > 0) headers['Content-Type'] = FORM;
      headers['Content-Length'] = Buffer.byteLength(body);
    } else if (pairs.length > 0) {
      target += `?${encode(pairs)}`;
    }
    return send(this.url, method, target, headers, body);
  }

  /** The answer's data; fails on any status but 200. */
  async call(method, path, parameters, as) {
    const answer = await this.ask(method, path, parameters, as);
    assert.equal(answer.status, 200,
      `${method} ${path}: ${answer.status} ${answer.reason} ${answer.text.slice(0, 300)}`);
    return answer.json.data;
  }

  /** The command line, as root on this machine. */
  posada(...words) {
    return spawnSync(join(BUILD, 'posada'), words, {
      encoding: 'utf8', timeout: 30000, env: { ...process.env, POSADA_ROOT: this.folder },
    });
  }

  sign_in(user = this.user, password = this.password) {
    return Identity.sign_in(this.url, user, password);
  }

  /** What a task ended with; waits for its end. */
  async outcome(upid, seconds = 60) {
    const path = `/nodes/faulty/tasks/${encodeURIComponent(upid)}/status`;
    const task = await until(`the end of ${upid}`, async () => {
      const found = await this.call('GET', path);
      return found.status === 'stopped' ? found : undefined;
    }, seconds);
    return task.exitstatus;
  }

  /** Makes a request that starts a task, and waits for its good end. */
  async work(method, path, parameters) {
    const upid = await this.call(method, path, parameters);
    assert.equal(await this.outcome(upid), 'OK', `${method} ${path}`);
  }

  async log(upid) {
    const lines = await this.call('GET', `/nodes/faulty/tasks/${encodeURIComponent(upid)}/log`,
      { limit: 0 });
    return lines.map((line) => line.t);
  }

  guests() { return this.call('GET', '/cluster/resources', { type: 'vm' }); }

  config(vmid) { return this.call('GET', `/nodes/faulty/qemu/${vmid}/config`); }

  async status(vmid) {
    return (await this.call('GET', `/nodes/faulty/qemu/${vmid}/status/current`)).status;
  }

  /** Disk files of a storage's folder, as "100/vm-100-disk-0.qcow2"; leftovers show as well. */
  disks(folder = join(this.folder, 'local')) {
    const images = join(folder, 'images');
    return names_in(images).flatMap((owner) => names_in(join(images, owner))
      .map((file) => `${owner}/${file}`));
  }

  images() { return names_in(join(this.folder, 'local/template/iso')); }

  /** QEMU processes of this node: {vmid, pid, start}. */
  machines() {
    const mark = `POSADA_GUEST=${this.instance}/`;
    return processes().flatMap((pid) => {
      const line = text_of(`/proc/${pid}/environ`)?.split('\0').find((one) => one.startsWith(mark));
      const stat = line && stat_of(pid);
      return stat && is_qemu(pid)
        ? [{ vmid: Number(line.slice(mark.length)), pid, start: stat[19] }] : [];
    });
  }

  /** Tasks whose undo is still to be done. */
  journals() {
    const folder = join(this.folder, 'data/tasks');
    const digits = names_in(folder).filter((name) => name.length === 1);
    return digits.flatMap((digit) => names_in(join(folder, digit))
      .filter((task) => existsSync(join(folder, digit, task, 'journal'))));
  }

  /** Processes in the control groups of containers: {vmid, pid, start, init}. */
  container_processes() {
    const mark = new RegExp(`posada/${this.instance}/ct-(\\d+)`);
    return processes().flatMap((pid) => {
      const found = mark.exec(text_of(`/proc/${pid}/cgroup`) ?? '');
      const stat = stat_of(pid);
      if (!found || !stat) return [];
      const numbers = /^NSpid:(.*)$/m.exec(text_of(`/proc/${pid}/status`) ?? '');
      const init = numbers !== null && /\t\d+\t1$/.test(numbers[1]);
      return [{ vmid: Number(found[1]), pid, start: stat[19], init }];
    });
  }

  /** Who runs, seen from below: vmid → {pid, start} of QEMU or of the container's process 1. */
  running_guests() {
    const all = [...this.machines(), ...this.container_processes().filter((one) => one.init)];
    return new Map(all.sort((a, b) => a.vmid - b.vmid)
      .map(({ vmid, pid, start }) => [vmid, { pid, start }]));
  }

  /** Whatever the kernel holds for containers, each as {vmid, what}. */
  things_of_containers() {
    const images = join(this.folder, 'local/images/');
    const loops = names_in('/sys/block').flatMap((name) => {
      const file = text_of(`/sys/block/${name}/loop/backing_file`)?.trim();
      return file?.startsWith(images)
        ? [{ vmid: parseInt(file.slice(images.length), 10), what: `${name}: ${file}` }] : [];
    });
    const links = spawnSync('ip', ['-n', `posada-${this.instance}`, '-o', 'link'],
      { encoding: 'utf8' });
    const cards = [...(links.stdout ?? '').matchAll(/ veth(\d+)i\d+/g)]
      .map(([name, vmid]) => ({ vmid: Number(vmid), what: name.trim() }));
    const living = this.container_processes()
      .map(({ vmid, pid }) => ({ vmid, what: `process ${pid}` }));
    return [...loops, ...cards, ...living];
  }

  /** Run folders of machines ('vm') or containers ('ct'), each with what was started. */
  run_folders(kind = 'vm') { return names_in(join(this.run, kind)).map(Number).sort(); }

  /** The demo container's template, made from Debian packages. */
  make_template() {
    const file = join(this.folder, 'local/template/cache/demo-ct.tar.zst');
    const cache = process.env.POSADA_IMAGE_CACHE ?? join(tmpdir(), 'posada-images');
    const made = spawnSync(join(SOURCE, 'tools/images/demo-ct'), [file, '--cache', cache],
      { encoding: 'utf8', timeout: 300000 });
    assert.equal(made.status, 0, `the template: ${made.stderr}`);
  }

  /** What the node wrote, for whoever looks for the cause of a fault. */
  keep_logs() {
    const kept = mkdtempSync(join(tmpdir(), 'posada-fault-logs-'));
    const filter = (file) => !lstatSync(file).isSocket();
    for (const name of ['serve.log', 'log', 'data/tasks']) {
      cpSync(join(this.folder, name), join(kept, name), { recursive: true, filter });
    }
    console.error(`the node's logs are kept in ${kept}`);
  }
}

const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);

/** Fields of /proc/PID/stat from the third on; undefined for what has ended. */
function stat_of(pid) {
  const stat = text_of(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && fields[0] !== 'Z' ? fields : undefined;
}

function is_qemu(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes('qemu');
  } catch {
    return false;
  }
}

export function kill_quietly(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
