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

function places(node) {
  const of = (base, views) => views.map((view) => `${base}/${view}`);
  return [
    ...of('/datacenter', ['summary', 'guests', 'storage', 'pools', 'users', 'tokens']),
    ...of('/datacenter', ['groups', 'roles', 'permissions', 'realms', 'options', 'tasks']),
    ...of(`/node/${node}`, ['summary', 'guests', 'storage', 'network', 'services', 'log']),
    ...of(`/node/${node}`, ['updates', 'tasks']),
    ...of(`/storage/${node}~local`, ['summary', 'content']),
    ...of('/qemu/100', ['summary', 'hardware', 'options', 'snapshots', 'tasks']),
    ...of('/lxc/101', ['summary', 'hardware', 'options', 'tasks']),
  ];
}

// Goes through every view that the page has a tab for.
async function* walk(page, node) {
  const base = page.url().replace(/#.*/, '');
  for (const place of places(node)) {
    await page.goto(`${base}#${place}`);
    await page.locator('[role=tablist]').waitFor();
    const view = place.split('/').pop();
    if ((await page.locator(`[data-tab=${view}]`).count()) === 0) continue;
    await page.locator(`[data-tab=${view}][aria-selected=true]`).waitFor();
    await page.locator('#page-panel :is(.card, .empty, .notice)').first().waitFor();
    yield place;
  }
}

const refusals = (page) => {
  const found = [];
  page.on('response', (answer) => {
    if (answer.status() === 501) found.push(`${answer.request().method()} ${answer.url()}`);
  });
  return found;
};

test(
  'no view has a serious accessibility problem, or asks for what is not built',
  when_live,
  async () => {
    const page = await here.enter();
    const unbuilt = refusals(page);
    for await (const place of walk(page, here.api.node))
      assert.deepEqual(await serious_problems(page), [], place);
    assert.deepEqual(unbuilt, []);
    assert.deepEqual(page.faults, []);
  },
);

test(
  'dark views on a phone are accessible and nothing runs out of the window',
  when_live,
  async () => {
    const page = await here.enter('', {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    });
    for await (const place of walk(page, here.api.node)) {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${place} is ${wide} pixels too wide`);
      const hidden = await page.evaluate(
        () =>
          [...document.querySelectorAll('#page-panel td.actions .button')].filter(
            (one) => one.getBoundingClientRect().right > innerWidth,
          ).length,
      );
      assert.equal(hidden, 0, `${place} hides buttons`);
      if (/summary|hardware|guests/.test(place))
        assert.deepEqual(await serious_problems(page), [], place);
    }
  },
);

test('dialogs are accessible and give the focus back', when_live, async () => {
  const page = await here.enter('/qemu/100/hardware');
  const inspect = async (button) => {
    await button.click();
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await serious_problems(page), []);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await button.evaluate((one) => one === document.activeElement));
  };
  await page.getByRole('row', { name: /Network card/ }).waitFor();
  for (const name of [
    /^Edit Memory/,
    /^Edit Processor/,
    /^Edit Disk/,
    /^Resize Disk/,
    /^Edit Network/,
  ])
    await inspect(page.getByRole('button', { name }).first());
  for (const name of ['Create VM', 'Create CT']) await inspect(page.getByRole('button', { name }));
});
