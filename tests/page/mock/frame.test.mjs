import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serious_problems, sign_in } from '../browser.mjs';
import { missing, stage } from './stage.mjs';

const here = stage();
const when_ready = { skip: missing };

test('a wrong password says what happened and what to do', when_ready, async () => {
  const page = await here.open();
  await page.goto(here.url);
  await page.locator('input[name=username]').fill('admin');
  await page.locator('input[name=password]').fill('wrong');
  await page.locator('button[type=submit]').click();
  const notice = page.getByRole('alert').filter({ hasText: 'authentication failure' });
  await notice.waitFor();
  assert.match(await notice.innerText(), /Check user name, password and realm/);
});

test('signing in shows the tree and keeps the session over a reload', when_ready, async () => {
  const page = await here.enter();
  await page.getByRole('treeitem', { name: /100 \(demo\)/ }).waitFor();
  await page.reload();
  await page.getByRole('treeitem', { name: /100 \(demo\)/ }).waitFor();
  const cookies = await page.evaluate(() => document.cookie);
  assert.equal(cookies, '', 'no script may read the ticket');
  assert.deepEqual(page.faults, []);
});

test('a second tab carries the session on', when_ready, async () => {
  const page = await here.enter();
  const second = await page.context().newPage();
  await second.goto(`${here.url}/#/qemu/100/options`);
  await second.getByRole('tab', { name: 'Options', selected: true }).waitFor();
});

test('signing out ends at the sign-in form', when_ready, async () => {
  const page = await here.enter();
  await page.getByRole('button', { name: 'admin@pve' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.locator('input[name=password]').waitFor();
});

test(
  'a session that the server no longer knows leads back to the sign-in form',
  when_ready,
  async () => {
    const page = await here.enter();
    await page.context().clearCookies();
    await page.goto(`${here.url}/#/qemu/100/options`);
    await page.getByText('Your session has ended').waitFor();
    await sign_in(page, page.url(), 'admin@pve', 'secret');
    await page.getByRole('tab', { name: 'Options', selected: true }).waitFor();
  },
);

test('the tree is walked with the keyboard', when_ready, async () => {
  const page = await here.enter();
  const tree = page.getByRole('tree');
  await page.getByRole('treeitem', { name: /100 \(demo\)/ }).waitFor();
  await tree.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /100 demo/ }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  const node = page.getByRole('treeitem', { name: /posada1/ });
  assert.equal(await node.getAttribute('aria-expanded'), 'false');
  await page.keyboard.press('ArrowRight');
  assert.equal(await node.getAttribute('aria-expanded'), 'true');
});

test('the tree filter and the search find a guest by number, name or tag', when_ready, async () => {
  const page = await here.enter();
  await page.getByRole('searchbox', { name: 'Filter' }).fill('pacs');
  await page.getByRole('treeitem', { name: /106 \(pacs-1\)/ }).waitFor();
  assert.equal(await page.getByRole('treeitem', { name: /100 \(demo\)/ }).count(), 0);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('debian');
  await page.getByRole('option', { name: /100 \(demo\)/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /100 demo/ }).waitFor();
  await page.getByRole('tab', { name: 'Summary' }).focus();
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'combobox');
});

test('figures of the stream reach the summary without asking', when_ready, async () => {
  const page = await here.enter('/qemu/100/summary');
  const tile = page.locator('[data-tile=cpu] .tile-value');
  // The view itself asks for the state once.
  await page.locator('[data-acceleration]').waitFor();
  await page.getByText(/pc-/).first().waitFor();
  const first = await tile.innerText();
  let asked = 0;
  page.on('request', (request) => {
    if (/cluster\/resources|status\/current/.test(request.url())) asked += 1;
  });
  await page.waitForFunction(
    (before) => document.querySelector('[data-tile=cpu] .tile-value').innerText !== before,
    first,
  );
  assert.equal(asked, 0);
});

