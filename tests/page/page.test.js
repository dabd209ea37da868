// The live page in Chromium: its figures against known load, and what it does when things go wrong.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Browser, Keyhole } from '../browser/browser.js';
import { Redis, eventually, feedState, isLive, pictures, send, text, visit } from './visitor.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;

before(async () => { browser = await Browser.start(); });
after(async () => { await browser?.stop(); });

const get = (key) => ['GET', key];
const times = (n, f) => Array.from({ length: n }, (_, i) => f(i));

// The row of a key as the table shows it.
const rowOf = (page, key) => page.$$eval('#keys tr.row-key', (rows, wanted) => {
  const row = rows.find((r) => !r.hidden && r.querySelector('button').textContent === wanted);
  return row && [...row.cells].slice(1, 4).map((cell) => cell.textContent);
}, key);
const firstKey = (page) => page.$eval('#keys tr.row-key button', (node) => node.textContent);

// A clock of the work of the page's thread, in seconds: not of the time that a busy machine takes.
async function workClock(page) {
  const cdp = await page.createCDPSession();
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find((metric) => metric.name === 'TaskDuration').value;
  };
}

async function axeFinds(page) {
  // Past the page's policy, which lets no other script in.
  const { violations } = await page.evaluate(`(() => { ${axe}; return axe.run(document); })()`);
  return violations.filter((v) => ['serious', 'critical'].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join('; ')}`);
}

describe('in front of a Redis', () => {
  let redis;
  let keyhole;
  let url;
  let visited;
  let page;

  before(async () => {
    redis = await new Redis().start();
    keyhole = await Keyhole.start('--upstream', redis.url, '--near-cache', '8mb', '--upstream-wait', '60s');
    url = `http://127.0.0.1:${keyhole.http}/`;
    await send(keyhole.port, [...times(40, (i) => ['SET', `user:${i}`, 'x'.repeat(64)]), ['SETEX', 'session:token', '600', 'v'],
      ['HSET', 'cart:7', 'apples', '3'], ['SET', 'report:2026', 'y'.repeat(200_000)]]);
    visited = await visit(browser, url);
    page = visited.page;
    await isLive(page);
  });
  after(async () => {
    await page?.close();
    await keyhole?.stop();
    await redis?.stop();
  });

  test('browsers get the page, everybody else the greeting', async () => {
    assert.equal(page.answer.headers()['content-type'], 'text/html; charset=utf-8');
    assert.match(page.answer.headers()['content-security-policy'], /default-src 'none'; script-src 'sha256-/);
    for (const accept of ['*/*', 'application/json', 'application/json, text/plain, */*']) {
      const answer = await fetch(url, { headers: { Accept: accept } });
      assert.equal(await answer.text(), '{"message":"Keyhole is running"}\n');
    }
  });

  test('figures are those of the load', async () => {
    await send(keyhole.port, [...times(300, (i) => get(`user:${i % 3}`)), ...times(100, () => get('banner:none')),
      ...times(25, () => get('user:none')), ...times(5, () => get('session:token')), get('report:2026'), ['HGETALL', 'cart:7']]);
    await page.click('#tab-keys');
    await eventually(async () => (await rowOf(page, 'banner:none'))?.[1] === '100', 'the misses');
    assert.deepEqual(await rowOf(page, 'user:0'), ['100', '0', '100 %']);
    assert.deepEqual(await rowOf(page, 'banner:none'), ['0', '100', '0 %']);
    assert.deepEqual(await rowOf(page, 'user:none'), ['0', '25', '0 %']);
    const overview = await eventually(async () => {
      const o = await (await fetch(`${url}api/overview`)).json();
      return o.hits_total + o.misses_total === 432 && o;
    }, 'the totals');
    assert.equal(overview.hits_total, 307);
    assert.ok(Math.abs(overview.last_hour.hit_ratio - 307 / 432) < 1e-3);
    await page.click('#tab-overview');
    await eventually(async () => (await text(page, '#tiles')).includes('71.1 % in the last hour'), 'the ratio of the hour');
  });

  test('misses first is one click, and columns sort', async () => {
    await page.click('#tab-keys');
    await page.click('#misses-first');
    await eventually(async () => await firstKey(page) === 'banner:none', 'misses first');
    assert.equal(await page.$eval('#misses-first', (b) => b.getAttribute('aria-pressed')), 'true');
    await page.click('th[data-sort="hits"] button');
    await eventually(async () => (await firstKey(page)).startsWith('user:'), 'hits first');
    assert.equal(await page.$eval('th[data-sort="hits"]', (h) => h.getAttribute('aria-sort')), 'descending');
    await page.click('th[data-sort="hits"] button');
    await eventually(async () => await page.$eval('th[data-sort="hits"]', (h) => h.getAttribute('aria-sort')) === 'ascending',
      'the other way round');
  });

  test('a filter is a pattern or a part of the name, from the keyboard', async () => {
    await page.click('#tab-overview');
    await page.keyboard.press('/');
    await page.keyboard.type('user:?');
    await eventually(async () => (await text(page, '#keys-count')).startsWith('3 of '), 'user:?');
    await page.$eval('#filter', (input) => { input.value = ''; });
    await page.type('#filter', 'none');
    await eventually(async () => (await text(page, '#keys-count')).startsWith('2 of '), 'a part');
    await page.$eval('#filter', (input) => { input.value = ''; input.dispatchEvent(new Event('input')); });
    await eventually(async () => !(await text(page, '#keys-count')).startsWith('2 of '), 'all');
  });

  test('a key tells its history, and what Redis has', async () => {
    const before = await send(keyhole.port, [['OBJECT', 'IDLETIME', 'session:token']]);
    assert.match(before, /^:/);
    const lookups = (await (await fetch(`${url}api/overview`)).json()).hits_total;
    await page.evaluate(() => keys.open('session:token'));
    await eventually(async () => (await text(page, '#key-facts')).includes('Typestring'), 'its type');
    assert.match(await text(page, '#key-facts'), /Hits5.*Misses0.*Nowexists.*Expiresin \d+ (min|s)/);
    await eventually(async () => await page.$('#key-chart canvas') !== null, 'its chart');
    await page.screenshot({ path: path.join(pictures, 'key.png') });
    await page.keyboard.press('Escape');
    assert.equal(await page.$eval('#key', (dialog) => dialog.open), false);
    // Looking has changed nothing.
    await eventually(async () => (await (await fetch(`${url}api/overview`)).json()).hits_total === lookups, 'the same lookups');
  });

  test('keys are removed from the near cache, and nothing else is', async () => {
    await page.click('#tab-overview');
    const kept = async () => (await (await fetch(`${url}api/overview`)).json()).near_cache.entries;
    await eventually(async () => {
      await send(keyhole.port, times(200, () => get('user:0')));
      return await kept() > 0;
    }, 'the near cache keeps something');
    await page.type('#purge-prefix', 'user:');
    page.once('dialog', (dialog) => dialog.accept());
    await page.click('#purge button');
    await eventually(async () => /^[1-9][0-9]* removed$/.test(await text(page, '#purge-result')), 'how many');
    assert.equal(await send(keyhole.port, [['EXISTS', 'user:0']]), ':1\r\n');
  });

  test('what is slow, what is big, who is there', async () => {
    await page.click('#tab-slow');
    await eventually(async () => (await text(page, '#big')).includes('report:2026'), 'the big value');
    await page.click('#tab-clients');
    await eventually(async () => (await text(page, '#clients')).includes('Nobody is connected'), 'nobody');
  });

  test('Redis is killed, and comes back', async () => {
    await page.click('#tab-overview');
    await redis.kill();
    await eventually(async () => (await text(page, '#problems')).includes('has been away for'), 'the words');
    assert.equal(await page.$eval('#problems .problem', (p) => p.dataset.level), 'error');
    await page.screenshot({ path: path.join(pictures, 'away.png') });
    await redis.start();
    await eventually(async () => !(await text(page, '#problems')).includes('has been away'), 'all is well');
  });

  test('nothing went wrong on the way, and nothing else was asked', () => {
    assert.deepEqual(visited.wrong, []);
    assert.ok(visited.asked.every((asked) => asked.startsWith(url) || asked.startsWith('data:')));
  });
});

