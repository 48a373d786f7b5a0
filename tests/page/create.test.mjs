import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing, stage, wait_for, when_live } from './live.mjs';

const here = stage(async (api) => {
  id = String(await api.get('/cluster/nextid'));
});
const iso = `page-test-${process.pid}.iso`;
let id;

// A file that says it is an ISO 9660 image: the mark stands in its seventeenth sector.
function disc() {
  const bytes = Buffer.alloc(600 * 1024);
  bytes.write('\x01CD001\x01', 16 * 2048, 'latin1');
  return bytes;
}

after(async () => {
  if (missing) return;
  await here.api.remove_guest('qemu', id);
  const volume = encodeURIComponent(`local:iso/${iso}`);
  await here.api
    .work('DELETE', `/nodes/${here.api.node}/storage/local/content/${volume}`)
    .catch(() => undefined);
});

test('an ISO image is uploaded and stands in the list', when_live, async () => {
  const page = await here.enter(`/storage/${here.api.node}~local/content`);
  await page.getByRole('button', { name: 'Upload' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles({
    name: iso,
    mimeType: 'application/octet-stream',
    buffer: disc(),
  });
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: `local:iso/${iso}`, exact: true }).waitFor();
});

test('the wizard makes a machine from that image and starts it', when_live, async () => {
  const page = await here.enter();
  await page.getByRole('button', { name: 'Create VM' }).click();
  const dialog = page.getByRole('dialog');
  const step = (name) => dialog.getByRole('button', { name }).click();
  await page.locator('input[name=vmid]').fill(id);
  await page.locator('input[name=name]').fill('page-test');
  await step(/System/);
  const image = dialog.getByLabel('ISO image');
  await image.locator('option', { hasText: iso }).waitFor({ state: 'attached' });
  await image.selectOption(`local:iso/${iso}`);
  await step(/CPU and memory/);
  await page.locator('input[name=memory]').fill('128');
  await page.locator('input[name=cores]').fill('1');
  await step(/Disk/);
  await page.locator('input[name=size]').fill('1');
  await step(/Check and create/);
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('treeitem', {
    name: new RegExp(`${id} \\(page-test\\)`),
  });
  await row.click();
  await page.locator('.page-head [data-state=running]').waitFor({ timeout: 60_000 });
  const config = await here.api.get(`/nodes/${here.api.node}/qemu/${id}/config`);
  assert.match(config.scsi0, /size=1G/);
  assert.match(config.ide2, /media=cdrom/);
});

test('the task of the creation has a log that ends well', when_live, async () => {
  const page = await here.enter(`/qemu/${id}/tasks`);
  const card = page.locator('#page-panel');
  // The number may have belonged to an earlier machine, whose tasks are still listed below.
  await card
    .getByRole('button', { name: `VM ${id} – Create` })
    .first()
    .click();
  await page.getByRole('log').getByText('TASK OK').waitFor();
});

test('the machine is paused, resumed and stopped from the page', when_live, async () => {
  const page = await here.enter(`/qemu/${id}/summary`);
  const pill = (text) => page.locator(`.page-head [data-state=${text}]`).waitFor();
  const choose = async (name) => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };
  await pill('running');
  await choose('Pause');
  await pill('paused');
  await choose('Resume');
  await pill('running');
  await choose('Stop');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
  await pill('stopped');
});

test('a disk is added, grown and detached again', when_live, async () => {
  const page = await here.enter(`/qemu/${id}/hardware`);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Disk' }).click();
  await dialog.getByLabel('Size').fill('1');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const row = page.getByRole('row', { name: /Disk \(scsi1\)/ });
  await row.waitFor();
  await row.getByRole('button', { name: 'Resize' }).click();
  await dialog.getByRole('button', { name: 'Resize' }).click();
  await row.getByText('size=2G').waitFor();
  await row.getByRole('button', { name: /Detach/ }).click();
  await dialog.getByRole('button', { name: 'Detach', exact: true }).click();
  await page.getByRole('row', { name: /Unused disk/ }).waitFor();
});

test('what it boots from is put in another order, and left out', when_live, async () => {
  const page = await here.enter(`/qemu/${id}/options`);
  const boot = async () => (await here.api.get(`/nodes/${here.api.node}/qemu/${id}/config`)).boot;
  assert.equal(await boot(), 'order=scsi0;ide2;net0');
  const edit = async (change) => {
    await page.getByRole('button', { name: 'Edit Boot order' }).click();
    const dialog = page.getByRole('dialog');
    await change(dialog);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  await edit(async (dialog) => {
    assert.ok(await dialog.getByRole('button', { name: 'Move scsi0 up' }).isDisabled());
    await dialog.getByRole('button', { name: 'Move ide2 up' }).click();
    await dialog.getByLabel(/^net0/).uncheck();
  });
  await page
    .getByRole('row', { name: /Boot order/ })
    .getByText('order=ide2;scsi0')
    .waitFor();
  assert.equal(await boot(), 'order=ide2;scsi0');
});

test('deleting the machine needs its number and takes its disks along', when_live, async () => {
  const page = await here.enter(`/qemu/${id}/summary`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await page
    .getByRole('treeitem', { name: new RegExp(`${id} \\(page-test\\)`) })
    .waitFor({ state: 'detached' });
  await wait_for('the disks to be gone', async () => {
    const list = await here.api.get(`/nodes/${here.api.node}/storage/local/content`);
    return !list.some((one) => Number(one.vmid) === Number(id));
  });
});
