// Users, groups, roles, permissions, tokens, pools and realms: made, changed and removed in the page.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing, stage, when_live } from './live.mjs';

const here = stage();
const tag = `p${process.pid}`;
const user = `${tag}@pve`;

after(async () => {
  if (missing) return;
  const gone = (path) => here.api.call('DELETE', path).catch(() => undefined);
  await here.api
    .call('PUT', '/pools', { poolid: tag, vms: '100', delete: '1' })
    .catch(() => undefined);
  await gone(`/pools/${tag}`);
  await gone(`/access/users/${user}`);
  await gone(`/access/groups/${tag}`);
  await gone(`/access/roles/${tag}`);
});

const row = (page, text) => page.locator('#page-panel').getByRole('row', { name: text });

async function add(page, button, fill) {
  await page.getByRole('button', { name: button, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await fill(dialog);
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'detached' });
}

async function remove(page, name) {
  await row(page, name)
    .getByRole('button', { name: /^Delete/ })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await row(page, name).waitFor({ state: 'detached' });
}

test('a group, a role and a user are made and changed', when_live, async () => {
  const page = await here.enter('/datacenter/groups');
  await add(page, 'Add group', (dialog) => dialog.getByLabel('Name').fill(tag));
  await row(page, tag).waitFor();
  await page.goto(`${page.url().replace(/#.*/, '')}#/datacenter/roles`);
  await add(page, 'Add role', async (dialog) => {
    await dialog.getByLabel('Name').fill(tag);
    await dialog.getByLabel('VM.Audit').check();
  });
  await row(page, tag).getByText('VM.Audit').waitFor();
  await page.goto(`${page.url().replace(/#.*/, '')}#/datacenter/users`);
  await add(page, 'Add user', async (dialog) => {
    await dialog.getByLabel('User name').fill(tag);
    await dialog.getByLabel('Password').fill('a long password');
    await dialog.getByLabel('Groups').fill(tag);
  });
  await row(page, user)
    .getByRole('button', { name: `Edit ${user}` })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Comment').fill('from the ward');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row(page, user).getByText('from the ward').waitFor();
  const seen = await here.api.get(`/access/users/${user}`);
  assert.deepEqual([seen.comment, seen.groups], ['from the ward', [tag]]);
});

test('a permission is given and lets its user see just that guest', when_live, async () => {
  const page = await here.enter('/datacenter/permissions');
  await add(page, 'Add permission', async (dialog) => {
    await dialog.getByLabel('Path', { exact: true }).fill('/vms/100');
    await dialog.getByLabel('For', { exact: true }).selectOption({ label: 'Group' });
    await dialog.getByLabel('Group', { exact: true }).fill(tag);
    await dialog.getByLabel('Role').selectOption(tag);
  });
  await row(page, `/vms/100 ${tag}`).waitFor();
  const other = await here.open();
  await here.sign_in_as(other, user, 'a long password');
  await other.getByRole('treeitem', { name: /100 \(/ }).waitFor();
  assert.equal(await other.getByRole('treeitem', { name: /101 \(/ }).count(), 0);
  assert.ok(await other.getByRole('button', { name: 'Create VM' }).isDisabled());
  await other.goto(`${other.url().replace(/#.*/, '')}#/qemu/100/summary`);
  await other.getByRole('tab', { name: 'Summary', selected: true }).waitFor();
  await remove(page, `/vms/100 ${tag}`);
});

test("a token's secret is shown once, and the token can be removed", when_live, async () => {
  const page = await here.enter('/datacenter/tokens');
  await page.getByLabel('Tokens of').selectOption(user);
  await page.getByRole('button', { name: 'Add token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Token name').fill('monitoring');
  await dialog.locator('button[type=submit]').click();
  await dialog.getByText('shown only now').waitFor();
  assert.match(await dialog.getByLabel('Secret').inputValue(), /^[0-9a-f-]{36}$/);
  await dialog.locator('.dialog-foot').getByRole('button', { name: 'Close' }).click();
  await remove(page, `${user}!monitoring`);
});

test('a pool takes a guest in, and gives it back', when_live, async () => {
  const page = await here.enter('/datacenter/pools');
  await add(page, 'Add pool', async (dialog) => {
    await dialog.getByLabel('Name').fill(tag);
    await dialog.getByLabel('Comment').fill('second floor');
  });
  await row(page, tag)
    .getByRole('button', { name: `Members of ${tag}` })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Guest or storage').selectOption('100');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const member = dialog.getByRole('row', { name: /100 \(/ });
  await member.waitFor();
  const pools = await here.api.get('/pools', { poolid: tag });
  assert.deepEqual(
    pools[0].members.map((one) => one.vmid),
    [100],
  );
  await member.getByRole('button', { name: /Take .* out/ }).click();
  await member.waitFor({ state: 'detached' });
  await dialog.locator('.dialog-foot').getByRole('button', { name: 'Close' }).click();
  await remove(page, tag);
});

test('the realm that sign-in offers first is chosen here', when_live, async () => {
  const page = await here.enter('/datacenter/realms');
  const before = (await here.api.get('/access/domains')).find((one) => one.default)?.realm;
  await row(page, /^pve/).getByRole('button', { name: 'Edit pve' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('First choice at sign-in').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row(page, /^pve pve Yes/).waitFor();
  if (before !== 'pve') await here.api.call('PUT', '/access/domains/pve', { default: '0' });
});

test('user, group and role are removed', when_live, async () => {
  const page = await here.enter('/datacenter/users');
  await remove(page, user);
  await page.goto(`${page.url().replace(/#.*/, '')}#/datacenter/groups`);
  await remove(page, tag);
  await page.goto(`${page.url().replace(/#.*/, '')}#/datacenter/roles`);
  await remove(page, tag);
  assert.deepEqual(page.faults, []);
});
