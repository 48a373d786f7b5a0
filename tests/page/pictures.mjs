// Takes the pictures under docs/images from the node that POSADA_URL, POSADA_USER and
// POSADA_PASSWORD name, of its machine POSADA_GUEST (100), which has been running for half an hour,
// so that its charts have something to show:  node tests/page/pictures.mjs
import { fileURLToPath } from 'node:url';
import { open_browser, open_page, sign_in } from './browser.mjs';

const { POSADA_URL: url, POSADA_USER: user, POSADA_PASSWORD: password } = process.env;
const guest = process.env.POSADA_GUEST ?? '100';
const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
// Long enough that the small curves of the tiles have something to show.
const figures_ms = 25_000;

const browser = await open_browser();
const page = await open_page(browser, {
  viewport: { width: 1400, height: 960 },
});
const picture = async (name) => {
  await page.waitForTimeout(800);
  await page.screenshot({ path: `${folder}${name}.png` });
};
const place = (path) => page.goto(`${url}/#${path}`);

await page.goto(url);
await page.locator('select[name=realm] option').first().waitFor({ state: 'attached' });
await page.locator('input[name=username]').fill(user.split('@')[0]);
await picture('signin');

await sign_in(page, url, user, password);
await place(`/qemu/${guest}/summary`);
await page.getByRole('button', { name: 'Tasks', exact: true }).click();
await page.waitForTimeout(figures_ms);
await picture('guest-summary-light');
await page.getByRole('button', { name: 'Colours' }).click();
await page.getByRole('menuitemradio', { name: 'Dark' }).click();
await picture('guest-summary-dark');
await page.getByRole('button', { name: 'Colours' }).click();
await page.getByRole('menuitemradio', { name: 'Light' }).click();

await place(`/qemu/${guest}/console`);
await page.locator('[data-phase=open]').waitFor();
await page.waitForTimeout(2_000);
await picture('console');

await place('/datacenter/summary');
await page.getByRole('button', { name: 'Create VM' }).click();
await page.locator('input[name=name]').fill('laboratory');
await page
  .getByRole('dialog')
  .getByRole('button', { name: /CPU and memory/ })
  .click();
await picture('wizard');
await page.keyboard.press('Escape');

await place('/datacenter/tasks');
await page
  .getByRole('button', { name: /CT .* – Create/ })
  .first()
  .click();
await page.getByRole('log').getByText('TASK OK').waitFor();
await picture('tasks');
await browser.close();
