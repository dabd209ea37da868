// A Redis Cluster behind Keyhole: clients that know nothing of it, and those that speak its protocol.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { Queue, Worker } from 'bullmq';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { Cluster, Redis as IoRedis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient, createCluster } from 'redis';

import { Keyhole, RedisCluster, within } from './servers.js';

const keys = Array.from({ length: 50 }, (_, i) => `key:${i}`);

describe('a cluster as one Redis', () => {
  let cluster;
  let keyhole;
  before(async () => {
    cluster = await RedisCluster.start();
    keyhole = await Keyhole.start(cluster.url);
  });
  after(async () => {
    await keyhole.stop();
    await cluster.stop();
  });

  test('ioredis: pipelines, transactions, scripts, messages', async () => {
    const client = new IoRedis({ port: keyhole.port });
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.set(key, key);
    for (const key of keys) pipeline.get(key);
    const replies = await within(10_000, 'pipeline', pipeline.exec());
    assert.deepEqual(replies.slice(50), keys.map((key) => [null, key]));
    assert.deepEqual(await client.mget(keys), keys);
    assert.deepEqual(await client.multi().incr('{n}1').incr('{n}2').exec(), [[null, 1], [null, 1]]);
    client.defineCommand('add', { numberOfKeys: 1, lua: "return redis.call('incrby', KEYS[1], ARGV[1])" });
    for (const key of ['s1', 's2', 's3', 's4']) assert.equal(await client.add(key, 5), 5);
    const other = client.duplicate();
    await other.subscribe('news');
    const message = once(other, 'message');
    assert.equal(await client.publish('news', 'hello'), 1);
    assert.deepEqual(await within(5000, 'message', message), ['news', 'hello']);
    const found = new Set();
    for await (const some of client.scanStream({ match: 'key:*' })) some.forEach((key) => found.add(key));
    assert.equal(found.size, keys.length);
    assert.equal(await client.del(keys), keys.length);
    other.disconnect();
    client.disconnect();
  });

  test('node-redis', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${keyhole.port}` });
    await within(10_000, 'connect', client.connect());
    await Promise.all(keys.map((key) => client.set(key, key)));
    assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
    assert.deepEqual(await client.multi().set('{t}a', '1').get('{t}a').exec(), ['OK', '1']);
    assert.equal((await client.info('server')).includes('redis_mode:standalone'), true);
    client.destroy();
  });

  test('BullMQ, with its hash tag', async () => {
    const connection = { host: '127.0.0.1', port: keyhole.port, maxRetriesPerRequest: null };
    const queue = new Queue('jobs', { connection, prefix: '{bull}' });
    const done = new Set();
    let finish;
    const all = new Promise((resolve) => { finish = resolve; });
    const worker = new Worker('jobs', async (job) => job.data.n * 2, { connection, prefix: '{bull}', concurrency: 5 });
    worker.on('completed', (job, result) => {
      assert.equal(result, job.data.n * 2);
      done.add(job.data.n);
      if (done.size === 100) finish();
    });
    await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: 'double', data: { n } })));
    await within(30_000, 'the queue', all);
    await Promise.all([worker.close(), queue.close()]);
  });

  test('Express with sessions, and a rate limiter', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${keyhole.port}` });
    await client.connect();
    const limiterClient = new IoRedis({ port: keyhole.port });
    const limiter = new RateLimiterRedis({ storeClient: limiterClient, points: 3, duration: 60 });
    const app = express();
    app.use(session({ store: new RedisStore({ client }), secret: 's', resave: false, saveUninitialized: false }));
    app.get('/', async (request, response) => {
      request.session.visits = (request.session.visits ?? 0) + 1;
      const allowed = await limiter.consume('somebody').then(() => true, () => false);
      response.status(allowed ? 200 : 429).json(request.session.visits);
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}/`;
    let cookie;
    for (let visit = 1; visit <= 4; visit++) {
      const response = await fetch(url, { headers: cookie ? { cookie } : {} });
      assert.equal(await response.json(), visit);
      assert.equal(response.status, visit <= 3 ? 200 : 429);
      cookie ??= response.headers.get('set-cookie').split(';')[0];
    }
    server.close();
    limiterClient.disconnect();
    client.destroy();
  });
});

describe('a cluster as a cluster of one node (--cluster-facade cluster)', () => {
  let cluster;
  let keyhole;
  before(async () => {
    cluster = await RedisCluster.start();
    keyhole = await Keyhole.start(cluster.url, ['--cluster-facade', 'cluster']);
  });
  after(async () => {
    await keyhole.stop();
    await cluster.stop();
  });

  test('ioredis', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: keyhole.port }], { scaleReads: 'slave' });
    await within(10_000, 'ready', once(client, 'ready'));
    for (const key of keys) assert.equal(await client.set(key, key), 'OK');
    assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
    assert.deepEqual(client.nodes().map((node) => node.options.port), [keyhole.port]);
    assert.deepEqual(await client.multi().incr('{n}1').incr('{n}2').exec(), [[null, 1], [null, 1]]);
    client.disconnect();
  });

  test('node-redis', async () => {
    const client = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${keyhole.port}` }] });
    await within(10_000, 'connect', client.connect());
    await Promise.all(keys.map((key) => client.set(key, key)));
    assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
    assert.deepEqual(client.masters.map((node) => node.port), [keyhole.port]);
    client.destroy();
  });
});
