// What people put on a cache, with the defaults of their libraries, on Redis and on Keyhole's own
// store: both must come to the same.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { Queue, Worker } from 'bullmq';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { Redis as IoRedis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';

import { eventually, openStore, stores, within } from './servers.js';

const { default: TagCache } = createRequire(import.meta.url)('redis-tag-cache');

for (const store of stores) {
  describe(`on ${store}`, () => {
    let world;
    before(async () => { world = await openStore(store); });
    after(() => world.close());

    test('ioredis: strings, hashes, sets, pipelines, transactions', async () => {
      const client = new IoRedis(world.port, '127.0.0.1');
      await client.flushall();
      assert.equal(await client.set('a', '1', 'EX', 100), 'OK');
      assert.equal(await client.get('a'), '1');
      assert.equal(await client.ttl('a'), 100);
      assert.deepEqual(await client.mget('a', 'nosuch'), ['1', null]);
      assert.equal(await client.hset('h', { x: '1', y: '2' }), 2);
      assert.deepEqual(await client.hgetall('h'), { x: '1', y: '2' });
      assert.equal(await client.hincrby('h', 'x', 41), 42);
      assert.deepEqual(await client.hmget('h', 'x', 'nosuch'), ['42', null]);
      assert.equal(await client.sadd('s', 'b', 'a', 'c'), 3);
      assert.deepEqual((await client.smembers('s')).sort(), ['a', 'b', 'c']);
      assert.equal(await client.sismember('s', 'a'), 1);
      assert.deepEqual(await client.pipeline().incr('n').get('a').scard('s').exec(), [[null, 1], [null, '1'], [null, 3]]);
      assert.deepEqual(await client.multi().incr('n').hget('h', 'x').exec(), [[null, 2], [null, '42']]);
      await assert.rejects(client.hset('a', 'x', '1'), /WRONGTYPE/);
      await client.sadd('big', ...Array.from({ length: 1000 }, (_, i) => `member:${i}`));
      const seen = new Set();
      for await (const some of client.sscanStream('big')) for (const member of some) seen.add(member);
      assert.equal(seen.size, 1000);
      const keys = new Set();
      for await (const some of client.scanStream({ type: 'set' })) for (const key of some) keys.add(key);
      assert.deepEqual([...keys].sort(), ['big', 's']);
      client.disconnect();
    });

    test('ioredis: a watched key, and somebody else who changes it', async () => {
      const client = new IoRedis(world.port, '127.0.0.1');
      const other = client.duplicate();
      await client.watch('balance');
      await other.set('balance', '100');
      assert.equal(await client.multi().set('balance', '1').exec(), null);
      assert.equal(await client.get('balance'), '100');
      client.disconnect();
      other.disconnect();
    });

    test('ioredis: channels and patterns', async () => {
      const client = new IoRedis(world.port, '127.0.0.1');
      const listener = client.duplicate();
      await listener.subscribe('news', 'weather');
      await listener.psubscribe('n*');
      const message = once(listener, 'message');
      const matched = once(listener, 'pmessage');
      assert.equal(await client.publish('news', 'hello'), 2);
      assert.deepEqual(await within(5000, 'message', message), ['news', 'hello']);
      assert.deepEqual(await within(5000, 'pmessage', matched), ['n*', 'news', 'hello']);
      await listener.unsubscribe('news');
      await listener.punsubscribe('n*');
      assert.equal(await client.publish('news', 'hello'), 0);
      client.disconnect();
      listener.disconnect();
    });

    test('node-redis: commands, transactions, messages', async () => {
      const client = createClient({ url: `redis://127.0.0.1:${world.port}` });
      await client.connect();
      await client.flushAll();
      assert.equal(await client.set('a', '1'), 'OK');
      assert.deepEqual(await client.mGet(['a', 'nosuch']), ['1', null]);
      await client.hSet('h', { x: '1', y: '2' });
      assert.deepEqual({ ...(await client.hGetAll('h')) }, { x: '1', y: '2' });
      assert.equal(await client.hIncrByFloat('h', 'x', 0.5), '1.5');
      await client.sAdd('s', ['a', 'b']);
      await client.sAdd('t', ['b', 'c']);
      assert.deepEqual([...await client.sInter(['s', 't'])], ['b']);
      assert.deepEqual([...await client.sUnion(['s', 't'])].sort(), ['a', 'b', 'c']);
      assert.deepEqual(await client.multi().incr('n').get('a').sCard('s').exec(), [1, '1', 2]);
      const fields = [];
      for await (const found of client.hScanIterator('h')) fields.push(...[found].flat().map((entry) => entry.field));
      assert.deepEqual(fields.sort(), ['x', 'y']);
      await client.select(2);
      assert.equal(await client.get('a'), null);
      await client.select(0);
      assert.equal(await client.copy('a', 'b'), 1);
      const listener = await client.duplicate().connect();
      const heard = new Promise((resolve) => { listener.subscribe('news', resolve); });
      await eventually('publish', async () => assert.equal(await client.publish('news', 'hello'), 1));
      assert.equal(await within(5000, 'message', heard), 'hello');
      listener.destroy();
      client.destroy();
    });

    test('BullMQ: jobs that are delayed, have priorities, fail and are tried again', async () => {
      const connection = { host: '127.0.0.1', port: world.port, maxRetriesPerRequest: null };
      const queue = new Queue('work', { connection });
      const tries = new Map();
      const done = new Map();
      let finished;
      const end = new Promise((resolve) => { finished = resolve; });
      const workers = Array.from({ length: 3 }, () => new Worker('work', async (job) => {
        const before = tries.get(job.id) ?? 0;
        tries.set(job.id, before + 1);
        if (job.data.n % 10 === 0 && before === 0) throw new Error('the first time');
        return job.data.n * 2;
      }, { connection, concurrency: 5 }));
      for (const one of [queue, ...workers]) one.on('error', () => {});
      for (const worker of workers) {
        worker.on('completed', (job, result) => {
          done.set(job.data.n, result);
          if (done.size === 100) finished();
        });
      }
      await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({
        name: 'double', data: { n }, opts: { jobId: `job-${n}`, attempts: 2, delay: n % 7 === 0 ? 20 : 0, priority: n % 5 },
      })));
      await within(60_000, 'the queue', end);
      for (let n = 0; n < 100; n++) assert.equal(done.get(n), n * 2);
      assert.equal(tries.get('job-30'), 2);
      assert.equal(await queue.getCompletedCount(), 100);
      await queue.obliterate();
      await Promise.all([queue, ...workers].map((one) => one.close()));
    });

    test('a rate limiter, and scripts by name (Lua)', async () => {
      const client = new IoRedis(world.port, '127.0.0.1');
      const limiter = new RateLimiterRedis({ storeClient: client, points: 5, duration: 60 });
      let allowed = 0;
      await Promise.all(Array.from({ length: 20 }, () => limiter.consume('user').then(() => { allowed += 1; }, () => {})));
      assert.equal(allowed, 5);
      client.defineCommand('swap', { numberOfKeys: 2, lua: `
        local a, b = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
        redis.call('MSET', KEYS[1], b, KEYS[2], a)
        return {b, a}` });
      await client.mset('left', '1', 'right', '2');
      assert.deepEqual(await client.swap('left', 'right'), ['2', '1']);
      assert.deepEqual(await client.mget('left', 'right'), ['2', '1']);
      assert.deepEqual(await client.multi().swap('left', 'right').get('left').exec(), [[null, ['1', '2']], [null, '1']]);
      client.disconnect();
    });

    test('connect-redis: sessions that are kept, listed, touched and destroyed', async () => {
      const client = createClient({ url: `redis://127.0.0.1:${world.port}` });
      await client.connect();
      await client.flushAll();
      const sessions = new RedisStore({ client });
      const app = express();
      app.use(session({ store: sessions, secret: 's', resave: false, saveUninitialized: false }));
      app.get('/', (request, response) => {
        request.session.visits = (request.session.visits ?? 0) + 1;
        response.json(request.session.visits);
      });
      app.get('/bye', (request, response) => request.session.destroy(() => response.json('bye')));
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const visit = async (cookie, path = '') => {
        const url = `http://127.0.0.1:${server.address().port}/${path}`;
        const response = await fetch(url, { headers: cookie ? { cookie } : {} });
        return [await response.json(), response.headers.get('set-cookie')?.split(';')[0]];
      };
      const [first, cookie] = await visit();
      assert.equal(first, 1);
      for (let n = 2; n <= 5; n++) assert.equal((await visit(cookie))[0], n);
      const [key] = await client.keys('sess:*');
      assert.ok(await client.ttl(key) > 86_000);
      assert.equal(await sessions.length(), 1);
      assert.equal((await sessions.all())[0].visits, 5);
      await visit(cookie, 'bye');
      assert.equal(await sessions.length(), 0);
      server.close();
      client.destroy();
    });

    test('redis-tag-cache: what is tagged goes with its tag', async () => {
      const cache = new TagCache({ redis: { host: '127.0.0.1', port: world.port }, defaultTimeout: 100 });
      await cache.set('post:1', { title: 'one' }, ['posts', 'author:ann']);
      await cache.set('post:2', { title: 'two' }, ['posts', 'author:bob']);
      await cache.set('page', { title: 'home' }, ['pages'], { timeout: 10 });
      assert.deepEqual(await cache.get('post:1', 'post:2'), [{ title: 'one' }, { title: 'two' }]);
      await cache.invalidate('author:ann');
      assert.deepEqual(await cache.get('post:1', 'post:2'), [null, { title: 'two' }]);
      await cache.invalidate('posts', 'nosuch');
      assert.equal(await cache.get('post:2'), null);
      assert.deepEqual(await cache.get('page'), { title: 'home' });
      assert.deepEqual((await cache.redis.keys('*')).filter((key) => /post|author/.test(key)), ['tags:author:bob']);
      cache.redis.disconnect();
    });
  });
}
