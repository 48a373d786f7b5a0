// 50 kills of the daemon at any moment (kills.mjs); `./dev soak` runs a thousand.

import { randomInt } from 'node:crypto';
import test from 'node:test';

import { run } from './kills.mjs';
import { skip } from './node.mjs';

test('the daemon killed at any moment loses, leaves and touches nothing', { skip }, async (t) => {
  // On a slow machine a daemon needs seconds to come up again.
  await run(50, Number(process.env.POSADA_SEED ?? randomInt(2 ** 32 - 1)),
    (line) => t.diagnostic(line));
});
