import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostile } from '../../../web/mock/data.mjs';
import { missing, stage } from './stage.mjs';

const here = stage();
const when_ready = { skip: missing };
const step = (page, name) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

test('the wizard makes a virtual machine with the answers it proposes', when_ready, async () => {
  const page = await here.enter();
  await page.getByRole('button', { name: 'Create VM' }).click();
  await page.locator('input[name=name]').fill('fresh');
  const id = await page.locator('input[name=vmid]').inputValue();
  await step(page, /System/);
  await page.getByLabel('ISO image').selectOption({ index: 1 });
  await step(page, /Check and create/);
  await step(page, 'Create');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('treeitem', { name: new RegExp(`${id} \\(fresh\\)`) }).waitFor();
  const config = here.world.configs.get(`qemu/${id}`);
  assert.equal(config.net0, 'virtio,bridge=vmbr0');
  assert.equal(config.scsi0, 'local:32');
});

test("the server's complaint about a field stands beside that field", when_ready, async () => {
  const page = await here.enter();
  await page.getByRole('button', { name: 'Create VM' }).click();
  await step(page, /System/);
  await page.getByLabel('Medium').selectOption('none');
  await step(page, /CPU and memory/);
  await page.locator('input[name=memory]').fill('666');
  await step(page, /Check and create/);
  await step(page, 'Create');
  await page.getByText('Parameter verification failed.').waitFor();
  await step(page, /Go to “CPU and memory”/);
  const field = page.locator('input[name=memory]');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  const error = page.locator(`#${(await field.getAttribute('id')).replaceAll(':', '\\:')}-error`);
  assert.match(await error.innerText(), /maximum value of 65536/);
});

test('a number that is taken is said before anything is sent', when_ready, async () => {
  const page = await here.enter();
  await page.getByRole('button', { name: 'Create VM' }).click();
  await page.locator('input[name=vmid]').fill('100');
  await page.getByText('taken by another guest').waitFor();
});

test(
  'what is typed takes the place of the free number, whenever that comes',
  when_ready,
  async () => {
    const page = await here.enter();
    let answer;
    await page.route('**/cluster/nextid', async (route) => {
      await new Promise((resolve) => (answer = resolve));
      await route.continue();
    });
    await page.getByRole('button', { name: 'Create VM' }).click();
    const number = page.locator('input[name=vmid]');
    await number.click();
    answer();
    await page.locator('input[name=vmid]:not([value=""])').waitFor();
    await page.keyboard.type('4711');
    assert.equal(await number.inputValue(), '4711');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Create VM' }).click();
    await number.click();
    await page.keyboard.type('47');
    const told = page.waitForResponse('**/cluster/nextid');
    answer();
    await told;
    await page.keyboard.type('12');
    assert.equal(await number.inputValue(), '4712');
  },
);

test('a network that is down is said where it matters, with what to do', when_ready, async () => {
  const page = await here.enter('/node/posada1/summary');
  const reason = 'nft: operation not permitted';
  const row = here.world.rows.get('node/posada1');
  here.world.put({ ...row, 'network-failure': reason });
  const notice = page.getByRole('alert').filter({ hasText: reason });
  await notice.getByText('nftables').waitFor();
  await page.route('**/nodes/posada1/network?*', (route) =>
    route.fulfill({
      status: 500,
      json: { data: null, code: 'net.down', message: reason },
    }),
  );
  await page.getByRole('button', { name: 'Create CT' }).click();
  await step(page, /Network/);
  await page.getByRole('dialog').getByRole('alert').getByText('nftables').waitFor();
  await page.keyboard.press('Escape');
  here.world.put(row);
  await notice.waitFor({ state: 'detached' });
});

test('a node whose figures one may not see says which right is missing', when_ready, async () => {
  const page = await here.enter('/datacenter/summary');
  const rows = ['node/posada1', 'node/posada2'].map((id) => here.world.rows.get(id));
  for (const { id, type, node, status } of rows) here.world.put({ id, type, node, status });
  await page.locator('.meter', { hasText: 'CPU' }).first().getByText('–').waitFor();
  assert.equal(
    await page
      .locator('#page-panel')
      .getByText(/NaN|undefined/)
      .count(),
    0,
  );
  assert.equal(await page.locator('#page-panel [role=meter]').count(), 1, 'that of the storages');
  await page.goto(`${here.url}/#/node/posada1/summary`);
  await page.getByText('Sys.Audit on /nodes/posada1').waitFor();
  assert.equal(await page.locator('#page-panel [role=meter]').count(), 0);
  rows.forEach((row) => here.world.put(row));
});

