// Slow and big; clients.
const lists = {
  begin() {
    setInterval(() => { if (!document.hidden) this.refresh(); }, 2000);
    $('client-filter').oninput = () => this.showClients();
  },

  async refresh() {
    try {
      if (tabs.shown === 'slow') this.showSlow(await feed.json('/api/slow'));
      if (tabs.shown === 'clients') {
        this.clients = await feed.json('/api/clients?limit=1000');
        this.showClients();
      }
    } catch { /* the feed says so */ }
  },

  table(id, heads, rows, nothing) {
    const table = $(id);
    if (!table.tHead) {
      table.append(element('thead', {}, element('tr', {}, ...heads.map(([name, type]) =>
        element('th', {scope: 'col', class: type === 'num' ? 'num' : null}, name)))), element('tbody', {}));
    }
    table.tBodies[0].replaceChildren(...(rows.length ? rows.map((row) => element('tr', {},
      ...row.map((cell, i) => element('td', {class: heads[i][1] || null,
                                             title: typeof cell === 'string' ? cell : null}, cell)))) :
      [element('tr', {}, element('td', {class: 'none', colspan: heads.length}, nothing))]));
  },

  showSlow(report) {
    const ago = (e) => `${format.span(e.age_seconds)} ago`;
    const key = (e) => e.key ?? '–';
    this.table('slow', [['Command'], ['Key', 'key'], ['Took', 'num'], ['Bytes', 'num'], ['Client'], ['When', 'num']],
      report.slow.map((e) => [e.command, key(e), format.seconds(e.microseconds / 1e6),
                              format.bytes(e.bytes), e.client ?? '–', ago(e)]), 'No command has been slow yet');
    this.table('big', [['Command'], ['Key', 'key'], ['Bytes', 'num'], ['When', 'num']],
      report.big.map((e) => [e.command, key(e), format.bytes(e.bytes), ago(e)]), 'No value has been read yet');
  },

  showClients() {
    if (!this.clients) return;
    const wanted = $('client-filter').value.toLowerCase();
    const found = this.clients.clients.filter((c) =>
      `${c.address} ${c.name} ${c.user} ${c.library}`.toLowerCase().includes(wanted));
    setText($('clients-count'), wanted ? `${found.length} of ${this.clients.total} clients` :
      `${this.clients.total} client${this.clients.total === 1 ? '' : 's'}`);
    this.table('clients', [['Address', 'key'], ['Name'], ['User'], ['Library'], ['Database', 'num'], ['RESP', 'num'],
                           ['In flight', 'num'], ['Output waiting', 'num'], ['Link'], ['Idle', 'num']],
      found.map((c) => [c.address, c.name || '–', c.user || '–', c.library || '–', String(c.database),
                        String(c.protocol), format.count(c.in_flight), format.bytes(c.output_bytes),
                        c.private_link ? `private: ${c.private_link}` : 'shared', format.span(c.idle_seconds)]),
      'Nobody is connected');
  },
};
