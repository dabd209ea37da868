// What a web page can do to a Keyhole on its visitor's machine: nothing, unless its origin is listed.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Browser, Keyhole, Pages, fetchIn } from './browser.js';

let browser;
let pages;
let keyhole;

before(async () => {
  [browser, pages] = await Promise.all([Browser.start(), Pages.start()]);
});
after(async () => {
  await browser?.stop();
  await pages?.stop();
});

const secret = 'sess-of-alice';
const item = (key) => JSON.stringify({ key, value: 'by-a-web-page' });

async function fresh() {
  await keyhole.ask('FLUSHALL');
  await keyhole.ask('SET', secret, 'cookie');
  await keyhole.ask('GET', secret);  // so that it is in /metrics and /api/keys
}

async function untouched() {
  assert.equal(await keyhole.ask('GET', secret), '$6\r\ncookie\r\n');
  assert.equal(await keyhole.ask('DBSIZE'), ':1\r\n');
}

describe('a page of another origin', () => {
  let page;
  let url;

  before(async () => {
    keyhole = await Keyhole.start();
    url = `http://127.0.0.1:${keyhole.http}`;
    page = await browser.open(`http://localhost:${pages.port}/`);
  });
  after(async () => {
    await page?.close();
    await keyhole?.stop();
  });
  beforeEach(fresh);

  test('cannot write by a request that it may not read (no-cors POST)', async () => {
    const sent = await fetchIn(page, `${url}/items`, { method: 'POST', mode: 'no-cors', body: item('pwned') });
    assert.equal(sent.type, 'opaque', 'it is sent, and refused by Keyhole');
    await untouched();
  });

  test('cannot write by a form', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const form = await browser.open(`http://localhost:${pages.port}/form`);
      const answered = form.waitForResponse((response) => response.url() === `${url}/items`);
      const left = form.waitForNavigation();
      await form.evaluate((target, enctype, body) => {
        document.body.innerHTML = '<form method="post"><input type="hidden"></form>';
        const [element] = document.forms;
        element.action = target;
        element.enctype = enctype;
        // In text/plain this is {"key":"pwned","value":"=..."}, which is valid JSON.
        element[0].name = body.slice(0, -2);
        element[0].value = body.slice(-2);
        element.submit();
      }, `${url}/items`, type, item('pwned'));
      const [answer] = await Promise.all([answered, left]);
      assert.equal(answer.status(), 403, type);
      await form.close();
      await untouched();
    }
  });

  test('cannot write by a beacon', async () => {
    const answered = page.waitForResponse((response) => response.url() === `${url}/items`);
    await page.evaluate((target, body) => navigator.sendBeacon(target, body), `${url}/items`, item('pwned'));
    assert.equal((await answered).status(), 403);
    await untouched();
  });

  test('cannot delete or put: the preflight is refused', async () => {
    for (const method of ['DELETE', 'PUT']) {
      const sent = await fetchIn(page, `${url}/items/${secret}`, { method });
      assert.match(sent.error, /TypeError/);
      await untouched();
    }
    const typed = await fetchIn(page, `${url}/items`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: item('pwned'),
    });
    assert.match(typed.error, /TypeError/);
    await untouched();
  });

  test('cannot read, nor make GET count anything', async () => {
    for (const path of ['/items', `/items/${secret}`, '/metrics', '/api/keys', '/api/slow']) {
      assert.match((await fetchIn(page, url + path)).error, /TypeError/, path);
      await fetchIn(page, url + path, { mode: 'no-cors' });
    }
    const loaded = await page.evaluate((target) => new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve('loaded');
      image.onerror = () => resolve('refused');
      image.src = target;
    }), `${url}/items/${secret}`);
    assert.equal(loaded, 'refused');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.doesNotMatch(metrics, /endpoint="(get_item|list_items|keys|slow)"/);
  });

  test('cannot use the origin null of a sandboxed frame', async () => {
    const answered = page.waitForResponse((response) => response.url() === `${url}/items`);
    await page.evaluate((target, body) => {
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-scripts';
      frame.srcdoc = `<script>fetch(${JSON.stringify(target)},
        { method: 'POST', mode: 'no-cors', body: ${JSON.stringify(body)} })<` + '/script>';
      document.body.append(frame);
    }, `${url}/items`, item('pwned'));
    assert.equal((await answered).status(), 403);
    await untouched();
  });
});