describe('with the embedded store', () => {
  let keyhole;
  let url;
  let visited;
  let page;

  before(async () => {
    keyhole = await Keyhole.start();
    url = `http://127.0.0.1:${keyhole.http}/`;
    await send(keyhole.port, times(1000, (i) => get(`page:${String(i).padStart(4, '0')}`)));
    visited = await visit(browser, url);
    page = visited.page;
    await isLive(page);
  });
  after(async () => {
    await page?.close();
    await keyhole?.stop();
  });

  test('a thousand keys scroll smoothly', async () => {
    await page.click('#tab-keys');
    await page.click('th[data-sort="key"] button');
    await eventually(async () => (await text(page, '#keys-count')).startsWith('1000 of '), 'all keys');
    await eventually(async () => await firstKey(page) === 'page:0000', 'by their names');
    const worked = await workClock(page);
    const before = await worked();
    const { rows, reached } = await page.evaluate(async () => {
      const scroll = document.getElementById('keys-scroll');
      for (let i = 0; i < 100; ++i) {
        scroll.scrollTop = (scroll.scrollHeight - scroll.clientHeight) * i / 99;
        await new Promise(requestAnimationFrame);
      }
      const all = [...document.querySelectorAll('#keys tr.row-key')];
      return { rows: all.length, reached: all.some((row) => row.textContent.includes('page:0999')) };
    });
    const each = (await worked() - before) / 100;
    assert.ok(each > 0 && each < 1 / 60, `a frame of scrolling is ${1000 * each} ms of work`);
    assert.ok(rows < 100, `${rows} rows are in the document`);
    assert.ok(reached);
  });

  test('by the keyboard alone', async () => {
    await page.keyboard.press('Escape');
    await page.$eval('#tab-keys', (tab) => tab.focus());
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.$eval('#view-slow', (view) => view.hidden), false);
    await page.keyboard.press('1');
    assert.equal(await page.$eval('#view-overview', (view) => view.hidden), false);
  });

  test('a hidden tab asks for nothing, and goes on when it is shown', async () => {
    const hide = (hidden) => page.evaluate((h) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => h });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await hide(true);
    await eventually(async () => await feedState(page) === 'paused', 'paused');
    const asked = visited.asked.length;
    const before = await page.evaluate(() => feed.last.time);
    await eventually(async () => (await (await fetch(`${url}api/overview`)).json()).time > before + 2.5, 'two seconds');
    assert.equal(visited.asked.length, asked);
    await hide(false);
    await isLive(page);
  });

  test('an address may name a view, and views may be changed before anything has come', async () => {
    const other = await visit(browser, `${url}#keys`);
    assert.equal(await other.page.$eval('#view-keys', (view) => view.hidden), false);
    await other.page.click('#tab-overview');
    await isLive(other.page);
    assert.deepEqual(other.wrong, []);
    await other.page.close();
  });

  test('nothing went wrong on the way', () => assert.deepEqual(visited.wrong, []));

  test('a proxy in between that keeps events to itself: polling', async () => {
    const other = await visit(browser, url, async (p) => {
      await p.setRequestInterception(true);
      p.on('request', (request) => (request.url().endsWith('/api/events')
        ? request.respond({ status: 502, contentType: 'application/json', body: '{}' }) : request.continue()));
    });
    await eventually(async () => await feedState(other.page) === 'polling', 'polling');
    await eventually(async () => (await text(other.page, '#tiles')).includes('Hit ratio'), 'figures');
    await other.page.close();
  });

  test('pictures, for a person to look at', async () => {
    await send(keyhole.port, times(400, (i) => (i % 3 ? get(`page:${i % 40}`) : ['SET', `page:${i % 40}`, 'v', 'EX', '60'])));
    for (const [name, scheme, width, height] of [['light', 'light', 1440, 1000], ['dark', 'dark', 1440, 1000],
      ['phone', 'light', 390, 844]]) {
      await page.setViewport({ width, height });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const view of ['overview', 'keys']) {
        await page.click(`#tab-${view}`);
        // Nothing is wider than the window.
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view}, ${name}`);
        await page.screenshot({ path: path.join(pictures, `${view}-${name}.png`) });
      }
    }
    await page.setViewport({ width: 1440, height: 900 });
  });

  test('axe finds nothing serious, in light and in dark', async () => {
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const name of ['overview', 'keys', 'slow', 'clients']) {
        await page.click(`#tab-${name}`);
        assert.deepEqual(await axeFinds(page), [], `${name}, ${scheme}`);
      }
      await page.click('#tab-keys');
      await page.evaluate(() => keys.open('page:0001'));
      await eventually(async () => (await text(page, '#key-facts')).includes('Type'), 'the key');
      assert.deepEqual(await axeFinds(page), [], `key, ${scheme}`);
      await page.keyboard.press('Escape');
    }
  });
});

