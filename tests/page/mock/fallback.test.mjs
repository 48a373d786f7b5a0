import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, stage } from './stage.mjs';

const here = stage({ with_events: false });

test('without the event stream the page asks, and says so', { skip: missing }, async () => {
  const page = await here.enter('/qemu/100/summary');
  await page.locator('[data-live=polling]').waitFor();
  const tile = page.locator('[data-tile=cpu] .tile-value');
  const first = await tile.innerText();
  await page.waitForFunction(
    (before) => document.querySelector('[data-tile=cpu] .tile-value').innerText !== before,
    first,
  );
  assert.deepEqual(page.faults, []);
});
