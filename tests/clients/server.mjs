// What the JavaScript client tests share: where the server is, and a way to remove what a failed
// test left, by plain requests, so that a client's own fault cannot leave a guest behind.

import https from 'node:https';

const { POSADA_URL: url, POSADA_TOKEN: token } = process.env;

export const server = url ? {
  host: new URL(url).hostname,
  port: Number(new URL(url).port || 8006),
  user: process.env.POSADA_USER,
  password: process.env.POSADA_PASSWORD,
  token,
} : undefined;
/** Value of node:test's option `skip`. */
export const skip = url && token && server.password
  ? false : 'POSADA_URL, POSADA_USER, POSADA_PASSWORD and POSADA_TOKEN are not set';

function ask(method, path) {
  const options = {
    host: server.host, port: server.port, method, path: `/api2/json${path}`, agent: false,
    headers: { Authorization: `PVEAPIToken=${token}` }, rejectUnauthorized: false, timeout: 20000,
  };
  return new Promise((resolve, reject) => {
    const request = https.request(options, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; });
      answer.on('end', () => resolve({ status: answer.statusCode, data: JSON.parse(text).data }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer: ${method} ${path}`)));
    request.on('error', reject);
    request.end();
  });
}

async function finish(upid) {
  if (typeof upid !== 'string' || !upid.startsWith('UPID:')) return;
  const deadline = Date.now() + 60000;
  const path = `/nodes/${upid.split(':')[1]}/tasks/${encodeURIComponent(upid)}/status`;
  while ((await ask('GET', path)).data.status !== 'stopped') {
    if (Date.now() > deadline) throw new Error(`${upid} still runs`);
    await new Promise((done) => { setTimeout(done, 100); });
  }
}

/** Stops and deletes the guest if it is there. `kind` is qemu or lxc. */
export async function remove_guest(kind, vmid) {
  const guests = (await ask('GET', '/cluster/resources?type=vm')).data;
  const guest = guests.find((one) => one.vmid === vmid && one.type === kind);
  if (!guest) return;
  const path = `/nodes/${guest.node}/${kind}/${vmid}`;
  await finish((await ask('POST', `${path}/status/stop`)).data);
  await finish((await ask('DELETE', path)).data);
}

/** Ids of the volumes that belong to a guest, on storage `local`. */
export async function volumes_of(vmid) {
  const node = (await ask('GET', '/nodes')).data[0].node;
  const { data } = await ask('GET', `/nodes/${node}/storage/local/content?vmid=${vmid}`);
  return data.map((volume) => volume.volid);
}
