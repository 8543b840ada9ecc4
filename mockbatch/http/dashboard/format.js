// Formatting of numbers, money and times.

const MINUTE = 60,
  HOUR = 3600,
  DAY = 86400;
const number = new Intl.NumberFormat("en-US");

export const count = (value) => number.format(value);

export function counted(value, noun, plural = `${noun}s`) {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

const DECIMALS = 6;

/** US dollars with six decimals, so that small amounts are distinguishable and columns align. */
export function money(text) {
  if (text === null || text === undefined) return "–";
  const value = Number(text);
  const told = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: DECIMALS,
    maximumFractionDigits: DECIMALS,
  });
  return `${value < 0 && /[1-9]/.test(told) ? "-" : ""}$${told}`;
}

/** A duration in seconds, in its two largest units. */
export function span(seconds) {
  const left = Math.abs(seconds);
  if (left < 1) return left === 0 ? "0 s" : `${Math.round(left * 1000)} ms`;
  if (left < MINUTE) return `${Math.round(left)} s`;
  if (left < HOUR) return two(left, MINUTE, "min", 1, "s");
  if (left < DAY) return two(left, HOUR, "h", MINUTE, "min");
  return two(left, DAY, "d", HOUR, "h");
}

function two(seconds, large, its, small, others) {
  const whole = Math.floor(seconds / large);
  const rest = Math.floor((seconds - whole * large) / small);
  return rest && whole < 10 ? `${whole} ${its} ${rest} ${others}` : `${whole} ${its}`;
}

export const seconds = (text) => Date.parse(text) / 1000;

/** An instant in UTC, to the second. */
export function instant(text) {
  return text ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : "–";
}

export function clockTime(epoch) {
  const text = new Date(epoch * 1000).toISOString();
  return [text.slice(0, 10), text.slice(11, 19)];
}

/** The largest unit only. */
export const brief = (text, now) => relative(text, now).replace(/(\d+ \w+) \d+ \w+/, "$1");

/** A relative time, past or future. */
export function relative(text, now) {
  const away = seconds(text) - now;
  if (Math.abs(away) < 1) return "just now";
  return away > 0 ? `in ${span(away)}` : `${span(away)} ago`;
}

export function shortId(id) {
  return id.length > 20 ? `${id.slice(0, 15)}…${id.slice(-4)}` : id;
}

export function bytes(size) {
  return size < 1024
    ? `${size} B`
    : size < 1048576
      ? `${(size / 1024).toFixed(1)} kB`
      : `${(size / 1048576).toFixed(1)} MB`;
}

/** Indented JSON, cut at a readable length. */
export function pretty(value, limit = 65536) {
  const text = JSON.stringify(value, null, 2) ?? "";
  return text.length > limit ? `${text.slice(0, limit)}\n… the first ${bytes(limit)} of ${bytes(text.length)}` : text;
}
