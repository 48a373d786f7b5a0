import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { stage, url, when_live } from './live.mjs';

const here = stage(async (api) => {
  await api.ensure_running('qemu', 100);
  has_container = await api.guest_exists('lxc', 101);
  if (has_container) await api.ensure_running('lxc', 101);
});
// Of root in the demo guests, and of the user that is made for the node's shell.
const guest_password = 'posada';
let has_container = false;

// Signs in at a login prompt if there is one, then asks the shell for a sum: its answer is
// nothing that was typed.
async function use_shell(page, { name = 'root', fresh = false } = {}) {
  const screen = page.locator('.xterm');
  await page.locator('[data-phase=open]').waitFor();
  // One that has been there for long says nothing by itself.
  if (!fresh) await page.keyboard.press('Enter');
  await screen
    .getByText(/login:|[#$] *$/)
    .first()
    .waitFor();
  if (await screen.getByText(/login:/).count()) {
    await page.keyboard.type(name);
    await page.keyboard.press('Enter');
    await screen
      .getByText(/Password:|[#$] *$/)
      .first()
      .waitFor();
    if (await screen.getByText(/Password:/).count()) {
      await page.keyboard.type(guest_password);
      await page.keyboard.press('Enter');
    }
    await screen
      .getByText(/[#$] *$/)
      .first()
      .waitFor();
  }
  await page.keyboard.type('echo answer-$((6*7)); echo I am $USER');
  await page.keyboard.press('Enter');
  await screen.getByText('answer-42').first().waitFor();
}

test('the VGA console shows a picture', when_live, async () => {
  const page = await here.enter('/qemu/100/console');
  await page.locator('[data-phase=open]').waitFor();
  await page.waitForFunction(() => {
    const canvas = document.querySelector('[data-console=vnc] canvas');
    if (!canvas || canvas.width < 300) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    for (let at = 0; at < data.length; at += 4) {
      colors.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    }
    return colors.size > 1;
  });
  assert.deepEqual(page.faults, []);
});

test('what is typed into the VGA console changes the picture', when_live, async () => {
  const page = await here.enter('/qemu/100/console');
  await page.locator('[data-phase=open]').waitFor();
  const picture = () =>
    page.evaluate(() => document.querySelector('[data-console=vnc] canvas').toDataURL());
  await page.waitForFunction(() => {
    const canvas = document.querySelector('[data-console=vnc] canvas');
    return canvas && canvas.width >= 300;
  });
  const first = await picture();
  await page.locator('[data-console=vnc] canvas').click();
  await page.keyboard.type('posada');
  await page.waitForFunction(
    (before) => document.querySelector('[data-console=vnc] canvas').toDataURL() !== before,
    first,
  );
});

test('the serial console takes a sign-in and a command', when_live, async () => {
  const page = await here.enter('/qemu/100/console');
  await page.getByRole('button', { name: 'Text console' }).click();
  await use_shell(page);
  assert.deepEqual(page.faults, []);
});

test(
  'the clipboard is pasted into the serial console, in a window of its own',
  when_live,
  async () => {
    const page = await here.enter('/qemu/100/console', {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.getByRole('button', { name: 'Text console' }).click();
    await page.locator('[data-console=terminal]').waitFor();
    const opened = page.waitForEvent('popup');
    await page.getByRole('button', { name: 'In a window of its own' }).click();
    const own = await opened;
    // The window takes the console over.
    await page.getByRole('tab', { name: 'Summary', selected: true }).waitFor();
    await own.getByRole('button', { name: 'Text console' }).click();
    await use_shell(own);
    assert.equal(await own.getByRole('tree').count(), 0, 'the console stands alone');
    await own.evaluate(() => navigator.clipboard.writeText('echo pasted-$((6*7))\n'));
    await own.getByRole('button', { name: 'Paste' }).click();
    await own.locator('.xterm').getByText('pasted-42').first().waitFor();
    await own.getByRole('button', { name: 'Full screen' }).click();
    await own.waitForFunction(() => document.fullscreenElement?.matches('.console'));
  },
);

test("the node's shell takes a sign-in and a command", when_live, async (t) => {
  const name = `posada-${process.pid}`;
  const near = /^(localhost|127\.)/.test(new URL(url).hostname);
  if (!near || process.getuid() !== 0) return t.skip('needs root on the machine of the node');
  const hash = execFileSync('openssl', ['passwd', '-6', guest_password], { encoding: 'utf8' });
  execFileSync('useradd', ['--no-create-home', '--shell', '/bin/sh', '-p', hash.trim(), name]);
  try {
    const page = await here.enter(`/node/${here.api.node}/shell`);
    await use_shell(page, { name, fresh: true });
    await page.locator('.xterm').getByText(`I am ${name}`).first().waitFor();
    assert.deepEqual(page.faults, []);
    // Its process ends with the page: a user who is signed in cannot be removed.
    await page.keyboard.type('exit');
    await page.keyboard.press('Enter');
    await page.locator('[data-phase=closed]').waitFor();
  } finally {
    execFileSync('userdel', ['--force', name]);
  }
});

test('the console of a container takes a command', when_live, async (t) => {
  if (!has_container) return t.skip('needs the demo container 101');
  const page = await here.enter('/lxc/101/console');
  await use_shell(page);
});
