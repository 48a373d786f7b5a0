// A page that is looked at and left alone asks for nothing: the event stream tells it all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage, wait_for, when_live } from './live.mjs';

const here = stage(async (api) => {
  await api.ensure_running('qemu', 100);
});
// The history has a new point each minute and is asked for as often.
const expected = /\/rrddata|\/api2\/events/;

const places = (node) => [
  '/datacenter/summary',
  '/datacenter/guests',
  `/node/${node}/summary`,
  `/node/${node}/storage`,
  '/qemu/100/summary',
  '/qemu/100/hardware',
  `/storage/${node}~local/summary`,
];

test('no view asks again for what the stream tells', when_live, async () => {
  const page = await here.enter();
  const base = page.url().replace(/#.*/, '');
  const asked = [];
  page.on('request', (request) => {
    if (/\/api2\//.test(request.url()) && !expected.test(request.url())) asked.push(request.url());
  });
  let heard = 0;
  const stream = await page.context().newCDPSession(page);
  await stream.send('Network.enable');
  stream.on('Network.eventSourceMessageReceived', () => (heard += 1));
  for (const place of places(here.api.node)) {
    await page.goto(`${base}#${place}`);
    await page.locator('#page-panel :is(.card, .empty)').first().waitFor();
    const hear = (more) => {
      const wanted = heard + more;
      return wait_for('figures on the stream', () => heard >= wanted);
    };
    await hear(8);
    asked.length = 0;
    // A round of figures has four or five: what asks with each of them, or every ten seconds, is
    // found.
    await hear(24);
    assert.deepEqual(asked, [], place);
  }
});
