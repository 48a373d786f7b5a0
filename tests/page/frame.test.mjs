import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serious_problems } from './browser.mjs';
import { stage, when_live } from './live.mjs';

const here = stage();

test('the tree shows the node, its guests and its storages', when_live, async () => {
  const page = await here.enter();
  await page
    .getByRole('treeitem', { name: new RegExp(here.api.node) })
    .first()
    .waitFor();
  await page.getByRole('treeitem', { name: /100 \(/ }).waitFor();
  await page.getByRole('treeitem', { name: /local/ }).first().waitFor();
  assert.equal(await page.locator('[data-live]').count(), 0, 'the event stream is not open');
});

test('the page is worked with the keyboard alone', when_live, async () => {
  const page = await here.enter();
  await page.getByRole('treeitem', { name: /100 \(/ }).waitFor();
  await page.getByRole('tree').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Summary' }).waitFor();
  await page.getByRole('tab', { name: 'Summary' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tab', { name: /Hardware|Resources/, selected: true }).waitFor();
  await page.getByRole('button', { name: 'More actions' }).focus();
  await page.keyboard.press('ArrowDown');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('role'));
  assert.equal(await focused(), 'menuitem');
  await page.keyboard.press('Escape');
  const name = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  assert.equal(name, 'More actions');
});

test('the page speaks English, Spanish and Catalan', when_live, async () => {
  const page = await here.enter('/qemu/100/summary');
  for (const [name, word] of [
    ['Español', 'Resumen'],
    ['Català', 'Resum'],
    ['English', 'Summary'],
  ]) {
    await page.locator('.header [aria-haspopup=menu]').first().click();
    await page.getByRole('menuitemradio', { name }).click();
    await page.getByRole('tab', { name: word, exact: true }).waitFor();
  }
});

test('dark is dark and stays so after a reload', when_live, async () => {
  const page = await here.enter('', { colorScheme: 'light' });
  await page.getByRole('button', { name: 'Colours' }).click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await page.reload();
  await page.getByRole('tree').waitFor();
  const light = await page.evaluate(() => {
    const numbers = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return (numbers[0] + numbers[1] + numbers[2]) / 3;
  });
  assert.ok(light < 60, `the background is ${light} bright`);
});

test('no view has a serious accessibility problem', when_live, async () => {
  const page = await here.enter();
  const { node } = here.api;
  for (const place of [
    '/datacenter/summary',
    '/datacenter/guests',
    '/datacenter/storage',
    '/datacenter/users',
    '/datacenter/tokens',
    '/datacenter/groups',
    '/datacenter/roles',
    '/datacenter/permissions',
    '/datacenter/tasks',
    `/node/${node}/summary`,
    `/node/${node}/network`,
    `/storage/${node}~local/summary`,
    `/storage/${node}~local/content`,
    '/qemu/100/summary',
    '/qemu/100/hardware',
    '/qemu/100/options',
    '/qemu/100/tasks',
  ]) {
    await page.goto(page.url().replace(/#.*/, '') + `#${place}`);
    await page.locator('#page-panel :is(.card, .empty, .notice)').first().waitFor();
    assert.deepEqual(await serious_problems(page), [], place);
  }
  assert.deepEqual(page.faults, []);
});
