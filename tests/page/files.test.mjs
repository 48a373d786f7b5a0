// Files on their way into a storage: progress, an upload that is called off, checksums, downloads.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { missing, stage, wait_for, when_live } from './live.mjs';

const tag = `files-${process.pid}`;
let demo_template;
const here = stage(async (api) => {
  const list = await api.get(`/nodes/${api.node}/storage/local/content`, { content: 'vztmpl' });
  demo_template = list[0]?.volid;
});

// A file that says it is an ISO 9660 image: the mark stands in its seventeenth sector.
function disc(bytes = 600 * 1024) {
  const image = Buffer.alloc(bytes);
  image.write('\x01CD001\x01', 16 * 2048, 'latin1');
  return image;
}
const image = disc();
const sum = createHash('sha256').update(image).digest('hex');

const content = () => here.api.get(`/nodes/${here.api.node}/storage/local/content`);
const stored = async (name) => (await content()).some((one) => one.volid.endsWith(`/${name}`));

after(async () => {
  if (missing) return;
  for (const { volid } of await content()) {
    if (!volid.includes(tag)) continue;
    const path = `/nodes/${here.api.node}/storage/local/content/${encodeURIComponent(volid)}`;
    await here.api.work('DELETE', path);
  }
});

async function open_upload(name, buffer) {
  const page = await here.enter(`/storage/${here.api.node}~local/content`);
  await page.getByRole('button', { name: 'Upload' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  return { page, dialog, send: dialog.locator('button[type=submit]') };
}

// So slow that the bar can be seen on its way.
async function slow_down(page, bytes_per_second) {
  const link = await page.context().newCDPSession(page);
  await link.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytes_per_second,
  });
  return () =>
    link.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
}

const share = async (dialog) =>
  Number(await dialog.getByRole('progressbar').getAttribute('aria-valuenow'));

test('an upload shows how far it is, and what is left', when_live, async () => {
  const name = `${tag}-progress.iso`;
  const { page, dialog, send } = await open_upload(name, disc(4 * 1024 * 1024));
  const full_speed = await slow_down(page, 512 * 1024);
  await send.click();
  await wait_for('the bar to move', async () => (await share(dialog)) > 0);
  const first = await share(dialog);
  await dialog.getByText(/\d+ % – .* of 4 MiB/).waitFor();
  await wait_for('the bar to move on', async () => (await share(dialog)) > first);
  await full_speed();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: `local:iso/${name}`, exact: true }).waitFor();
  assert.deepEqual(page.faults, []);
});

test('an upload that is called off leaves nothing behind', when_live, async () => {
  const name = `${tag}-cancelled.iso`;
  const { page, dialog, send } = await open_upload(name, disc(8 * 1024 * 1024));
  const full_speed = await slow_down(page, 256 * 1024);
  await send.click();
  await wait_for('the bar to move', async () => (await share(dialog)) > 0);
  await dialog.getByRole('button', { name: 'Cancel upload' }).click();
  await dialog.getByRole('progressbar').waitFor({ state: 'detached' });
  assert.ok(await send.isEnabled(), 'it can be sent again');
  await full_speed();
  await wait_for('the task to end', async () => {
    const tasks = await here.api.get(`/nodes/${here.api.node}/tasks`, { source: 'active' });
    return !tasks.some((one) => one.type === 'imgcopy');
  });
  assert.equal(await stored(name), false);
  assert.deepEqual(page.faults, []);
});

test('a file with the right checksum is kept', when_live, async () => {
  const name = `${tag}-right.iso`;
  const { page, dialog, send } = await open_upload(name, image);
  await dialog.getByLabel('Checksum').fill(sum.toUpperCase());
  await send.click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: `local:iso/${name}`, exact: true }).waitFor();
});

test('a file with another checksum is refused in words and not kept', when_live, async () => {
  const name = `${tag}-wrong.iso`;
  const { dialog, send } = await open_upload(name, image);
  const field = dialog.getByLabel('Checksum');
  await field.fill('12');
  await dialog.locator('.error').waitFor();
  assert.ok(await send.isDisabled(), 'no checksum at all');
  await field.fill('0'.repeat(64));
  await send.click();
  const refusal = dialog.getByRole('alert').filter({ hasText: /checksum/ });
  await refusal.waitFor();
  assert.match(await refusal.innerText(), /not kept|again/);
  assert.equal(await stored(name), false);
});

test('a container template is uploaded beside the images', when_live, async (t) => {
  if (!demo_template) return t.skip('needs a container template on local');
  const page = await here.enter(`/storage/${here.api.node}~local/content`);
  await page.getByRole('button', { name: 'Upload' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Content').selectOption('vztmpl');
  const name = `${tag}.tar.gz`;
  // An empty archive, compressed: a template is looked into only when a container is made of it.
  const { gzipSync } = await import('node:zlib');
  await dialog.locator('input[type=file]').setInputFiles({
    name,
    mimeType: 'application/gzip',
    buffer: gzipSync(Buffer.alloc(10_240)),
  });
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: `local:vztmpl/${name}`, exact: true }).waitFor();
});

test('a file is fetched from an address, its size asked for before', when_live, async (t) => {
  const server = createServer((request, response) => {
    response.setHeader('Content-Length', image.length);
    response.end(request.method === 'HEAD' ? undefined : image);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const name = `${tag}-fetched.iso`;
  const page = await here.enter(`/storage/${here.api.node}~local/content`);
  await page.getByRole('button', { name: 'Download from URL' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByLabel('Address (URL)')
    .fill(`http://127.0.0.1:${server.address().port}/${name}`);
  await dialog.getByRole('button', { name: 'Look at the address' }).click();
  const told = dialog.locator('[role=status], [role=alert]').first();
  await told.waitFor();
  if (/private_downloads/.test(await told.innerText()))
    return t.skip('needs private_downloads = true in posada.toml');
  assert.match(await told.innerText(), /600 KiB/);
  assert.equal(await dialog.getByLabel('File name').inputValue(), name);
  await dialog.getByLabel('Checksum').fill(sum);
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: `local:iso/${name}`, exact: true }).waitFor();
  assert.deepEqual(page.faults, []);
});
