import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { weigh } from '../../../web/scripts/weight.mjs';

const built = existsSync(new URL('../../../web/dist/.vite/manifest.json', import.meta.url));
const budget = 150_000;

test(
  'the first load stays within 150 kB compressed',
  { skip: !built && 'needs npm run build' },
  (t) => {
    const { entry, first_page } = weigh();
    t.diagnostic(`sign-in ${entry} bytes, with frame and first page ${first_page} bytes`);
    assert.ok(entry <= budget, `the sign-in page weighs ${entry} bytes`);
    assert.ok(first_page <= budget, `the first page weighs ${first_page} bytes`);
  },
);
