// What is done with whole guests: copies, templates, several at once, tags, the settings of a disk.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing, stage, wait_for, when_live } from './live.mjs';

const here = stage(async (api) => {
  ids = [];
  for (const name of ['records', 'imaging']) {
    const vmid = String(await api.get('/cluster/nextid'));
    await api.work('POST', `/nodes/${api.node}/qemu`, {
      vmid,
      name,
      memory: '64',
      scsihw: 'virtio-scsi-pci',
      scsi0: 'local:1',
    });
    ids.push(vmid);
  }
});
let ids = [];
let copy;

after(async () => {
  if (missing) return;
  for (const id of [copy, ...ids].filter(Boolean)) await here.api.remove_guest('qemu', id);
});

const config_of = (id) => here.api.get(`/nodes/${here.api.node}/qemu/${id}/config`);
const status_of = async (id) =>
  (await here.api.get(`/nodes/${here.api.node}/qemu/${id}/status/current`)).status;

test('tags are added in the summary and shown in the list', when_live, async () => {
  const page = await here.enter(`/qemu/${ids[0]}/summary`);
  await page.getByRole('button', { name: 'Edit Tags' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Add tags').fill('ward, critical');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.locator('.card .tag', { hasText: 'critical' }).waitFor();
  assert.deepEqual((await config_of(ids[0])).tags.split(';').sort(), ['critical', 'ward']);
});

test('a disk gets its cache and discard settings, and loses them again', when_live, async () => {
  const page = await here.enter(`/qemu/${ids[0]}/hardware`);
  const edit = async (change) => {
    await page.getByRole('button', { name: 'Edit Disk (scsi0)' }).click();
    const dialog = page.getByRole('dialog');
    await change(dialog);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  await edit(async (dialog) => {
    await dialog.getByLabel('Cache').selectOption('writeback');
    await dialog.getByLabel(/discard/).check();
    await dialog.getByLabel('Part of backups').uncheck();
  });
  assert.match((await config_of(ids[0])).scsi0, /backup=0.*cache=writeback.*discard=on.*size=1G/);
  await edit(async (dialog) => {
    assert.equal(await dialog.getByLabel('Cache').inputValue(), 'writeback');
    await dialog.getByLabel('Cache').selectOption('');
    await dialog.getByLabel(/discard/).uncheck();
    await dialog.getByLabel('Part of backups').check();
  });
  assert.doesNotMatch((await config_of(ids[0])).scsi0, /cache|discard|backup/);
});

test('several guests are started and stopped at once', when_live, async () => {
  const page = await here.enter('/datacenter/guests');
  const act = async (name) => {
    for (const id of ids) await page.getByLabel(new RegExp(`Select ${id} `)).check();
    const bar = page.getByRole('region', { name: 'Selected guests' });
    await bar.getByText('2 selected').waitFor();
    await bar.getByRole('button', { name, exact: true }).click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByRole('listitem').count(), 2);
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  const all = (wanted) =>
    wait_for(`both to be ${wanted}`, async () =>
      (await Promise.all(ids.map(status_of))).every((one) => one === wanted),
    );
  await act('Start');
  await all('running');
  for (const id of ids)
    await page
      .locator('#page-panel')
      .getByRole('row', { name: new RegExp(`^.*${id}.*running`) })
      .waitFor();
  await act('Stop');
  await all('stopped');
});

test('a guest becomes a template, and a linked copy of it is made', when_live, async () => {
  const page = await here.enter(`/qemu/${ids[1]}/summary`);
  const choose = async (name) => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  const dialog = page.getByRole('dialog');
  await page.locator('.page-head [data-state=stopped]').waitFor();
  await choose(/template/);
  await dialog.getByRole('button', { name: 'Convert' }).click();
  await page.locator('.page-head [data-state=template]').waitFor();
  assert.ok(
    await page
      .getByRole('group', { name: 'Power and actions' })
      .getByRole('button', { name: 'Start' })
      .isDisabled(),
  );
  await choose(/Clone/);
  await dialog.locator('input[name=newid]:not([value=""])').waitFor();
  copy = await dialog.locator('input[name=newid]').inputValue();
  await dialog.getByLabel('Name').fill('imaging-2');
  await dialog.getByRole('button', { name: 'Clone', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('treeitem', { name: new RegExp(`${copy} \\(imaging-2\\)`) }).waitFor();
  await wait_for('the copy to be whole', async () => (await config_of(copy)).scsi0);
  assert.deepEqual(page.faults, []);
});
