// A chart of lines over time. Lines differ by dashes as well as by colour, and the legend has
// their names and last values.
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3], [1, 4]];
const COLOURS = ['--hit', '--miss', '--third', '--fourth', '--muted'];

class Chart {
  // lines: [{name, format, colour}]; the value axis ends at max, or fits what is there and ends at
  // least there: without values its marks still differ.
  constructor(parent, {title, lines, value, max = null, least = 1, range = null}) {
    this.lines = lines;
    this.value = value;
    this.max = max;
    this.least = least;
    this.data = [[], ...lines.map(() => [])];
    this.range = range;
    this.plotDiv = element('div', {class: 'plot', role: 'img', 'aria-label': title || 'history'});
    this.legend = element('div', {class: 'legend'});
    this.card = element('section', {class: title ? 'card chart' : 'chart'});
    if (title) this.card.append(element('h3', {}, title));
    this.card.append(this.plotDiv, this.legend);
    parent.append(this.card);
    this.values = lines.map((line, i) => {
      const value = element('b', {}, '–');
      const sample = svg('svg', {viewBox: '0 0 22 8', 'aria-hidden': 'true'});
      const stroke = svg('line', {x1: 0, y1: 4, x2: 22, y2: 4, 'stroke-width': 2,
                                  'stroke-dasharray': DASHES[i].join(' ')});
      stroke.style.stroke = `var(${line.colour || COLOURS[i]})`;
      sample.append(stroke);
      this.legend.append(element('span', {}, sample, line.name, value));
      return value;
    });
    new ResizeObserver(() => this.fit()).observe(this.plotDiv);
  }

  colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  make() {
    const axis = {
      stroke: this.colour('--muted'), font: '11px system-ui, sans-serif',
      grid: {stroke: this.colour('--grid'), width: 1}, ticks: {show: false},
    };
    this.plot = new uPlot({
      width: this.plotDiv.clientWidth, height: this.plotDiv.clientHeight,
      legend: {show: false},
      cursor: {y: false, points: {size: 6}, drag: {x: false, y: false}},
      padding: [8, 4, 0, 0],
      scales: {
        x: {time: true, range: () => this.span()},
        y: {range: (_, lowest, most) => [0, this.max ?? Math.max(1.12 * most, this.least)]},
      },
      axes: [
        {...axis, space: 64, size: 24, values: [
          [86400, '{YYYY}-{MM}-{DD}'], [3600, '{HH}:{mm}'], [60, '{HH}:{mm}'], [1, '{HH}:{mm}:{ss}'],
        ].map((row) => [row[0], row[1], null, null, null, null, null, null, 1])},
        {...axis, space: 30, size: 62, gap: 6, values: (_, splits) => splits.map((v) => this.value(v).replace(/\.0+(?=\D|$)/, ''))},
      ],
      series: [{}, ...this.lines.map((line, i) => ({
        stroke: this.colour(line.colour || COLOURS[i]), width: 1.6, dash: DASHES[i], spanGaps: false,
        points: {show: false},
      }))],
      hooks: {setCursor: [() => this.showValues()]},
    }, this.data, this.plotDiv);
  }

  span() {
    const times = this.data[0];
    const end = times.length ? times[times.length - 1] : Date.now() / 1000;
    return [end - (this.range || 3600), end];
  }

  fit() {
    if (!this.plot || !this.plotDiv.clientWidth) return;
    this.plot.setSize({width: this.plotDiv.clientWidth, height: this.plotDiv.clientHeight});
  }

  // data: [times, values of each line ...]
  set(data) {
    this.data = data;
    if (!this.plotDiv.clientWidth) return;  // not shown
    if (!this.plot) this.make();
    this.plot.setData(data);
    this.showValues();
  }

  // Of the point under the pointer, or of the last one.
  showValues() {
    const at = this.plot?.cursor.idx;
    const times = this.data[0];
    const i = at != null && this.plot.cursor.left >= 0 ? at : times.length - 1;
    this.values.forEach((node, line) => setText(node, this.value(this.data[line + 1][i])));
  }

  // The colours have changed.
  repaint() {
    this.plot?.destroy();
    this.plot = null;
    this.set(this.data);
  }
}
