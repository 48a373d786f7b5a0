// Opens Debian's Chromium for the page tests and holds the steps that many of them share.
import { readFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
export const axe_file = require.resolve('axe-core/axe.min.js');

const executable = process.env.POSADA_CHROMIUM ?? '/usr/bin/chromium';
export const has_browser = existsSync(executable);
export const patience = 30_000;

export function open_browser() {
  return chromium.launch({
    executablePath: executable,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

// A page that notes whatever goes wrong in it: errors of its own, and what the policy stopped.
export async function open_page(browser, options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1400, height: 900 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    const policy = /Content Security Policy|Refused to/.test(text);
    if (message.type() === 'error' && (policy || /Warning|React/.test(text)))
      page.faults.push(text);
  });
  return page;
}

// `user` is name@realm.
export async function sign_in(page, url, user, password) {
  const at = user.lastIndexOf('@');
  await page.goto(url);
  await page.locator('input[name=username]').fill(user.slice(0, at));
  await page.locator('input[name=password]').fill(password);
  await page.locator('select[name=realm] option').first().waitFor({ state: 'attached' });
  await page.locator('select[name=realm]').selectOption(user.slice(at + 1));
  await page.locator('button[type=submit]').click();
  await page.locator('#main').waitFor();
}

// How a test file comes in: its first page signs in by the form, later ones carry the session on as a
// new tab does. Each takes the place of the one before, whose live view would only cost time.
export function entrance(open, url, user, password) {
  let page;
  let session;
  return async (place = '', options = {}) => {
    await page?.context().close();
    page = await open({ ...options, ...(session && { storageState: session }) });
    if (session) {
      await page.goto(`${url()}/#${place}`);
      await page.locator('#main').waitFor();
      return page;
    }
    await sign_in(page, url(), user, password);
    session = await page.context().storageState();
    if (place) await page.goto(`${url()}/#${place}`);
    return page;
  };
}

export async function serious_problems(page) {
  // The page's policy refuses foreign scripts, as it should: the debugger may still run one.
  if (!(await page.evaluate(() => 'axe' in window)))
    await page.evaluate(readFileSync(axe_file, 'utf8'));
  const result = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  );
  return result.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map(
      (one) =>
        `${one.id}: ${one.nodes
          .map((node) => node.target.join(' '))
          .slice(0, 4)
          .join(' | ')}`,
    );
}