describe('with a password', () => {
  const password = 'correct-horse';
  let keyhole;

  before(async () => { keyhole = await Keyhole.start('--requirepass', password); });
  after(async () => { await keyhole?.stop(); });

  test('a form asks for it, and it is in no address', async () => {
    const { page, asked } = await visit(browser, `http://127.0.0.1:${keyhole.http}/`);
    const logIn = async (typed) => {
      await eventually(() => page.$eval('#login', (dialog) => dialog.open), 'the form');
      await page.type('#password', typed);
      await page.keyboard.press('Enter');
    };
    await logIn('wrong');
    await eventually(async () => (await text(page, '#login-text')).startsWith('That was not right'), 'again');
    await page.screenshot({ path: path.join(pictures, 'login.png') });
    await logIn(password);
    await isLive(page);
    assert.ok(asked.every((url) => !url.includes(password)));
    await page.close();
  });
});

describe('a proxy that is restarted', () => {
  test('is found again', async () => {
    let keyhole = await Keyhole.start();
    const { page } = await visit(browser, `http://127.0.0.1:${keyhole.http}/`);
    await isLive(page);
    await keyhole.stop();
    await eventually(async () => await feedState(page) === 'away', 'it is away');
    assert.match(await text(page, '#problems'), /does not answer; trying again/);
    keyhole = await Keyhole.start('--http', `127.0.0.1:${keyhole.http}`);
    await isLive(page);
    await keyhole.stop();
    await page.close();
  });
});
