// The first view: what is wrong, figures, charts.
const overview = {
  SERIES: ['hit_ratio', 'hits', 'misses', 'requests_read', 'requests_write', 'requests_blocking',
           'requests_pub_sub', 'requests_other', 'errors', 'client_p50', 'client_p99', 'upstream_p50',
           'upstream_p99'],
  MOST: 3600,
  range: 3600,
  times: [],
  values: {},
  started: null,
  loaded: 0,
  tiles: new Map(),

  begin() {
    const charts = $('charts');
    const line = (name, colour) => ({name, colour});
    this.charts = [
      [new Chart(charts, {title: 'Lookups per second', value: format.rate,
                          lines: [line('hits'), line('misses')]}), ['hits', 'misses']],
      [new Chart(charts, {title: 'Hit ratio', value: format.percent, max: 1.02,
                          lines: [line('hits / lookups')]}), ['hit_ratio']],
      [new Chart(charts, {title: 'Requests per second', value: format.rate,
                          lines: ['reads', 'writes', 'blocking', 'pub/sub', 'other'].map((n) => line(n))}),
       ['requests_read', 'requests_write', 'requests_blocking', 'requests_pub_sub', 'requests_other']],
      [new Chart(charts, {title: 'Latency', value: format.seconds, least: 1e-3,
                          lines: [line('client p50'), line('client p99'), line('upstream p50'),
                                  line('upstream p99')]}),
       ['client_p50', 'client_p99', 'upstream_p50', 'upstream_p99']],
    ];
    for (const button of document.querySelectorAll('[data-range]')) {
      button.onclick = () => this.setRange(Number(button.dataset.range));
    }
    $('to-misses').onclick = () => { keys.sortBy('misses'); tabs.show('keys'); };
    $('purge').onsubmit = (event) => { event.preventDefault(); this.purge(); };
    feed.onOverview((o) => this.update(o));
    document.addEventListener('keyhole-away', () => this.showAway());
  },

  setRange(seconds) {
    this.range = seconds;
    for (const button of document.querySelectorAll('[data-range]')) {
      button.setAttribute('aria-pressed', String(Number(button.dataset.range) === seconds));
    }
    this.loaded = 0;
    if (this.started !== null && feed.last) this.update(feed.last);
  },

  async load(now) {
    this.loaded = now;
    const history = await feed.json(
      `/api/history?series=${this.SERIES.join(',')}&from=${-Math.max(this.range, this.MOST)}`);
    const first = Object.values(history.series)[0];
    this.times = first.map((_, i) => history.begin + i * history.step);
    this.values = history.series;
    this.step = history.step;
    this.draw();
  },

  async update(o) {
    // History again: after a restart, a gap, another range, and of a day each minute.
    const gap = this.times.length && o.time - this.times[this.times.length - 1] > 5 * this.step;
    const minute = this.step > 1 && o.time - this.loaded >= 60;
    this.show(o);
    if (this.started !== o.started || !this.loaded || minute || (gap && this.step === 1)) {
      // Of a process that has just started an hour would be mostly empty.
      if (this.started === null && o.time - o.started < 900) this.setRange(300);
      this.started = o.started;
      try { await this.load(o.time); } catch { this.loaded = 0; }
    } else if (this.step === 1) {
      this.append(o);
      this.draw();
    }
    this.showMissed();
  },

  append(o) {
    const time = Math.floor(o.time);
    if (this.times.length && time <= this.times[this.times.length - 1]) return;
    this.times.push(time);
    for (const name of this.SERIES) this.values[name].push(o.now[name]);
    if (this.times.length <= this.MOST) return;
    this.times.shift();
    for (const name of this.SERIES) this.values[name].shift();
  },

  draw() {
    if (!this.times.length) return;  // nothing has come yet
    if (tabs.shown !== 'overview') return;
    for (const [chart, names] of this.charts) {
      chart.range = this.range;
      chart.set([this.times, ...names.map((name) => this.values[name])]);
    }
  },

  tile(name, big, small, sub) {
    let tile = this.tiles.get(name);
    if (!tile) {
      tile = {big: element('span', {}), small: element('small', {}), sub: element('p', {class: 'sub'})};
      $('tiles').append(element('div', {class: 'tile'}, element('h2', {}, name),
                                element('p', {class: 'big'}, tile.big, tile.small), tile.sub));
      this.tiles.set(name, tile);
    }
    setText(tile.big, big);
    setText(tile.small, small ? ' ' + small : '');
    setText(tile.sub, sub);
    tile.sub.title = sub;
  },

  show(o) {
    const n = o.now;
    const requests = n.requests_read + n.requests_write + n.requests_blocking + n.requests_pub_sub +
                     n.requests_other;
    this.showProblems(o.problems);
    this.tile('Hit ratio', format.percent(n.hit_ratio), '', `${format.percent(o.last_hour.hit_ratio)} in the last hour`);
    this.tile('Requests', format.rate(requests), '/s', `${format.rate(n.requests_read)} reads, ${format.rate(n.requests_write)} writes`);
    this.tile('Latency of clients', format.seconds(n.client_p50), 'p50', `${format.seconds(n.client_p99)} p99`);
    if (o.upstream.embedded) {
      const limit = o.store.limit_bytes;
      this.tile('Store', format.bytes(o.store.memory_bytes), '', limit ? `${format.percent(o.store.memory_bytes / limit)} of ${format.bytes(limit)}` : 'no limit');
    } else {
      this.tile('Latency of Redis', format.seconds(n.upstream_p50), 'p50', `${format.seconds(n.upstream_p99)} p99`);
    }
    this.tile('Clients', format.count(n.clients), '', `${format.count(n.in_flight)} request${n.in_flight === 1 ? '' : 's'} in flight`);
    this.tile('Errors', format.rate(n.errors), '/s', `${format.count(Object.values(o.errors).reduce((sum, e) => sum + e.last_minute, 0))} in the last minute`);
    this.showUpstream(o);
    this.showNodes(o.upstream.nodes);
    this.showNear(o);
    const errors = Object.entries(o.errors).filter(([, e]) => e.total > 0);
    setFacts($('errors'), errors.length
      ? errors.map(([name, e]) => [name.replaceAll('_', ' '), `${format.count(e.last_minute)} in the last minute`])
      : [['none so far', '']]);
    document.title = o.problems.length ? `(!) Keyhole` : 'Keyhole';
  },

  showProblems(problems) {
    const shown = JSON.stringify(problems);
    if (shown === this.problems) return;
    this.problems = shown;
    $('problems').replaceChildren(...(problems.length
      ? problems.map((p) => element('div', {class: 'problem', 'data-level': p.level},
                                    element('b', {}, p.level === 'error' ? 'Error' : 'Warning'),
                                    element('span', {}, p.text)))
      : [element('p', {class: 'well'}, 'Nothing is wrong')]));
  },

  showAway() {
    this.showProblems([{level: 'error', text: `Keyhole at ${location.host} does not answer; trying again`}]);
  },

  showUpstream(o) {
    const n = o.now;
    const embedded = o.upstream.embedded;
    setText($('upstream-title'), embedded ? 'Embedded store' : 'Upstream');
    setFacts($('upstream'), embedded ? [
      ['Memory', format.bytes(o.store.memory_bytes)],
      ['Limit', o.store.limit_bytes ? format.bytes(o.store.limit_bytes) : 'none'],
      ['Evicted', `${format.rate(n.store_evicted)} /s`],
      ['Expired', `${format.rate(n.store_expired)} /s`],
      ['Uptime', format.span(o.time - o.started)],
      ['Keyhole', o.version],
    ] : [
      ['Redis', o.upstream.name.replace(/^Redis( Cluster)? at /, '')],
      ['State', o.upstream.up ? 'connected' : `away for ${format.span(o.upstream.away_seconds)}`],
      ['Links', `${format.count(n.links_shared + n.links_private + n.links_idle)}, ${format.count(n.links_private)} private`],
      ['In flight', format.count(n.in_flight)],
      ['Waiting', format.count(n.waiting)],
      ['Uptime', format.span(o.time - o.started)],
      ['Keyhole', o.version],
    ]);
  },

  // Of a cluster; one Redis is told of above.
  showNodes(nodes) {
    const cluster = nodes.some((n) => n.role !== 'sole');
    $('nodes-card').hidden = !cluster;
    if (!cluster) return;
    const state = (n) => ({up: 'connected', away: 'away', unasked: 'not asked'})[n.state];
    lists.table('nodes', [['Node', 'key'], ['Role'], ['Slots', 'num'], ['Latency', 'num'], ['State']],
      nodes.map((n) => [n.address, n.replica_of ? `replica of ${n.replica_of}` : n.role,
                        n.role === 'replica' ? '–' : element('span', {title: n.ranges}, format.count(n.slots)),
                        format.seconds(n.latency), state(n)]), '');
  },

  showNear(o) {
    const near = o.near_cache;
    $('purge').hidden = !near.on;
    setFacts($('near'), near.on ? [
      ['Reads', `${format.rate(o.now.near_reads)} /s`],
      ['Answered', `${format.rate(o.now.near_hits)} /s`],
      ['Saved Redis', format.percent(near.saved_ratio)],
      ['Keys', format.count(near.entries)],
      ['Memory', format.bytes(near.bytes)],
      ['Invalidations', `${format.rate(o.now.near_invalidations)} /s`],
      ['Workers', Object.entries(near.workers).map(([s, c]) => `${c} ${s.replaceAll('_', ' ')}`).join(', ')],
    ] : [['Off', 'see --near-cache']]);
  },

  async showMissed() {
    if (tabs.shown !== 'overview' || this.asking || Date.now() - (this.asked || 0) < 4500) return;
    this.asking = true;
    try {
      const report = await feed.json('/api/keys?sort=misses&limit=8');
      const rows = report.keys.filter((k) => k.misses > 0);
      $('missed').tBodies[0].replaceChildren(...(rows.length ? rows.map((k) => element('tr', {},
        element('td', {class: 'key', title: k.key}, keys.button(k.key)),
        element('td', {class: 'num'}, format.count(k.misses)),
        element('td', {class: 'num'}, format.percent(keys.ratio(k))),
        element('td', {class: 'num'}, format.rate(k.rate))))
        : [element('tr', {}, element('td', {class: 'none', colspan: 4}, 'No lookup has missed yet'))]));
    } catch { /* the feed says so */ }
    this.asked = Date.now();
    this.asking = false;
  },

  async purge() {
    const prefix = $('purge-prefix').value;
    const what = prefix ? `that begin with “${prefix}”` : 'of all kinds';
    if (!confirm(`Remove the keys ${what} from the near cache? They stay in Redis.`)) return;
    try {
      const answer = await feed.json(`/api/near-cache?prefix=${encodeURIComponent(prefix)}`, {method: 'DELETE'});
      setText($('purge-result'), `${format.count(answer.purged)} removed`);
    } catch (error) {
      setText($('purge-result'), error.message);
    }
  },
};
