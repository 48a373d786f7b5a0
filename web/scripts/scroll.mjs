// Scrolls through 20,000 guests of the stand-in node, in the list and in the tree, while their figures
// move, and says how the page kept up:  node scripts/scroll.mjs [--json]
import { open_browser, open_page, sign_in } from '../../tests/page/browser.mjs';
import { start_mock } from '../mock/server.mjs';

const guests = 20_000;
const seconds = 5;

// Turns the wheel at every frame and notes how long each took, and every task above 50 ms.
const scroll = (page, selector) =>
  page.evaluate(
    ([selector, seconds]) =>
      new Promise((resolve) => {
        const box = document.querySelector(selector);
        const long = [];
        const watch = new PerformanceObserver((list) =>
          list.getEntries().forEach((entry) => long.push(entry.duration)),
        );
        watch.observe({ type: 'longtask' });
        const frames = [];
        const began = performance.now();
        let last = began;
        const step = (now) => {
          frames.push(now - last);
          last = now;
          box.scrollTop += 120;
          if (now - began < seconds * 1000) requestAnimationFrame(step);
          else {
            watch.disconnect();
            frames.sort((a, b) => a - b);
            resolve({
              frames: frames.length,
              frames_per_second: Math.round(frames.length / ((now - began) / 1000)),
              frame_p50_ms: Math.round(frames[frames.length >> 1]),
              frame_p95_ms: Math.round(frames[Math.floor(frames.length * 0.95)]),
              long_tasks: long.length,
              longest_ms: Math.round(Math.max(0, ...long)),
            });
          }
        };
        requestAnimationFrame(step);
      }),
    [selector, seconds],
  );

// How much processor time the page's thread took for each frame, which other programs on the machine
// do not change.
async function measure(page, selector) {
  const link = await page.context().newCDPSession(page);
  await link.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await link.send('Performance.getMetrics');
    return metrics.find((one) => one.name === 'TaskDuration').value * 1000;
  };
  const before = await spent();
  const seen = await scroll(page, selector);
  const each = (await spent()) - before;
  await link.detach();
  return { ...seen, processor_ms: Math.round((each / seen.frames) * 10) / 10 };
}

const mock = await start_mock({ port: 0, guests });
const browser = await open_browser();
const page = await open_page(browser);
await sign_in(page, mock.url, 'admin@pve', 'secret');
await page.goto(`${mock.url}/#/datacenter/guests`);
await page.locator('#page-panel tbody tr').nth(5).waitFor();
const result = {
  list: await measure(page, '#page-panel .table-wrap'),
  tree: await measure(page, '.tree'),
};
await browser.close();
mock.close();
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else console.table(result);
process.exit(0);
