'use strict';

// How numbers and times are written, and small helpers for the document.
const format = {
  count(n) {
    if (n == null) return '–';
    if (n >= 1e9) return (n / 1e9).toFixed(n >= 1e10 ? 1 : 2) + ' G';
    if (n >= 1e6) return (n / 1e6).toFixed(n >= 1e7 ? 1 : 2) + ' M';
    if (n >= 1e4) return (n / 1e3).toFixed(n >= 1e5 ? 0 : 1) + ' k';
    return Math.round(n).toString();
  },
  rate(n) {
    if (n == null) return '–';
    return n >= 100 || n === 0 ? format.count(n) : n.toFixed(n >= 10 ? 1 : 2);
  },
  percent(ratio) {
    if (ratio == null) return '–';
    const p = ratio * 100;
    // What is not all is not shown as all.
    if (p > 99.9 && p < 100) return '> 99.9 %';
    return (p === 100 || p === 0 ? p.toString() : p.toFixed(1)) + ' %';
  },
  seconds(s) {
    if (s == null) return '–';
    if (s < 1e-3) return Math.round(s * 1e6) + ' µs';
    if (s < 1) return (s * 1e3).toFixed(s < 1e-2 ? 2 : s < 0.1 ? 1 : 0) + ' ms';
    return s.toFixed(s < 10 ? 2 : 1) + ' s';
  },
  bytes(n) {
    if (n == null) return '–';
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;
    while (n >= 1024 && unit < units.length - 1) { n /= 1024; ++unit; }
    return (unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(n >= 10 ? 1 : 2)) + ' ' + units[unit];
  },
  span(s) {  // a longer time
    if (s == null) return '–';
    if (s < 1) return '< 1 s';
    if (s < 120) return Math.round(s) + ' s';
    if (s < 7200) return Math.round(s / 60) + ' min';
    return s < 172800 ? (s / 3600).toFixed(1) + ' h' : Math.round(s / 86400) + ' d';
  },
};

const $ = (id) => document.getElementById(id);

// element('td', {class: 'num'}, 'text' or nodes)
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value != null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// Changes the text only where it differs, so that nothing is laid out for nothing.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Shows pairs of a name and a text in a dl, reusing what is there.
function setFacts(list, facts) {
  const names = [...list.querySelectorAll('dt')];
  if (names.length !== facts.length || facts.some(([name], i) => names[i].textContent !== name)) {
    list.replaceChildren(...facts.flatMap(([name]) => [element('dt', {}, name), element('dd', {})]));
  }
  const values = list.querySelectorAll('dd');
  facts.forEach(([, value], i) => setText(values[i], value));
}

const SVG = 'http://www.w3.org/2000/svg';
function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
