// How long a first visit to a node takes, with nothing cached: until the sign-in form can be used, and
// from its button to the first page:  node scripts/first-load.mjs URL USER PASSWORD
import { open_browser, open_page } from '../../tests/page/browser.mjs';

const visits = 5;
const [url, user, password] = process.argv.slice(2);
const at = user.lastIndexOf('@');
const browser = await open_browser();

async function visit() {
  const page = await open_page(browser); // with a profile of its own
  let began = performance.now();
  await page.goto(url);
  await page.locator('input[name=username]').fill(user.slice(0, at));
  await page.locator('input[name=password]').fill(password);
  await page.locator('select[name=realm] option').first().waitFor({ state: 'attached' });
  const form = performance.now() - began;
  await page.locator('select[name=realm]').selectOption(user.slice(at + 1));
  began = performance.now();
  await page.locator('button[type=submit]').click();
  await page.locator('#main').waitFor();
  const first_page = performance.now() - began;
  await page.context().close();
  return { form, first_page };
}

await visit(); // the browser's own start
const seen = [];
for (let i = 0; i < visits; ++i) seen.push(await visit());
const median = (name) => Math.round(seen.map((one) => one[name]).sort((a, b) => a - b)[visits >> 1]);
console.log(JSON.stringify({ form_ms: median('form'), first_page_ms: median('first_page') }));
await browser.close();
