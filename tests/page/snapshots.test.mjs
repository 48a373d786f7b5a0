// Snapshots of a machine: taken, gone back to, deleted.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing, stage, when_live } from './live.mjs';

let id;
const here = stage(async (api) => {
  id = String(await api.get('/cluster/nextid'));
  await api.work('POST', `/nodes/${api.node}/qemu`, {
    vmid: id,
    name: 'snapshots',
    memory: '64',
    scsihw: 'virtio-scsi-pci',
    scsi0: 'local:1,format=qcow2',
  });
});
after(async () => {
  if (!missing) await here.api.remove_guest('qemu', id);
});

const open = () => here.enter(`/qemu/${id}/snapshots`);
const row = (page) => page.getByRole('row', { name: /before-update/ });
const config = () => here.api.get(`/nodes/${here.api.node}/qemu/${id}/config`);

test('a snapshot is taken and listed', when_live, async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Take snapshot' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('before-update');
  await dialog.getByLabel('Comment').fill('all was well');
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'detached' });
  await row(page).getByText('all was well').waitFor();
  assert.deepEqual(page.faults, []);
});

test('a name that is none is refused at its field', when_live, async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Take snapshot' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('7 up');
  await dialog.locator('button[type=submit]').click();
  await dialog.locator('.field', { hasText: 'Name' }).locator('.error').waitFor();
});

test('the machine goes back to it, settings and all', when_live, async () => {
  await here.api.work('POST', `/nodes/${here.api.node}/qemu/${id}/config`, { memory: '128' });
  const page = await open();
  await row(page).getByRole('button', { name: 'Roll back' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('before-update').waitFor();
  await dialog.getByRole('button', { name: 'Roll back', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.goto(`${page.url().replace(/#.*/, '')}#/qemu/${id}/hardware`);
  await page
    .getByRole('row', { name: /Memory/ })
    .getByText('64 MiB')
    .waitFor();
  assert.equal(String((await config()).memory), '64');
});

test('it is deleted', when_live, async () => {
  const page = await open();
  await row(page).getByRole('button', { name: 'Delete before-update' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await row(page).waitFor({ state: 'detached' });
  await page.getByText('No snapshots').waitFor();
});
