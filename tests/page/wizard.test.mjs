// What is wrong with a new guest is said at the field that it is about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage, when_live } from './live.mjs';

const here = stage();

async function open(button) {
  const page = await here.enter();
  await page.getByRole('button', { name: button }).click();
  const dialog = page.getByRole('dialog');
  // The wizard fills in the first free number when it knows it.
  await dialog.locator('input[name=vmid]:not([value=""])').waitFor();
  const error_of = (name) => dialog.locator(`.field:has([name=${name}]) .error`);
  const step = (name) => dialog.getByRole('button', { name }).click();
  return { page, dialog, error_of, step };
}

test('a number in use and one out of range are said at the number', when_live, async () => {
  const { dialog, error_of } = await open('Create VM');
  const field = dialog.locator('input[name=vmid]');
  await field.fill('100');
  await error_of('vmid').getByText('taken by another guest').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await field.fill('7');
  await error_of('vmid').getByText('from 100').waitFor();
});

test('memory out of range is said at the memory, and nothing is made', when_live, async () => {
  const { page, dialog, error_of, step } = await open('Create VM');
  await dialog.locator('input[name=name]').fill('too-small');
  await step(/System/);
  await dialog.getByLabel('Medium', { exact: true }).selectOption('none');
  await step(/CPU and memory/);
  await dialog.locator('input[name=memory]').fill('8');
  await error_of('memory').getByText('At least 16').waitFor();
  await step(/Check and create/);
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  await error_of('memory').waitFor();
  await dialog.locator('input[name=memory]').fill('99999999999');
  await error_of('memory').getByText('the node has no more').waitFor();
  assert.equal(await page.getByRole('treeitem', { name: /too-small/ }).count(), 0);
});

test('a container without a name is told so, where the name goes', when_live, async () => {
  const { dialog, error_of, step } = await open('Create CT');
  await step(/Check and create/);
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  await error_of('name').waitFor();
  assert.match(await error_of('name').innerText(), /letters/);
  await dialog.locator('input[name=name]').fill('no_underscores');
  await error_of('name').getByText('Only letters').waitFor();
  await step(/Template/);
  await error_of('password').waitFor();
});
