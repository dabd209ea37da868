// The table of tracked keys, and what there is to know of one.
const keys = {
  ROW: 31,
  sort: 'rate',
  reversed: false,
  rows: [],
  pool: [],
  sortedHere: {key: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)},

  begin() {
    for (const head of document.querySelectorAll('#keys th[data-sort]')) {
      head.querySelector('button').onclick = () => {
        const sort = head.dataset.sort;
        if (this.sort === sort) this.reversed = !this.reversed;
        else { this.sort = sort; this.reversed = false; }
        this.refresh();
      };
    }
    $('misses-first').onclick = () => this.sortBy('misses');
    let timer;
    $('filter').oninput = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.refresh(), 150);
    };
    $('keys-scroll').addEventListener('scroll', () => this.render(), {passive: true});
    new ResizeObserver(() => this.render()).observe($('keys-scroll'));
    this.body = $('keys').tBodies[0];
    const space = () => element('tr', {class: 'space', 'aria-hidden': 'true'}, element('td'));
    this.above = space();
    this.below = space();
    this.body.append(this.above, this.below);
    document.querySelector('#key [data-close]').onclick = () => $('key').close();
    setInterval(() => { if (tabs.shown === 'keys' && !document.hidden) this.refresh(); }, 2000);
    setInterval(() => { if ($('key').open && !document.hidden) this.loadKey(); }, 5000);
  },

  sortBy(sort) {
    this.sort = sort;
    this.reversed = false;
    $('keys-scroll').scrollTop = 0;
    this.refresh();
  },

  ratio(k) { return k.hits + k.misses ? k.hits / (k.hits + k.misses) : null; },

  // Words without a pattern are looked for anywhere in a key.
  pattern() {
    const text = $('filter').value;
    return !text || /[*?[\]\\]/.test(text) ? text : `*${text}*`;
  },

  async refresh() {
    for (const head of document.querySelectorAll('#keys th[data-sort]')) {
      const mine = head.dataset.sort === this.sort;
      const up = (this.sort === 'key') !== this.reversed;
      if (mine) head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    }
    $('misses-first').setAttribute('aria-pressed', String(this.sort === 'misses' && !this.reversed));
    if (tabs.shown !== 'keys') return;
    const number = this.asked = (this.asked || 0) + 1;
    const sort = this.sort === 'key' ? 'requests' : this.sort;
    try {
      const report = await feed.json(`/api/keys?sort=${sort}&limit=10000&spark=30` +
        (this.pattern() ? `&match=${encodeURIComponent(this.pattern())}` : ''));
      if (number !== this.asked) return;  // another one has been asked for since
      this.rows = report.keys;
      if (this.sortedHere[this.sort]) this.rows.sort(this.sortedHere[this.sort]);
      if (this.reversed) this.rows.reverse();
      setText($('keys-count'), `${format.count(report.matching)} of ${format.count(report.tracked)} tracked keys` +
        (report.other.requests ? `; ${format.count(report.other.requests)} lookups of others` : ''));
      this.render();
    } catch (error) {
      setText($('keys-count'), error.message);
    }
  },

  button(key) {
    const made = element('button', {class: 'link'}, key);
    made.onclick = () => this.open(key);
    return made;
  },

  makeRow() {
    const cells = [0, 1, 2, 3, 4, 5, 6].map((i) => element('td', {class: i === 0 ? 'key' : i < 6 ? 'num' : ''}));
    const row = {tr: element('tr', {class: 'row-key'}, ...cells), cells};
    row.button = element('button', {});
    row.button.onclick = () => this.open(row.key);
    row.tag = element('span', {class: 'tag', hidden: ''});
    cells[0].append(row.button, row.tag);
    row.svg = svg('svg', {viewBox: '0 0 116 20', preserveAspectRatio: 'none', 'aria-hidden': 'true'});
    row.line = svg('polyline', {points: ''});
    row.svg.append(row.line);
    cells[6].append(row.svg);
    return row;
  },

  fill(row, k) {
    row.key = k.key;
    setText(row.button, k.key);
    row.button.title = k.key;
    row.tag.hidden = !k.trend;
    setText(row.tag, k.trend || '');
    [format.count(k.hits), format.count(k.misses), format.percent(keys.ratio(k)), format.rate(k.rate),
     format.bytes(k.bytes)].forEach((text, i) => setText(row.cells[i + 1], text));
    const most = Math.max(...k.spark, 1);
    const n = 30;
    const from = n - k.spark.length;
    row.line.setAttribute('points', k.spark.map((v, i) =>
      `${((from + i) * 116 / (n - 1)).toFixed(1)},${(18.5 - v / most * 17).toFixed(1)}`).join(' '));
  },

  // Only rows in sight are in the document.
  render() {
    const scroll = $('keys-scroll');
    if (!scroll.clientHeight) return;
    const count = Math.ceil(scroll.clientHeight / this.ROW) + 8;
    const first = Math.max(0, Math.min(Math.floor(scroll.scrollTop / this.ROW) - 4, this.rows.length - count));
    const shown = this.rows.slice(first, first + count);
    while (this.pool.length < shown.length) {
      const row = this.makeRow();
      this.pool.push(row);
      this.below.before(row.tr);
    }
    this.pool.forEach((row, i) => {
      row.tr.hidden = i >= shown.length;
      if (i < shown.length) this.fill(row, shown[i]);
    });
    this.above.style.height = `${first * this.ROW}px`;
    this.below.style.height = `${Math.max(0, this.rows.length - first - shown.length) * this.ROW}px`;
    $('keys').setAttribute('aria-rowcount', String(this.rows.length + 1));
  },

  open(key) {
    this.key = key;
    setText($('key-name'), key);
    $('key-why').hidden = true;
    setFacts($('key-facts'), [['Asking', '…']]);
    if (!$('key').open) $('key').showModal();
    this.chart ??= new Chart($('key-chart'), {value: format.rate, lines: [{name: 'hits per second'}, {name: 'misses per second'}]});
    this.look = null;
    this.loadKey();
    this.lookAt(key);
  },

  // Asks Redis itself, once, because somebody has opened this.
  async lookAt(key) {
    try { this.look = await feed.json(`/api/look/${encodeURIComponent(key)}`); }
    catch (error) { this.look = {error: error.message}; }
    if (this.report && key === this.key) this.showKey();
  },

  async loadKey() {
    const key = this.key;
    try {
      const report = await feed.json(`/api/keys/${encodeURIComponent(key)}`);
      if (key !== this.key) return;
      this.report = report;
      this.showKey();
    } catch (error) {
      setFacts($('key-facts'), [['Failed', error.message]]);
    }
  },

  showKey() {
    const {report, look} = this;
    const there = look?.exists;
    setFacts($('key-facts'), [
      ['Hits', format.count(report.hits)], ['Misses', format.count(report.misses)],
      ['Hit ratio', format.percent(keys.ratio(report))], ['Per second', format.rate(report.rate)],
      ['Now', !look ? '…' : look.error ? look.error : there ? 'exists' : 'does not exist'],
      ['Type', there ? look.type : '–'],
      ['Expires', there ? (look.ttl_seconds == null ? 'never' : `in ${format.span(look.ttl_seconds)}`) : '–'],
      ['Size', there ? format.bytes(look.memory_bytes) : '–'],
      ...(report.slot == null ? [] : [['Lives at', `${report.node || 'no node'}, slot ${report.slot}`]]),
      ['Near cache', report.near_cached == null ? 'off' : report.near_cached ? 'keeps it' : 'does not keep it'],
    ]);
    $('key-why').hidden = !report.fate;
    if (report.fate) setText($('key-why'), report.fate.text.replace(/`([^`]+)`/g, (_, name) => name.toUpperCase()));
    if (!report.tracked) return;
    const {hits, misses} = report.history;
    const end = Math.floor(feed.last ? feed.last.time : Date.now() / 1000);
    this.chart.range = Math.min(3600, Math.max(600, hits.length * report.step));
    this.chart.set([hits.map((_, i) => end - (hits.length - 1 - i) * report.step),
                    hits.map((v) => v / report.step), misses.map((v) => v / report.step)]);
  },
};
