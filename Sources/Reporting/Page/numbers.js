"use strict";

/** Numbers for people, as the terminal shows them. */
const text = {
  grouped: (count) => Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ","),

  /** Four significant digits, without an exponent where people read none. */
  short(value) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "−inf" : "inf";
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size < 1e-3 || size >= 1e7) return text.power(value, 2);
    if (size >= 1000) return text.grouped(value);
    return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 3 : 4).replace("-", "−");
  },

  /** A number on an axis, with the digits that tell it from its neighbours. */
  tick(value, ticks) {
    const step = ticks[1] - ticks[0];
    const most = Math.max(...ticks.map(Math.abs));
    if (most >= 1e7 || most < 1e-3) return value === 0 ? "0" : text.power(value, 2);
    // Steps are 1, 2, 2.5 or 5 times a power of ten.
    let digits = 0;
    while (digits < 6 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 * step * 10 ** digits) digits++;
    return digits === 0 ? text.grouped(value).replace("-", "−") : value.toFixed(digits).replace("-", "−");
  },

  power(value, digits) {
    const [mantissa, exponent] = value.toExponential(digits).split("e");
    return `${mantissa.replace(/\.?0+$/, "").replace("-", "−")}e${exponent.replace("+", "").replace("-", "−")}`;
  },

  bytes(count) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let unit = 0;
    while (Math.abs(count) >= 999.5 && unit < units.length - 1) { count /= 1000; unit++; }
    const digits = unit === 0 ? 0 : count < 9.995 ? 2 : count < 99.95 ? 1 : 0;
    return `${count.toFixed(digits)} ${units[unit]}`;
  },

  seconds(value) {
    if (value < 0.0995) return `${(1000 * value).toFixed(value < 0.00995 ? 1 : 0)} ms`;
    if (value < 9.95) return `${value.toFixed(value < 0.995 ? 2 : 1)} s`;
    const total = Math.round(value);
    const two = (number) => String(number).padStart(2, "0");
    if (total < 60) return `${total} s`;
    if (total < 3600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
    if (total < 86400) return `${Math.floor(total / 3600)} h ${two(Math.floor(total / 60) % 60)} min`;
    return `${Math.floor(total / 86400)} d ${two(Math.floor(total / 3600) % 24)} h`;
  },

  moment: (time) => new Date(1000 * time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }),
};

/** A number of metrics.jsonl, which writes those that are not finite as text. */
function number(value) {
  if (typeof value === "number") return value;
  return value === "inf" ? Infinity : value === "-inf" ? -Infinity : NaN;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[sorted.length >> 1];
}

/** An element with text and elements inside; data only ever becomes text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function shape(tag, attributes = {}, content = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (content !== null) made.textContent = content;
  return made;
}

/** A mark in a series' colour: a line, a dot or a block. */
function key(color, kind = "") {
  const made = element("i", { class: `key ${kind}` });
  made.style.background = `var(--${color})`;
  return made;
}
