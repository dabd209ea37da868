// Views, colours, and the start of it all.
const tabs = {
  shown: 'overview',
  all: ['overview', 'keys', 'slow', 'clients'],

  begin() {
    for (const name of this.all) {
      const tab = $(`tab-${name}`);
      tab.onclick = () => this.show(name);
      tab.onkeydown = (event) => {
        const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
        if (!step) return;
        const next = this.all[(this.all.indexOf(name) + step + this.all.length) % this.all.length];
        this.show(next);
        $(`tab-${next}`).focus();
      };
    }
    window.addEventListener('hashchange', () => this.fromAddress());
    // A digit shows a view, / goes to its filter.
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, dialog')) return;
      const name = this.all[Number(event.key) - 1];
      if (name) this.show(name);
      if (event.key !== '/') return;
      event.preventDefault();
      if (this.shown !== 'clients') this.show('keys');
      $(this.shown === 'clients' ? 'client-filter' : 'filter').focus();
    });
    this.fromAddress();
  },

  fromAddress() {
    const name = location.hash.slice(1);
    if (this.all.includes(name) && name !== this.shown) this.show(name);
  },

  show(name) {
    this.shown = name;
    for (const one of this.all) {
      const mine = one === name;
      $(`view-${one}`).hidden = !mine;
      $(`tab-${one}`).setAttribute('aria-selected', String(mine));
      $(`tab-${one}`).tabIndex = mine ? 0 : -1;
    }
    if (location.hash !== `#${name}`) history.replaceState(null, '', `#${name}`);
    if (name === 'overview') overview.draw();
    if (name === 'keys') keys.refresh();
    lists.refresh();
  },
};

const theme = {
  order: ['auto', 'light', 'dark'],
  dark: matchMedia('(prefers-color-scheme: dark)'),

  begin() {
    this.choice = 'auto';
    try { this.choice = localStorage.getItem('keyhole-theme') || 'auto'; } catch { /* not allowed */ }
    $('theme').onclick = () => {
      this.choice = this.order[(this.order.indexOf(this.choice) + 1) % 3];
      try { localStorage.setItem('keyhole-theme', this.choice); } catch { /* for this time only */ }
      this.apply();
    };
    this.dark.addEventListener('change', () => this.apply());
    this.apply();
  },

  apply() {
    const dark = this.choice === 'dark' || (this.choice === 'auto' && this.dark.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    setText($('theme'), this.choice[0].toUpperCase() + this.choice.slice(1));
    $('theme').setAttribute('aria-label', `Colours: ${this.choice === 'auto' ? 'as the system has them' : this.choice}`);
    for (const [chart] of overview.charts || []) chart.repaint();
    keys.chart?.repaint();
  },
};

theme.begin();
overview.begin();
keys.begin();
lists.begin();
tabs.begin();
feed.run();
