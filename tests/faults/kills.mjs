// Kills the daemon again and again in the middle of work on machines, containers and images, starts
// it again, and checks after each kill that nothing is half-made, lost or touched (looks.mjs).
//
//   node tests/faults/kills.mjs [--kills N] [--seed S]      (`./dev soak` runs 1,000)
//
// About half of the kills come at a random moment of the work, the others at a named failpoint
// between two steps of it (base/failpoint.h), which may also strike the recovery of the next start.
// The seed is printed first; the same seed makes the same choices, though a kill at a moment of
// time may hit another step.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Looks } from './looks.mjs';
import { Node, skip } from './node.mjs';
import { generator, pick } from './random.mjs';
import { ALL_FAILPOINTS, FAILPOINTS, choose, make_bystanders } from './works.mjs';

// How long each kind of work takes at first guess; measured figures replace them.
const FIRST_GUESS_MS = 150;

class Walk {
  constructor(node, seed) {
    this.node = node;
    this.random = generator(seed);
    this.looks = new Looks(node);
    this.durations = {};
    this.armed = '';  // the failpoint at which the daemon that runs now will die
    this.counts = { kills: 0, at_failpoints: 0, in_recovery: 0, works: {} };
  }

  async begin() {
    this.node.make_template();
    await make_bystanders(this.node);
    await this.looks.remember();
  }

  /** One kill: work begins, the daemon dies, a new one comes, everything is looked at. */
  async step() {
    const { node, random, looks } = this;
    const now = {
      node, random, expected: looks.expected, running: looks.processes, step: this.counts.kills,
    };
    const chosen = choose(now, this.armed);
    const at_failpoint = FAILPOINTS[chosen.kind].includes(this.armed);
    const share = random();
    this.doing = `${chosen.kind} ${chosen.vmid ?? chosen.image} `
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
    this.counts.works[chosen.kind] = (this.counts.works[chosen.kind] ?? 0) + 1;
    await this.serve_again();
    await this.outlive(answer);
    try {
      await looks.look(chosen, await answer);
    } catch (error) {
      // A machine that reboots by itself is started again by the daemon: that may meet it, too.
      if (!node.daemon.signalCode) throw error;
      await this.come_back();
      await looks.look(chosen, await answer);
    }
  }

  /** A request that found no daemon waits in the front for the next one, whose failpoint the work
      may meet. */
  async outlive(answer) {
    const { node } = this;
    await Promise.race([node.died, this.end_of(answer)]);
    if (node.daemon.signalCode) await this.come_back();
  }

  /** Every other daemon is armed with a failpoint, which may strike while it comes up. */
  async serve_again() {
    const { node, random } = this;
    this.armed = random() < 0.6 ? pick(random, ALL_FAILPOINTS) : '';
    const passes = random() < 0.2 ? '@2' : '';
    if (!await node.serve(this.armed && `${this.armed}=kill${passes}`)) await this.come_back();
  }

  /** The new daemon has died of its own failpoint. */
  async come_back() {
    this.doing += `, then ${this.armed} in the recovery`;
    this.counts.in_recovery += 1;
    this.counts.kills += 1;
    this.armed = '';
    assert.ok(await this.node.serve(), 'the daemon does not start');
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
}

const sorted_text = (counts) => Object.entries(counts).sort()
  .map(([name, count]) => `${name} ${count}`).join(', ');

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
        node.keep_logs();
        throw error;
      }
      if (walk.counts.kills - told >= 50) {
        told = walk.counts.kills;
        say(`${told} kills, ${walk.counts.at_failpoints} of them at failpoints, `
          + `${walk.counts.in_recovery} in a recovery, ${Math.round((Date.now() - began) / 1000)} s`);
      }
    }
    say(`in the middle of: ${sorted_text(walk.counts.works)}`);
    say(`compared: ${sorted_text(walk.looks.counts)}`);
    return walk.counts;
  } finally {
    await node.remove();
  }
}

function number_of(option, text) {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${option}: '${text}' is no whole number`);
  return Number(text);
}

async function main() {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string' } },
  });
  if (skip) {
    console.log(`skipped: ${skip}`);
    return 0;
  }
  const seed = values.seed === undefined ? randomInt(2 ** 32 - 1) : number_of('--seed', values.seed);
  const counts = await run(number_of('--kills', values.kills), seed);
  console.log(`${counts.kills} kills: nothing lost, left or touched (${counts.at_failpoints} at `
    + `failpoints, ${counts.in_recovery} in a recovery)`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().then((code) => { process.exitCode = code; }, (error) => {
    console.error(`${error.message}\n${error.stack}`);
    process.exitCode = 1;
  });
}
