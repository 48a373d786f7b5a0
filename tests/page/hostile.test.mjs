import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hostile } from '../../web/mock/data.mjs';
import { missing, stage, when_live } from './live.mjs';

const here = stage(async (api) => {
  id = String(await api.get('/cluster/nextid'));
  await api.work('POST', `/nodes/${api.node}/qemu`, {
    vmid: id,
    name: 'hostile',
    memory: '64',
    description: hostile.join('\n'),
  });
  await api.call('POST', '/access/groups', {
    groupid: group,
    comment: hostile[0],
  });
});
const group = `page-${process.pid}`;
let id;

after(async () => {
  if (missing) return;
  await here.api.remove_guest('qemu', id);
  await here.api.call('DELETE', `/access/groups/${group}`);
});

test('hostile notes and comments stay text in every view', when_live, async () => {
  const page = await here.enter(`/qemu/${id}/summary`);
  await page.getByText(hostile[0], { exact: false }).first().waitFor();
  for (const place of [
    `/qemu/${id}/options`,
    `/qemu/${id}/hardware`,
    '/datacenter/groups',
    '/datacenter/permissions',
    '/datacenter/guests',
  ]) {
    await page.goto(page.url().replace(/#.*/, '') + `#${place}`);
    await page.locator('#page-panel .card').first().waitFor();
  }
  await page.goto(page.url().replace(/#.*/, '') + '#/datacenter/groups');
  await page.getByText(hostile[0]).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('img[src=x], svg[onload]').count(), 0);
  assert.deepEqual(page.faults, []);
});

test('hostile search words and addresses stay text', when_live, async () => {
  const page = await here.enter();
  for (const text of hostile) {
    await page.getByRole('combobox').fill(text);
    await page.goto(page.url().replace(/#.*/, '') + `#/qemu/${encodeURIComponent(text)}/summary`);
  }
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.deepEqual(page.faults, []);
});