describe('a name that is made to point here (DNS rebinding)', () => {
  let page;
  let url;

  before(async () => {
    keyhole = await Keyhole.start();
    url = `http://evil.example:${keyhole.http}`;
    // Probes are answered by any name, so here the page stands, of the same origin as what it asks.
    page = await browser.open(`${url}/healthz`);
  });
  after(async () => {
    await page?.close();
    await keyhole?.stop();
  });
  beforeEach(fresh);

  test('does not open the items', async () => {
    const opened = await browser.open(`${url}/items`);
    assert.equal(opened.answer.status(), 421);
    assert.ok(!(await opened.answer.text()).includes(secret));
    await opened.close();
  });

  test('reads neither items nor names of keys', async () => {
    assert.equal(page.answer.status(), 200);
    for (const path of ['/items', `/items/${secret}`, '/metrics', '/api/keys', '/api/slow', '/']) {
      const read = await fetchIn(page, path);
      assert.equal(read.status, 421, path);
      assert.ok(!read.text.includes(secret), path);
    }
  });

  test('changes nothing', async () => {
    const calls = [
      ['/items', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: item('pwned') }],
      [`/items/${secret}`, { method: 'PUT', body: 'x' }],
      [`/items/${secret}`, { method: 'DELETE' }],
      ['/api/near-cache?prefix=', { method: 'DELETE' }],
    ];
    for (const [path, options] of calls) {
      assert.equal((await fetchIn(page, path, options)).status, 421, path);
      await untouched();
    }
  });
});

describe('a page whose origin is listed in --http-origins', () => {
  let page;
  let url;

  before(async () => {
    keyhole = await Keyhole.start('--http-origins', `http://app.example:${pages.port}`);
    url = `http://127.0.0.1:${keyhole.http}`;
    page = await browser.open(`http://app.example:${pages.port}/`);
  });
  after(async () => {
    await page?.close();
    await keyhole?.stop();
  });
  beforeEach(fresh);

  test('reads and writes', async () => {
    const posted = await fetchIn(page, `${url}/items`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: item('k'),
    });
    assert.equal(posted.status, 201, posted.error);
    const read = await fetchIn(page, `${url}/items/k`);
    assert.equal(read.text, '{"key":"k","value":"by-a-web-page"}\n');
    const put = await fetchIn(page, `${url}/items/k`, {
      method: 'PUT', headers: { 'Content-Type': 'application/octet-stream', Authorization: 'Basic OnA=' }, body: 'v',
    });
    assert.equal(put.status, 204, put.error);
    assert.equal((await fetchIn(page, `${url}/items/k`, { method: 'DELETE' })).status, 204);
    assert.equal((await fetchIn(page, `${url}/items/k`)).status, 404, 'errors can be read');
    await untouched();
  });

  test('does not send the body of a form', async () => {
    const sent = await fetchIn(page, `${url}/items`, { method: 'POST', body: item('pwned') });
    assert.equal(sent.status, 415);
    await untouched();
  });

  test('and no other one does', async () => {
    const other = await browser.open(`http://other.example:${pages.port}/`);
    assert.match((await fetchIn(other, `${url}/items`)).error, /TypeError/);
    await fetchIn(other, `${url}/items`, { method: 'POST', mode: 'no-cors', body: item('pwned') });
    await other.close();
    await untouched();
  });
});

describe('the user', () => {
  let url;

  before(async () => {
    keyhole = await Keyhole.start();
    url = `http://localhost:${keyhole.http}`;
    await fresh();
  });
  after(() => keyhole?.stop());

  test('may open what there is, and a page of the same origin may call it', async () => {
    const page = await browser.open(`${url}/items`);
    assert.equal(page.answer.status(), 200);
    const read = await fetchIn(page, `/items/${secret}`);
    assert.equal(read.text, `{"key":"${secret}","value":"cookie"}\n`);
    const posted = await fetchIn(page, '/items', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: item('k'),
    });
    assert.equal(posted.status, 201);
    await page.close();
  });
});
