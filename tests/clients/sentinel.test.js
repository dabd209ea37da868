// Clients that ask Sentinels for their master, and are told of Keyhole by Keyhole (--serve-sentinel).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { Redis as IoRedis } from 'ioredis';
import { createSentinel } from 'redis';

import { Keyhole, Redis, eventually, within } from './servers.js';

describe('Keyhole as a Sentinel', () => {
  let redis;
  let keyhole;
  before(async () => {
    redis = await Redis.start();
    keyhole = await Keyhole.start(`redis://127.0.0.1:${redis.port}`, ['--serve-sentinel', 'mymaster']);
  });
  after(async () => {
    await keyhole.stop();
    await redis.stop();
  });

  test('ioredis', async () => {
    const client = new IoRedis({ sentinels: [{ host: '127.0.0.1', port: keyhole.port }], name: 'mymaster', failoverDetector: true });
    client.on('error', () => {});
    assert.equal(await within(5000, 'set', client.set('a', '1')), 'OK');
    assert.equal(client.stream.remotePort, keyhole.port);
    const other = client.duplicate();
    await other.subscribe('news');
    const message = once(other, 'message');
    assert.equal(await client.publish('news', 'hello'), 1);
    assert.deepEqual(await within(5000, 'message', message), ['news', 'hello']);
    await redis.restart();
    assert.equal(await eventually('get', () => client.get('a')), '1');
    other.disconnect();
    client.disconnect();
  });

  test('ioredis, another name', async () => {
    const client = new IoRedis({
      sentinels: [{ host: '127.0.0.1', port: keyhole.port }], name: 'other', sentinelRetryStrategy: () => null,
      maxRetriesPerRequest: 0, lazyConnect: true,
    });
    client.on('error', () => {});
    await assert.rejects(within(5000, 'connect', client.connect()), /sentinels are unreachable|All sentinels/);
    client.disconnect();
  });

  test('node-redis', async () => {
    const client = await within(10_000, 'connect', createSentinel({
      name: 'mymaster', sentinelRootNodes: [{ host: '127.0.0.1', port: keyhole.port }],
    }).on('error', () => {}).connect());
    assert.equal(await within(5000, 'set', client.set('b', '1')), 'OK');
    assert.equal(await client.get('b'), '1');
    assert.deepEqual(await client.multi().incr('n').get('b').exec(), [1, '1']);
    await redis.restart();
    assert.equal(await eventually('get', () => client.get('b')), '1');
    await client.close();
  });
});
