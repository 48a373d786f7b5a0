// A browser and a stand-in node for a test file: started before its tests, gone after them.
import { existsSync } from 'node:fs';
import { after, before } from 'node:test';
import { start_mock } from '../../../web/mock/server.mjs';
import { entrance, has_browser, open_browser, open_page } from '../browser.mjs';

const built = existsSync(new URL('../../../web/dist/index.html', import.meta.url));
export const missing = !has_browser ? 'needs Chromium' : !built && 'needs npm run build';

export function stage(options = {}) {
  const here = {};
  before(async () => {
    if (missing) return;
    here.mock = await start_mock({ port: 0, ...options });
    here.url = here.mock.url;
    here.world = here.mock.world;
    here.browser = await open_browser();
  });
  after(async () => {
    await here.browser?.close();
    here.mock?.close();
  });
  here.open = (page_options) => open_page(here.browser, page_options);
  here.enter = entrance(here.open, () => here.url, 'admin@pve', 'secret');
  return here;
}
