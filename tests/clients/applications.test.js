// What people build: a job queue, sessions of a web application, a rate limiter.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { Queue, QueueEvents, Worker } from 'bullmq';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { Redis as IoRedis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';

import { eventually, Keyhole, open, Redis, ways, within } from './servers.js';

for (const way of ways) {
  describe(`applications, ${way.name}`, () => {
    let world;
    before(async () => { world = await open(way); });
    after(() => world.close());

    test('BullMQ: a queue with several workers runs to the end, twice', async () => {
      const connection = { host: '127.0.0.1', port: world.port, maxRetriesPerRequest: null };
      const queue = new Queue('jobs', { connection });
      const events = new QueueEvents('jobs', { connection });
      const done = new Map();
      const workers = Array.from({ length: 3 }, () => new Worker('jobs', async (job) => job.data.n * 2,
        { connection, concurrency: 5 }));
      for (const one of [queue, events, ...workers]) one.on('error', () => {});
      const heard = new Set();
      let finished;
      let wanted = 100;
      const look = () => { if (done.size === wanted && heard.size === wanted) finished(); };
      for (const worker of workers) {
        worker.on('completed', (job, result) => {
          done.set(job.data.n, result);
          look();
        });
      }
      // Told to everybody, by a stream.
      events.on('completed', ({ jobId }) => {
        heard.add(jobId);
        look();
      });
      await Promise.all([queue, events, ...workers].map((one) => one.waitUntilReady()));
      const round = async (first) => {
        const end = new Promise((resolve) => { finished = resolve; });
        await eventually('add', () => queue.addBulk(
          Array.from({ length: 100 }, (_, i) => ({ name: 'double', data: { n: first + i }, opts: { jobId: `job-${first + i}` } }))));
        await within(30_000, 'the queue', end);
      };
      await round(0);
      await world.redis.restart();
      wanted = 200;
      await round(100);
      for (let n = 0; n < 200; n++) assert.equal(done.get(n), n * 2);
      assert.equal(await queue.getCompletedCount(), 200);
      await Promise.all([queue, events, ...workers].map((one) => one.close()));
    });

    test('Express with sessions in Redis', async () => {
      const client = createClient({ url: `redis://127.0.0.1:${world.port}` });
      client.on('error', () => {});
      await client.connect();
      const app = express();
      app.use(session({ store: new RedisStore({ client }), secret: 's', resave: false, saveUninitialized: false }));
      app.get('/', (request, response) => {
        request.session.visits = (request.session.visits ?? 0) + 1;
        response.json(request.session.visits);
      });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${server.address().port}/`;
      const visit = async (cookie) => {
        const response = await fetch(url, { headers: cookie ? { cookie } : {} });
        if (!response.ok) throw new Error(`status ${response.status}`);
        return [await response.json(), response.headers.get('set-cookie')?.split(';')[0]];
      };
      const [first, cookie] = await visit();
      assert.equal(first, 1);
      for (let n = 2; n <= 10; n++) assert.equal((await visit(cookie))[0], n);
      await world.redis.restart();
      assert.equal((await eventually('visit', () => visit(cookie)))[0], 11);
      if (world.keyhole) assert.equal(await world.keyhole.counted('redis_app_cache_hit_total', /^sess:/), 10);
      server.close();
      client.destroy();
    });

    test('a rate limiter (Lua)', async () => {
      const client = new IoRedis(world.port, '127.0.0.1');
      client.on('error', () => {});
      const limiter = new RateLimiterRedis({ storeClient: client, points: 5, duration: 60 });
      let allowed = 0;
      await Promise.all(Array.from({ length: 20 }, () => limiter.consume('user').then(() => { allowed += 1; }, () => {})));
      assert.equal(allowed, 5);
      client.disconnect();
    });
  });
}

describe('other addresses', () => {
  test('unix sockets on both sides', async () => {
    const redis = await Redis.start();
    const socket = `${redis.directory}/keyhole.sock`;
    const proxy = await Keyhole.start(`unix:${redis.socket}`, [], `unix:${socket}`);
    const client = new IoRedis(socket);
    assert.equal(await client.set('a', '1'), 'OK');
    assert.equal(await client.get('a'), '1');
    client.disconnect();
    await proxy.stop();
    await redis.stop();
  });

  test('IPv6 on both sides', async () => {
    const redis = await Redis.start('::1');
    const proxy = await Keyhole.start(`redis://[::1]:${redis.port}`, [], '[::1]:0');
    const client = createClient({ socket: { host: '::1', port: proxy.port } });
    await client.connect();
    assert.equal(await client.set('a', '1'), 'OK');
    assert.equal(await client.get('a'), '1');
    client.destroy();
    await proxy.stop();
    await redis.stop();
  });
});
