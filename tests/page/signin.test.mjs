import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password, sign_in, stage, url, user, when_live } from './live.mjs';

const here = stage();

test('a wrong password is refused in words and the form stays', when_live, async () => {
  const page = await here.open();
  await page.goto(url);
  await page.locator('input[name=username]').fill(user.split('@')[0]);
  await page.locator('input[name=password]').fill('certainly wrong');
  await page.locator('button[type=submit]').click();
  await page.getByRole('alert').waitFor();
  assert.equal(await page.locator('input[name=username]').inputValue(), user.split('@')[0]);
});

test('the ticket lies in a cookie that no script can read', when_live, async () => {
  const page = await here.open();
  await sign_in(page, url, user, password);
  const cookie = (await page.context().cookies()).find((one) => one.name === 'PVEAuthCookie');
  assert.ok(cookie, 'no cookie was set');
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.secure, true);
  assert.equal(cookie.sameSite, 'Strict');
  assert.equal(await page.evaluate(() => document.cookie), '');
});

test('a reload keeps the session and signing out ends it', when_live, async () => {
  const page = await here.enter();
  await page.reload();
  await page.getByRole('tree').waitFor();
  await page.getByRole('button', { name: user }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.locator('input[name=password]').waitFor();
  await page.waitForFunction(() => sessionStorage.getItem('posada.session') === null);
  const cookies = await page.context().cookies();
  assert.equal(cookies.filter((one) => one.name === 'PVEAuthCookie' && one.value).length, 0);
});

test(
  'the page is served under a policy that stops foreign and inline scripts',
  when_live,
  async () => {
    const page = await here.open();
    const response = await page.goto(url);
    const policy = response.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'self'/);
    const script = /script-src([^;]*)/.exec(policy)?.[1] ?? '';
    assert.doesNotMatch(script, /unsafe-inline|unsafe-eval|\*/);
    assert.equal(response.headers()['x-content-type-options'], 'nosniff');
    assert.deepEqual(page.faults, []);
  },
);
