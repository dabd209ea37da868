// What comes from Keyhole: one stream of events, or polling where that does not come through.
//
//     connecting --> live <--> polling      away: it does not answer, and is asked again
//                      paused: the tab is hidden, nothing is asked
const feed = {
  authorization: null,   // of the login form; in memory only
  listeners: [],
  last: null,            // the last overview
  state: 'connecting',
  abort: null,

  onOverview(listener) { this.listeners.push(listener); },

  setState(state, text) {
    this.state = state;
    const shown = $('feed');
    shown.dataset.state = state;
    setText(shown, text || state);
  },

  headers() { return this.authorization ? {Authorization: this.authorization} : {}; },

  // Of credentials that the browser keeps nothing is sent, so it asks for none by itself.
  async fetch(path, options = {}) {
    const response = await fetch(path, {
      credentials: 'omit', cache: 'no-store', ...options, headers: {...this.headers(), ...options.headers},
    });
    if (response.status === 401) {
      await login.ask(this.authorization != null);
      return this.fetch(path, options);
    }
    return response;
  },

  async json(path, options) {
    const response = await this.fetch(path, options);
    const body = await response.json();
    if (!response.ok) throw new Error(body.error || `status ${response.status}`);
    return body;
  },

  tell(overview) {
    this.last = overview;
    for (const listener of this.listeners) listener(overview);
  },

  async run() {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.abort?.abort();
      else this.wake?.();
    });
    let failures = 0;
    for (;;) {
      if (document.hidden) {
        this.setState('paused');
        await new Promise((resolve) => { this.wake = resolve; });
        continue;
      }
      try {
        await this.stream();
        failures = 0;
      } catch (error) {
        if (document.hidden) continue;
        failures = await this.poll() ? 0 : failures + 1;
        if (failures) this.setState('away', 'no answer, trying again');
        if (failures) document.dispatchEvent(new Event('keyhole-away'));
        await new Promise((resolve) => setTimeout(resolve, Math.min(500 * failures, 2000) + 500));
      }
    }
  },

  // Ends with an exception, whatever the reason.
  async stream() {
    this.abort = new AbortController();
    // A proxy in between may keep the events to itself.
    const silence = () => setTimeout(() => this.abort.abort(), 5000);
    let timer = silence();
    try {
      const response = await this.fetch('/api/events', {signal: this.abort.signal});
      if (!response.ok) throw new Error(`status ${response.status}`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const {value, done} = await reader.read();
        if (done) throw new Error('the stream has ended');
        clearTimeout(timer);
        timer = silence();
        text += value;
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
          const event = text.slice(0, end);
          if (!event.startsWith('data: ')) continue;
          this.setState('live');
          this.tell(JSON.parse(event.slice(6)));
        }
      }
    } finally {
      clearTimeout(timer);
      this.abort.abort();
    }
  },

  async poll() {
    try {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), 3000);
      const overview = await this.json('/api/overview', {signal: controller.signal});
      clearTimeout(timer);
      this.setState('polling', 'live, by polling');
      this.tell(overview);
      return true;
    } catch {
      return false;
    }
  },
};

const login = {
  pending: null,

  // Resolves once somebody has typed something.
  ask(wrong) {
    this.pending ??= new Promise((resolve) => {
      setText($('login-text'), wrong ? 'That was not right. Try again.'
        : 'This Keyhole asks for a password. It stays in this tab’s memory.');
      const form = $('login-form');
      form.onsubmit = () => {
        const text = new TextEncoder().encode(`${$('user').value}:${$('password').value}`);
        feed.authorization = 'Basic ' + btoa(String.fromCharCode(...text));
        $('password').value = '';
        this.pending = null;
        resolve();
      };
      $('login').oncancel = (event) => event.preventDefault();
      $('login').showModal();
      $('password').focus();
    });
    return this.pending;
  },
};
