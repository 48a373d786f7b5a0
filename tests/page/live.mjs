// A real node for the page tests, named by POSADA_URL, POSADA_USER and POSADA_PASSWORD, with the
// demo guests 100 (virtual machine) and 101 (container) that ./dev up makes.
import { Agent, request } from 'node:https';
import { after, before } from 'node:test';
import { entrance, has_browser, open_browser, open_page, patience, sign_in } from './browser.mjs';

export const url = process.env.POSADA_URL ?? '';
export const user = process.env.POSADA_USER ?? '';
export const password = process.env.POSADA_PASSWORD ?? '';
export const missing = !url ? 'needs a live node (POSADA_URL)' : !has_browser && 'needs Chromium';
export const when_live = { skip: missing, timeout: 240_000 };

// Certificates of test nodes are their own.
const agent = new Agent({ rejectUnauthorized: false, keepAlive: true });

function send(method, path, params, headers) {
  const encoded = new URLSearchParams(params).toString();
  const in_body = method === 'POST' || method === 'PUT';
  const target = new URL(`/api2/json${path}${!in_body && encoded ? `?${encoded}` : ''}`, url);
  return new Promise((resolve, reject) => {
    const call = request(target, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (text += part));
      response.on('end', () => {
        if (response.statusCode !== 200) {
          reject(
            new Error(
              `${method} ${path}: ${response.statusCode} ${response.statusMessage} ${text}`,
            ),
          );
        } else resolve(JSON.parse(text).data);
      });
    });
    call.on('error', reject);
    if (in_body) call.setHeader('Content-Type', 'application/x-www-form-urlencoded');
    call.end(in_body ? encoded : undefined);
  });
}

export async function wait_for(what, check, deadline_ms = 90_000) {
  const end = Date.now() + deadline_ms;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${deadline_ms / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

// The API beside the page: to prepare, to check, to clean up.
export class Api {
  static async open() {
    const ticket = await send('POST', '/access/ticket', { username: user, password }, {});
    const api = new Api();
    api.headers = {
      Cookie: `PVEAuthCookie=${encodeURIComponent(ticket.ticket)}`,
      CSRFPreventionToken: ticket.CSRFPreventionToken,
    };
    api.node = (await api.get('/nodes'))[0].node;
    return api;
  }

  get(path, params = {}) {
    return send('GET', path, params, this.headers);
  }

  call(method, path, params = {}) {
    return send(method, path, params, this.headers);
  }

  // Runs a call that answers a UPID to its end.
  async work(method, path, params = {}) {
    const upid = await this.call(method, path, params);
    if (typeof upid !== 'string' || !upid.startsWith('UPID:')) return;
    const path_of_task = `/nodes/${this.node}/tasks/${encodeURIComponent(upid)}/status`;
    const done = await wait_for(`the end of ${upid}`, async () => {
      const status = await this.get(path_of_task);
      return status.status === 'stopped' && status;
    });
    if (done.exitstatus !== 'OK') throw new Error(`${upid}: ${done.exitstatus}`);
  }

  async guest_exists(kind, id) {
    const list = await this.get(`/nodes/${this.node}/${kind}`);
    return list.some((one) => Number(one.vmid) === Number(id));
  }

  async remove_guest(kind, id) {
    if (!(await this.guest_exists(kind, id))) return;
    const path = `/nodes/${this.node}/${kind}/${id}`;
    const { status } = await this.get(`${path}/status/current`);
    if (status === 'running') await this.work('POST', `${path}/status/stop`);
    await this.work('DELETE', path);
  }

  async ensure_running(kind, id) {
    const path = `/nodes/${this.node}/${kind}/${id}`;
    const { status } = await this.get(`${path}/status/current`);
    if (status !== 'running') await this.work('POST', `${path}/status/start`);
  }
}

// `prepare` runs when the API is at hand: hooks of the top level do not wait for each other.
export function stage(prepare = async () => {}) {
  const here = {};
  before(async () => {
    if (missing) return;
    here.api = await Api.open();
    here.browser = await open_browser();
    await prepare(here.api);
  });
  after(() => here.browser?.close());
  here.open = (options) => open_page(here.browser, options);
  here.sign_in_as = (page, name, secret) => sign_in(page, url, name, secret);
  here.enter = entrance(here.open, () => url, user, password);
  return here;
}

export { patience, sign_in };
