import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { missing, stage } from './stage.mjs';

const program = 'qemu-system-x86_64';
const has_qemu = spawnSync(program, ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'page-vga-'));
const socket = join(folder, 'vnc');
const skip = missing || (!has_qemu && `needs ${program}`);
let machine;

// A machine without a disk: its firmware's screen is picture enough.
before(async () => {
  if (skip) return;
  machine = spawn(program, [
    '-accel',
    'tcg',
    '-m',
    '64',
    '-nodefaults',
    '-vga',
    'std',
    '-display',
    'none',
    '-vnc',
    `unix:${socket}`,
  ]);
  for (let tries = 0; tries < 100 && !existsSync(socket); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
after(() => {
  machine?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const here = stage({ vnc: socket });

test("the VGA console shows a real machine's screen", { skip }, async () => {
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

test('a console whose machine goes says so and can be opened again', { skip }, async () => {
  const page = await here.enter('/qemu/100/console');
  await page.locator('[data-phase=open]').waitFor();
  machine.kill('SIGKILL');
  await page.locator('[data-phase=closed]').waitFor();
  await page.getByRole('button', { name: 'Connect again' }).waitFor();
});
