// ioredis and node-redis with their defaults (RESP3), on Redis and through Keyhole, by TLS too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { Redis as IoRedis } from 'ioredis';
import { createClient } from 'redis';

import { eventually, open, waysWithTls, within } from './servers.js';

// What node-redis is told of the connection.
function socketOf(world) {
  const socket = { host: '127.0.0.1', port: world.port };
  return world.tls === undefined ? socket : { ...socket, tls: true, ...world.tls };
}

for (const way of waysWithTls) {
  describe(`ioredis, ${way.name}`, () => {
    let world;
    let client;
    before(async () => {
      world = await open(way);
      client = new IoRedis(world.port, '127.0.0.1', { tls: world.tls });
      client.on('error', () => {});
    });
    after(async () => {
      client.disconnect();
      await world.close();
    });

    test('commands, pipelines and transactions', async () => {
      assert.equal(await client.set('a', '1'), 'OK');
      assert.equal(await client.get('a'), '1');
      assert.equal(await client.get('nosuch'), null);
      assert.deepEqual(await client.mget('a', 'nosuch'), ['1', null]);
      await client.hset('h', { x: '1', y: '2' });
      assert.deepEqual(await client.hgetall('h'), { x: '1', y: '2' });
      assert.deepEqual(await client.pipeline().incr('n').get('a').exec(), [[null, 1], [null, '1']]);
      assert.deepEqual(await client.multi().incr('n').get('a').exec(), [[null, 2], [null, '1']]);
      await assert.rejects(client.lpush('a', 'x'), /WRONGTYPE/);
      const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => client.echo(String(i))));
      assert.deepEqual(answers, Array.from({ length: 500 }, (_, i) => String(i)));
    });

    test('scripts of its own', async () => {
      client.defineCommand('addTo', { numberOfKeys: 1, lua: "return redis.call('incrby', KEYS[1], ARGV[1])" });
      assert.equal(await client.addTo('sum', 5), 5);
      assert.equal(await client.addTo('sum', 6), 11);
    });

    test('waiting, streams and messages', async () => {
      const other = client.duplicate();
      const popped = other.blpop('queue', 10);
      await client.rpush('queue', 'job');
      assert.deepEqual(await within(5000, 'blpop', popped), ['queue', 'job']);

      await client.xgroup('CREATE', 'stream', 'group', '$', 'MKSTREAM');
      const read = other.xreadgroup('GROUP', 'group', 'me', 'BLOCK', 10_000, 'STREAMS', 'stream', '>');
      const id = await client.xadd('stream', '*', 'field', 'value');
      assert.ok(JSON.stringify(await within(5000, 'xreadgroup', read)).includes(id));

      await other.subscribe('news');
      const message = once(other, 'message');
      assert.equal(await client.publish('news', 'hello'), 1);
      assert.deepEqual(await within(5000, 'message', message), ['news', 'hello']);
      other.disconnect();
    });

    test('a restart of Redis', async () => {
      await client.set('kept', 'yes');
      const subscriber = client.duplicate();
      subscriber.on('error', () => {});
      await subscriber.subscribe('later');
      await world.redis.restart();
      assert.equal(await eventually('get', () => client.get('kept')), 'yes');
      // It has subscribed again by itself.
      const message = once(subscriber, 'message');
      await eventually('publish', async () => assert.equal(await client.publish('later', 'hi'), 1));
      assert.deepEqual(await within(5000, 'message', message), ['later', 'hi']);
      subscriber.disconnect();
    });

    test('every lookup is counted', { skip: way.options === null }, async () => {
      for (let i = 0; i < 30; i++) await client.get(i % 3 === 0 ? 'counted:no' : 'counted:yes');
      await client.set('counted:yes', '1');
      for (let i = 0; i < 30; i++) await client.get(i % 3 === 0 ? 'counted:no' : 'counted:yes');
      assert.equal(await world.keyhole.counted('redis_app_cache_hit_total', /^counted:/), 20);
      assert.equal(await world.keyhole.counted('redis_app_cache_miss_total', /^counted:/), 40);
    });
  });

  describe(`node-redis, ${way.name}`, () => {
    let world;
    let client;
    before(async () => {
      world = await open(way);
      client = createClient({ socket: socketOf(world) });
      client.on('error', () => {});
      await client.connect();
    });
    after(async () => {
      client.destroy();
      await world.close();
    });

    test('commands and transactions', async () => {
      assert.equal(await client.set('a', '1'), 'OK');
      assert.equal(await client.get('a'), '1');
      assert.equal(await client.get('nosuch'), null);
      assert.deepEqual(await client.mGet(['a', 'nosuch']), ['1', null]);
      await client.hSet('h', { x: '1', y: '2' });
      assert.deepEqual({ ...(await client.hGetAll('h')) }, { x: '1', y: '2' });
      assert.deepEqual(await client.multi().incr('n').get('a').exec(), [1, '1']);
      await assert.rejects(client.lPush('a', 'x'), /WRONGTYPE/);
      await client.select(2);
      assert.equal(await client.get('a'), null);
      await client.select(0);
      const keys = [];
      for await (const found of client.scanIterator()) keys.push(...[found].flat());
      assert.deepEqual(keys.sort(), ['a', 'h', 'n']);
    });

    test('waiting, streams and messages', async () => {
      const other = await client.duplicate().connect();
      const popped = other.blPop('queue', 10);
      await client.rPush('queue', 'job');
      assert.equal((await within(5000, 'blpop', popped)).element, 'job');
      const read = other.xRead({ key: 'stream', id: '0' }, { BLOCK: 10_000 });
      await client.xAdd('stream', '1-1', { field: 'value' });
      assert.ok(JSON.stringify(await within(5000, 'xread', read)).includes('1-1'));
      const message = new Promise((resolve) => { other.subscribe('news', resolve); });
      await eventually('publish', async () => assert.equal(await client.publish('news', 'hello'), 1));
      assert.equal(await within(5000, 'message', message), 'hello');
      other.destroy();
    });

    test('its own near cache', async () => {
      const cached = createClient({
        socket: socketOf(world), RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0 },
      });
      cached.on('error', () => {});
      await cached.connect();
      await client.set('shared', 'one');
      assert.equal(await cached.get('shared'), 'one');
      assert.equal(await cached.get('shared'), 'one');
      await client.set('shared', 'two');
      // The invalidation is pushed to it.
      await eventually('invalidation', async () => assert.equal(await cached.get('shared'), 'two'));
      cached.destroy();
    });

    test('a restart of Redis', async () => {
      await client.set('kept', 'yes');
      await world.redis.restart();
      assert.equal(await eventually('get', () => client.get('kept')), 'yes');
    });
  });
}
