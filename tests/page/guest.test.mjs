import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage, when_live } from './live.mjs';

const here = stage(async (api) => {
  await api.ensure_running('qemu', 100);
});

test('the summary shows live figures that the stream brings', when_live, async () => {
  const page = await here.enter('/qemu/100/summary');
  await page.locator('.page-head [data-state=running]').waitFor();
  // The view itself asks for the state once.
  await page.locator('[data-acceleration]').waitFor();
  let asked = 0;
  page.on('request', (request) => {
    if (/cluster\/resources|status\/current/.test(request.url())) asked += 1;
  });
  const seen = () =>
    page
      .locator('[data-tile]')
      .allInnerTexts()
      .then((texts) => texts.join());
  const first = await seen();
  await page.waitForFunction(
    (before) =>
      [...document.querySelectorAll('[data-tile]')].map((one) => one.innerText).join() !== before,
    first,
  );
  assert.equal(asked, 0, 'the page polled');
  const memory = await page.locator('[data-tile=memory] .tile-value').innerText();
  assert.match(memory, /[1-9].*(MiB|GiB)/);
});

test('the summary says whether the processor is emulated', when_live, async () => {
  const page = await here.enter('/qemu/100/summary');
  const name = page.locator('[data-acceleration]');
  await name.waitFor();
  assert.match(await name.innerText(), /KVM|TCG/);
});

test('the charts of the history are drawn', when_live, async () => {
  const page = await here.enter('/qemu/100/summary');
  await page.locator('.uplot canvas').nth(3).waitFor();
  assert.equal(await page.locator('.uplot canvas').count(), 4);
});

test('notes are written and read again', when_live, async () => {
  const page = await here.enter('/qemu/100/summary');
  const text = `Seen at ${new Date().toISOString()}\nsecond line`;
  const notes = page.getByRole('region', { name: 'Notes' });
  await notes.getByRole('button', { name: 'Edit' }).click();
  await notes.getByRole('textbox').fill(text);
  await notes.getByRole('button', { name: 'Save' }).click();
  await notes.getByText(text.split('\n')[0]).waitFor();
  const config = await here.api.get(`/nodes/${here.api.node}/qemu/100/config`);
  assert.equal(config.description.trimEnd(), text);
});

test(
  'a change for a running machine waits, is marked, and can be taken back',
  when_live,
  async () => {
    const page = await here.enter('/qemu/100/options');
    const row = page.getByRole('row', { name: /Boot order/ });
    await row.waitFor();
    await page.goto(page.url().replace('options', 'hardware'));
    const cpu = page.getByRole('row', { name: /Processor/ });
    await cpu.getByRole('button', { name: /Edit/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Sockets').fill('3');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText(/After restart: 3 ×/).waitFor();
    await cpu.getByRole('button', { name: 'Revert' }).click();
    await page.getByText(/After restart: 3 ×/).waitFor({ state: 'detached' });
  },
);
