// Malformed and hostile requests: each is refused with the field's name, and changes nothing.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Identity, send } from '../api/client.mjs';
import { Node, skip } from './node.mjs';

const GUESTS = '/nodes/faulty/qemu';
const KIB = 1024;

/** A body as it is, and what came back; an answer after which the server hangs up is one as well. */
function raw(node, body, type, path = GUESTS) {
  const headers = { ...node.identity.headers('POST', false), 'Content-Length': Buffer.byteLength(body) };
  if (type) headers['Content-Type'] = type;
  return send(node.url, 'POST', `/json${path}`, headers, body);
}

const json = (node, body, path) => raw(node, body, 'application/json', path);
const form = (node, body, path) => raw(node, body, 'application/x-www-form-urlencoded', path);

/** Everything that a refused request must not change. */
async function state_of(node) {
  const guests = (await node.guests()).map((guest) => [guest.vmid, guest.status]).sort();
  const config = await node.config(100);
  const pools = await node.call('GET', '/pools');
  const storages = (await node.call('GET', '/storage')).map((one) => one.storage);
  return JSON.stringify({ guests, config, pools, storages, disks: node.disks() });
}

test('malformed requests', { skip }, async (t) => {
  const node = await Node.make();
  t.after(() => node.remove());
  await node.work('POST', GUESTS, { vmid: 100, memory: 32, scsi0: 'local:1', name: 'whole' });
  const before = await state_of(node);
  const unchanged = async () => assert.equal(await state_of(node), before, 'something changed');

  const names_the_field = async (method, path, parameters, field, text) => {
    const answer = await node.ask(method, path, parameters);
    assert.equal(answer.status, 400, `${JSON.stringify(parameters).slice(0, 200)}: ${answer.reason}`);
    assert.equal(answer.reason, 'Parameter verification failed.');
    assert.match(answer.json.errors?.[field] ?? `no error for ${field}: ${answer.text}`, text);
  };

  await t.test('a wrong type, a huge or negative number and an unknown name', async () => {
    const wrong = [
      [{ vmid: '101x' }, 'vmid', /type check \('integer'\) failed - got '101x'/],
      [{ vmid: 99 }, 'vmid', /./],
      [{ vmid: '99999999999999999999999' }, 'vmid', /./],
      [{ vmid: -101 }, 'vmid', /./],
      [{ vmid: 101, cores: '1e3' }, 'cores', /type check \('integer'\) failed - got '1e3'/],
      [{ vmid: 101, sockets: -1 }, 'sockets', /value must have a minimum value of 1/],
      [{ vmid: 101, memory: '18446744073709551616' }, 'memory', /./],
      [{ vmid: 101, onboot: 'maybe' }, 'onboot', /type check \('boolean'\) failed - got 'maybe'/],
      [{ vmid: 101, cpulimit: 'NaN' }, 'cpulimit', /type check \('number'\) failed - got 'NaN'/],
      [{ vmid: 101, ostype: 'abacus' }, 'ostype', /does not have a value in the enumeration/],
      [{ vmid: 101, mermory: 64 }, 'mermory', /property is not defined in schema/],
      [{ vmid: 101, net0: 'virtio,bridge=vmbr0,bridge=vmbr1' }, 'net0', /./],
      [{ vmid: 101, scsi99: 'local:1' }, 'scsi99', /property is not defined in schema/],
      [{ vmid: 101, name: 'x'.repeat(10_000) }, 'name', /./],
      [{ vmid: 101, scsi0: 'local:1,size=1G,size=2G' }, 'scsi0', /./],
      [{ vmid: 101, smbios1: 'uuid=not-a-uuid' }, 'smbios1', /./],
    ];
    for (const [parameters, field, text] of wrong) {
      await names_the_field('POST', GUESTS, parameters, field, text);
    }
    await names_the_field('PUT', `${GUESTS}/100/config`, { digest: 'z'.repeat(50) }, 'digest', /./);
    await names_the_field('PUT', `${GUESTS}/100/resize`, { disk: 'scsi0', size: '1X' }, 'size', /./);
    await unchanged();
  });

  await t.test('every wrong field is named at once', async () => {
    const answer = await node.ask('POST', GUESTS, { vmid: 'a', cores: 'b', onboot: 'c', extra: 'd' });
    assert.deepEqual(Object.keys(answer.json.errors).sort(), ['cores', 'extra', 'onboot', 'vmid']);
  });

  await t.test('NUL, newline and bytes that are no UTF-8 get into no config', async () => {
    for (const name of ['a\0b', 'a\nb', 'a\r\nonboot: 1', ' ', 'a b', 'ä'.repeat(40)]) {
      await names_the_field('POST', GUESTS, { vmid: 101, name }, 'name', /./);
    }
    for (const [field, value] of [['tags', 'a\nargs: -x'], ['searchdomain', 'a\nargs: -x'],
      ['smbios1', 'serial=a\nargs: -x'], ['net0', 'virtio,bridge=a\nargs: -x']]) {
      await names_the_field('PUT', `${GUESTS}/100/config`, { [field]: value }, field, /./);
      await names_the_field('POST', GUESTS, { vmid: 101, [field]: value }, field, /./);
    }
    const bytes = await form(node, 'vmid=101&name=%ff%fe');
    assert.equal(bytes.status, 400);
    assert.match(bytes.json.errors.name, /not valid UTF-8/);
    const surrogate = await json(node, '{"vmid":101,"name":"\\ud800"}');
    assert.equal(surrogate.status, 400);
    await unchanged();
    // A list may be separated by such bytes, but none of them is stored.
    await node.call('PUT', `${GUESTS}/100/config`, { tags: 'a\0b\nc', nameserver: '::1\n::2' });
    const { tags, nameserver } = await node.config(100);
    assert.deepEqual([tags, nameserver], ['a;b;c', '::1 ::2']);
    await node.call('PUT', `${GUESTS}/100/config`, { delete: 'tags,nameserver' });
    await node.call('POST', '/storage', { storage: 'listed', type: 'dir', path: node.folder,
      content: 'iso\nimages', nodes: 'faulty\n\tshared 1' }).catch(() => {});
    const listed = (await node.call('GET', '/storage')).find((one) => one.storage === 'listed');
    if (listed) {
      assert.equal(listed.shared, undefined);
      await node.call('DELETE', '/storage/listed');
    }
    // Where a text may have lines they stay one value.
    const description = 'one\nargs: -x\n[snap]\nmemory: 1\0'.replace('\0', '');
    await node.call('PUT', `${GUESTS}/100/config`, { description });
    const { description: found, args, memory } = await node.config(100);
    assert.deepEqual({ found, args, memory }, { found: description, args: undefined, memory: '32' });
    await node.call('PUT', `${GUESTS}/100/config`, { delete: 'description' });
    await unchanged();
  });

  await t.test('JSON that is cut, too deep, no object, or of other types', async () => {
    const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
    for (const body of ['{"vmid":', '[1]', '1', 'null', '""', '{"vmid":101}{', deep]) {
      const answer = await json(node, body);
      assert.equal(answer.status, 400, `${body.slice(0, 40)}: ${answer.status} ${answer.reason}`);
    }
    for (const vmid of ['{"x":1}', '[101,102]', 'true', '1.5', '1e400', 'null']) {
      const answer = await json(node, `{"vmid":${vmid},"memory":32}`);
      assert.equal(answer.status, 400, `vmid ${vmid}: ${answer.status} ${answer.reason}`);
    }
    await unchanged();
  });

  await t.test('a body of 10 MB, thousands of parameters, long heads and another type', async () => {
    const large = await form(node, `vmid=101&description=${'x'.repeat(10 * KIB * KIB)}`)
      .catch((error) => ({ status: error.code }));
    // The server answers and hangs up; whoever is still sending may see only the latter.
    assert.ok([501, 'ECONNRESET', 'EPIPE'].includes(large.status), String(large.status));
    const many = await form(node, Array.from({ length: 9000 }, (_, n) => `a${n}=1`).join('&'));
    assert.equal(`${many.status} ${many.reason}`, '400 too many parameters');
    const long = await node.ask('GET', '/version', { a: 'x'.repeat(64 * KIB) })
      .catch((error) => ({ status: error.code }));
    assert.ok(long.status >= 400 || long.status === 'ECONNRESET', String(long.status));
    assert.equal((await raw(node, '<vm/>', 'text/xml')).status, 506);
    await unchanged();
    assert.equal((await node.ask('GET', '/version')).status, 200);
  });

  await t.test('a path that leads elsewhere, other methods, and a body where none belongs',
    async () => {
      for (const path of ['/nodes/faulty/qemu/../../access', '/nodes/%2e%2e/qemu', '/nodes/faulty%00',
        '/nodes/faulty/qemu/100%2f..%2f101/config', '/nodes/faulty\\x/qemu']) {
        const answer = await node.ask('GET', path);
        assert.ok(answer.status >= 400 && answer.status < 600, `${path}: ${answer.status}`);
        assert.equal(answer.json?.data ?? null, null);
      }
      const admin = node.identity.headers('GET', false);
      for (const method of ['PATCH', 'TRACE']) {
        const answer = await send(node.url, method, '/json/version', admin);
        assert.equal(answer.status, 501, method);
      }
      const body = await send(node.url, 'DELETE', `/json${GUESTS}/100`,
        { ...admin, 'Content-Length': 3 }, 'a=1');
      assert.equal(`${body.status} ${body.reason}`, "501 Unexpected content for method 'DELETE'");
      await unchanged();
    });

  await t.test('a number that is in use is refused for both kinds of guest', async () => {
    const answer = await node.ask('POST', GUESTS, { vmid: 100, memory: 64, scsi0: 'local:1' });
    assert.equal(`${answer.status} ${answer.reason}`,
      "500 unable to create VM 100 - VM 100 already exists on node 'faulty'");
    const container = await node.ask('POST', '/nodes/faulty/lxc',
      { vmid: 100, ostemplate: 'local:vztmpl/none.tar.gz', rootfs: 'local:1' });
    assert.equal(container.status, 500);
    assert.match(container.reason, /VM 100 already exists on node 'faulty'|CT 100 already exists/);
    await unchanged();
  });

  await t.test('two requests for one new number make one guest', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map((cores) => node.ask('POST', GUESTS,
      { vmid: 150, memory: 32, cores, scsi0: 'local:1' })));
    const ends = await Promise.all(answers.map((answer) => (answer.status === 200
      ? node.outcome(answer.json.data) : answer.reason)));
    assert.equal(ends.filter((end) => end === 'OK').length, 1, ends.join(', '));
    for (const end of ends.filter((one) => one !== 'OK')) {
      assert.match(end, /VM 150 already exists on node 'faulty'/);
    }
    assert.deepEqual(node.disks(), ['100/vm-100-disk-0.raw', '150/vm-150-disk-0.raw']);
    await node.work('DELETE', `${GUESTS}/150`);
    await unchanged();
  });

  await t.test('nobody gets further by malformed credentials', async () => {
    const odd = [{ Authorization: 'PVEAPIToken=' }, { Authorization: `PVEAPIToken=${'x'.repeat(9000)}` },
      { Authorization: 'Basic YWRtaW46eA==' }, { Cookie: 'PVEAuthCookie=%00%ff' },
      { Cookie: `PVEAuthCookie=${'PVE:'.repeat(2000)}` }, { Authorization: 'PVEAPIToken=a@b!c=\u00ff' }];
    for (const headers of odd) {
      const answer = await node.ask('DELETE', `${GUESTS}/100`, {}, new Identity(headers, 'x'));
      assert.ok([400, 401, 431].includes(answer.status), `${answer.status} ${answer.reason}`);
    }
    await unchanged();
  });
});