test(
  'a guest that is made or deleted elsewhere comes and goes in the tree',
  when_ready,
  async () => {
    const page = await here.enter();
    const row = {
      ...here.world.rows.get('qemu/100'),
      id: 'qemu/777',
      vmid: 777,
      name: 'sudden',
    };
    here.world.put(row);
    await page.getByRole('treeitem', { name: /777 \(sudden\)/ }).waitFor();
    here.world.drop('qemu/777');
    await page.getByRole('treeitem', { name: /777 \(sudden\)/ }).waitFor({ state: 'detached' });
  },
);

test(
  'English, Spanish and Catalan are chosen from the menu and remembered',
  when_ready,
  async () => {
    const page = await here.enter('/qemu/100/tasks');
    for (const [name, tab, code, head] of [
      ['Español', 'Resumen', 'es', 'Duración'],
      ['Català', 'Resum', 'ca', 'Durada'],
      ['English', 'Summary', 'en', 'Duration'],
    ]) {
      await page.locator('.header [aria-haspopup=menu]').first().click();
      await page.getByRole('menuitemradio', { name }).click();
      await page.getByRole('tab', { name: tab, exact: true }).waitFor();
      assert.equal(await page.locator('html').getAttribute('lang'), code);
      await page.locator('#page-panel th', { hasText: head }).waitFor();
      await page.reload();
      await page.getByRole('tab', { name: tab, exact: true }).waitFor();
    }
  },
);

test('dark and light can be chosen, and the system is followed otherwise', when_ready, async () => {
  const page = await here.enter('', { colorScheme: 'dark' });
  const theme = () => page.locator('html').getAttribute('data-theme');
  assert.equal(await theme(), 'dark');
  await page.getByRole('button', { name: 'Colours' }).click();
  await page.getByRole('menuitemradio', { name: 'Light' }).click();
  assert.equal(await theme(), 'light');
  await page.reload();
  assert.equal(await theme(), 'light');
});

test('the first stop of the Tab key leads past the tree', when_ready, async () => {
  const page = await here.enter('/qemu/100/summary');
  await page.reload();
  await page.getByRole('tree').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.waitForFunction(() => document.title.includes('100 (demo)'));
});

test('a view whose code is not to be had any more starts the page anew', when_ready, async () => {
  const page = await here.enter();
  await page.route('**/assets/*.js', (route) => route.abort(), { times: 1 });
  await page.getByRole('tab', { name: 'Users' }).click();
  await page.getByRole('cell', { name: 'nurse@pve', exact: true }).waitFor();
});

test('a lost connection is said in words, and what was seen stays', when_ready, async () => {
  const page = await here.enter('/datacenter/guests');
  await page.getByRole('link', { name: 'demo', exact: true }).waitFor();
  await page.route('**/api2/**', (route) => route.abort());
  here.mock.cut();
  await page.locator('#main').getByText('What you see may be old').waitFor();
  await page.getByRole('link', { name: 'demo', exact: true }).waitFor();
});

test('a place that is gone says so instead of showing nothing', when_ready, async () => {
  const page = await here.enter('/qemu/4711/summary');
  await page.getByText('qemu/4711 is not here').waitFor();
});

// The live tests walk every view, light and on a phone; here what they do not see.
test('no serious accessibility problem in dark views, wizard and sign-in', when_ready, async () => {
  const page = await here.open({ colorScheme: 'dark' });
  await page.goto(here.url);
  await page.locator('select[name=realm] option').first().waitFor({ state: 'attached' });
  assert.deepEqual(await serious_problems(page), [], 'sign-in');
  await sign_in(page, here.url, 'admin@pve', 'secret');
  for (const place of [
    '/datacenter/users',
    '/qemu/100/options',
    '/lxc/101/console',
    '/storage/posada1~local/content',
  ]) {
    await page.goto(`${here.url}/#${place}`);
    await page.locator('#page-panel .card, #page-panel .console').first().waitFor();
    assert.deepEqual(await serious_problems(page), [], place);
  }
  await page.getByRole('button', { name: 'Create VM' }).click();
  assert.deepEqual(await serious_problems(page), [], 'wizard');
});
