// What is done with whole containers: a copy, a larger disk.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing, stage, wait_for, when_live } from './live.mjs';

let template;
let id;
let copy;
const here = stage(async (api) => {
  const list = await api.get(`/nodes/${api.node}/storage/local/content`, { content: 'vztmpl' });
  template = list.find((one) => /demo/.test(one.volid))?.volid;
  if (!template) return;
  id = String(await api.get('/cluster/nextid'));
  await api.work('POST', `/nodes/${api.node}/lxc`, {
    vmid: id,
    hostname: 'page-ct',
    ostemplate: template,
    memory: '64',
    rootfs: 'local:1',
    password: 'posada',
  });
});
after(async () => {
  if (missing) return;
  for (const one of [copy, id].filter(Boolean)) await here.api.remove_guest('lxc', one);
});

const config_of = (vmid) => here.api.get(`/nodes/${here.api.node}/lxc/${vmid}/config`);

test('the disk of a container grows', when_live, async (t) => {
  if (!template) return t.skip('needs the demo template');
  const page = await here.enter(`/lxc/${id}/hardware`);
  const row = page.getByRole('row', { name: /rootfs/ });
  await row.getByRole('button', { name: 'Resize' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1G').waitFor();
  await dialog.getByLabel('Grow by').fill('1');
  await dialog.getByRole('button', { name: 'Resize' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('size=2G').waitFor();
  assert.match((await config_of(id)).rootfs, /size=2G/);
  assert.deepEqual(page.faults, []);
});

test('a container is copied under another name', when_live, async (t) => {
  if (!template) return t.skip('needs the demo template');
  const page = await here.enter(`/lxc/${id}/summary`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: /Clone/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[name=newid]:not([value=""])').waitFor();
  const name = dialog.locator('input[name=name]');
  await name.fill('no_underscores');
  await dialog.locator('.error').getByText('Only letters').waitFor();
  await name.fill('page-copy');
  copy = await dialog.locator('input[name=newid]').inputValue();
  await dialog.getByRole('button', { name: 'Clone', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('treeitem', { name: new RegExp(`${copy} \\(page-copy\\)`) }).waitFor();
  const made = await wait_for('the copy to be whole', async () => {
    const config = await config_of(copy);
    return config.rootfs && !config.lock && config;
  });
  assert.equal(made.hostname, 'page-copy');
  assert.match(made.rootfs, new RegExp(`${copy}/`));
});
