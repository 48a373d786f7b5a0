import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, stage } from './stage.mjs';

const guests = 20_000;
const here = stage({ guests });
const when_ready = { skip: missing };

test(
  'a tree of 20,000 guests draws only what is seen and scrolls to its end',
  when_ready,
  async () => {
    const page = await here.enter();
    const tree = page.getByRole('tree');
    await page.getByRole('treeitem', { name: /100 \(demo\)/ }).waitFor();
    const drawn = () => page.getByRole('treeitem').count();
    assert.ok((await drawn()) < 120, `${await drawn()} rows are drawn`);
    await tree.focus();
    await page.keyboard.press('End');
    await page.getByRole('treeitem', { name: /local/ }).last().waitFor();
    assert.ok((await drawn()) < 120, `${await drawn()} rows are drawn at the end`);
    await page.getByRole('searchbox', { name: 'Filter' }).fill('19999');
    await page.getByRole('treeitem', { name: /19999 / }).waitFor();
  },
);

test('the guest table of 20,000 rows draws only what is seen', when_ready, async () => {
  const page = await here.enter('/datacenter/guests');
  await page.getByRole('link', { name: 'demo', exact: true }).waitFor();
  assert.ok((await page.locator('.page-body tbody tr').count()) < 120);
});