test('a change that waits for a restart is marked and can be taken back', when_ready, async () => {
  const page = await here.enter('/qemu/100/hardware');
  const row = page.getByRole('row', { name: /Memory/ });
  await page.getByText('After restart: 4096 MiB').waitFor();
  await row.getByRole('button', { name: 'Revert' }).click();
  await page.getByText('After restart: 4096 MiB').waitFor({ state: 'detached' });
  assert.equal(here.world.pending.get('qemu/100').memory, undefined);
});

test('stopping asks first, and the focus goes back to where it was', when_ready, async () => {
  const page = await here.enter('/qemu/102/summary');
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await page.getByRole('dialog', { name: /Stop 102/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  assert.equal(focused, 'More actions');
  assert.equal(here.world.rows.get('qemu/102').status, 'running');
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
  await page.locator('.page-head .pill', { hasText: 'stopped' }).waitFor();
});

test('pausing shows, although the stream only tells running', when_ready, async () => {
  const page = await here.enter('/qemu/103/summary');
  const choose = async (name) => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await choose('Pause');
  await page.locator('.page-head .pill', { hasText: 'paused' }).waitFor();
  await choose('Resume');
  await page.locator('.page-head .pill', { hasText: 'running' }).waitFor();
});

test('deleting a guest needs its number typed', when_ready, async () => {
  const page = await here.enter('/qemu/106/summary');
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  const button = dialog.getByRole('button', { name: 'Delete', exact: true });
  assert.equal(await button.isDisabled(), true);
  await dialog.getByLabel('Type 106 to confirm').fill('106');
  await button.click();
  await page.getByRole('treeitem', { name: /106 / }).waitFor({ state: 'detached' });
});

test('a running task shows its log as it grows, and can be stopped', when_ready, async () => {
  const page = await here.enter();
  const steps = Array.from({ length: 40 }, (_, at) => `line ${at}`);
  here.world.run('posada1', 'qmmove', 100, steps);
  await page.getByRole('button', { name: 'VM 100 – Move disk' }).first().click();
  const log = page.getByRole('log');
  await log.getByText('line 3', { exact: true }).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop task' }).click();
  await log.getByText('TASK ERROR: stopped by user').waitFor();
});

test('an upload shows its progress and ends in the list', when_ready, async () => {
  const page = await here.enter('/storage/posada1~local/content');
  await page.getByRole('button', { name: 'Upload' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles({
    name: 'tiny.iso',
    mimeType: 'application/octet-stream',
    buffer: Buffer.alloc(400_000, 7),
  });
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await page.getByRole('cell', { name: 'local:iso/tiny.iso', exact: true }).waitFor();
});

test('an upload can be cancelled and leaves the form usable', when_ready, async () => {
  const page = await here.enter('/storage/posada1~local/content');
  await page.route('**/upload', () => undefined);
  await page.getByRole('button', { name: 'Upload' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles({
    name: 'slow.iso',
    mimeType: 'application/octet-stream',
    buffer: Buffer.alloc(1_000, 7),
  });
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await dialog.getByRole('progressbar').waitFor();
  await dialog.getByRole('button', { name: 'Cancel upload' }).click();
  await dialog.getByRole('progressbar').waitFor({ state: 'detached' });
});

test('hostile names, tags and notes stay text', when_ready, async () => {
  const page = await here.enter('/qemu/900/summary');
  await page.getByText(hostile[0], { exact: false }).first().waitFor();
  for (const view of ['options', 'hardware', 'tasks', 'summary']) {
    await page.goto(`${here.url}/#/qemu/900/${view}`);
    await page.locator('#page-panel .card').first().waitFor();
  }
  await page.goto(`${here.url}/#/datacenter/guests`);
  await page.locator('#page-panel .card').first().waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('img[src=x], svg[onload]').count(), 0);
  assert.deepEqual(page.faults, []);
});

test('typing in a container console reaches it and its answer comes back', when_ready, async () => {
  const page = await here.enter('/lxc/101/console');
  await page.locator('[data-phase=open]').waitFor();
  await page.keyboard.type('id');
  await page.keyboard.press('Enter');
  await page.locator('.xterm').getByText('uid=0(root)').first().waitFor();
  assert.deepEqual(page.faults, []);
});

test('users, groups, tokens and permissions can be added and removed', when_ready, async () => {
  const page = await here.enter('/datacenter/users');
  await page.getByRole('button', { name: 'Add user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('User name').fill('night');
  await dialog.getByLabel('Password').fill('long enough');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('cell', { name: 'night@pve', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Delete night@pve' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('cell', { name: 'night@pve', exact: true }).waitFor({ state: 'detached' });
  await page.goto(`${here.url}/#/datacenter/tokens`);
  await page.getByRole('button', { name: 'Add token' }).click();
  await dialog.getByLabel('Token name').fill('ci');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await page.getByText('shown only now').waitFor();
});
