// How far a guess was from the truth, in words and in nats. No DOM here.

import { format } from "../marks/text.js";

/**
 * What is to be said and kept of a guess: {words, said, so, off}, of a choice its score, too.
 *
 * guess: its spec; value: what the reader gave; truth: numbers; places: of a curve its x.
 */
export function judged(guess, value, truth, places) {
  return JUDGES[guess.kind](guess, value, truth, places);
}

const FINE = 200; // parts of an axis

const JUDGES = { number: ofNumber, choice: ofChoice, point: ofPoint, curve: ofCurve };

function ofNumber(guess, value, [truth]) {
  const said = withUnit(printed(guess, value), guess);
  if (!Number.isFinite(truth)) return told(said, strange(truth), "", `it is ${strange(truth)}`);
  const so = withUnit(printed(guess, truth), guess);
  if (so === said) return told(said, so, "0", "and so it is");
  const way = value > truth ? "too high" : "too low";
  const off = `${guess.log ? ratio(value, truth) : gap(guess, value, truth)} ${way}`;
  return told(said, so, off, `it is ${so}, ${off}`);
}

function ofChoice({ options }, { option, sure }, [truth]) {
  const n = options.length;
  const right = option === truth;
  const score = -Math.log(right ? sure : (1 - sure) / (n - 1));
  const how = `, ${percent(sure)} sure`;
  const so = options[truth] ?? "none of these";
  const even = `being sure of nothing would have cost ${nats(Math.log(n))}`;
  const costs = sure > 1 / n ? `That costs ${nats(score)} nats; ${even}.` : costsEven(n);
  const said = options[option];
  const rest = right ? "and so it is" : `the answer is “${so}”`;
  const words = `You said “${said}”${how}; ${rest}. ${costs}`;
  return { said: said + how, so, off: `${nats(score)} nats`, words, right, sure, score, n };
}

function ofPoint(guess, value, truth) {
  const fine = guess.limits.map(([low, high]) => ({ low, high, positions: FINE }));
  const place = (p) => `(${fine.map((axis, k) => printed(axis, p[k])).join(", ")})`;
  const [said, so] = [place(value), place(truth)];
  if (!finite(truth)) return told(said, so, "", "there is no such place");
  const off = withUnit(few(Math.hypot(value[0] - truth[0], value[1] - truth[1])), guess);
  return { said, so, off, words: `You were ${off} away: you said ${said}; it is ${so}.` };
}

function ofCurve(guess, value, truth, places) {
  const apart = guess.log
    ? (i) => Math.abs(Math.log(value[i] / truth[i]))
    : (i) => Math.abs(value[i] - truth[i]);
  const gaps = Array.from(truth, (_, i) => apart(i));
  const seen = gaps.filter(Number.isFinite);
  if (!seen.length) return told("a curve", "nothing in sight", "", "there is no curve in sight");
  const most = Math.max(...seen);
  const mean = seen.reduce((a, b) => a + b) / seen.length;
  const say = (v) => (guess.log ? `a factor of ${few(Math.exp(v))}` : withUnit(few(v), guess));
  const at = `most at x = ${short(places[gaps.indexOf(most)])} (${say(most)})`;
  const off = `${say(mean)} on average`;
  return { said: "a curve", so: "", off, words: `Yours lies ${say(mean)} away on average, ${at}.` };
}

const told = (said, so, off, rest) => ({ said, so, off, words: `You said ${said}; ${rest}.` });
const finite = (numbers) => Array.from(numbers).every(Number.isFinite);
const strange = (v) => (Number.isNaN(v) ? "no number" : `${v < 0 ? "minus " : ""}infinite`);
// "1 step", "1 nat a letter", but "1 times".
const withUnit = (text, { unit }) =>
  unit ? `${text} ${text === "1" ? unit.replace(/^(?!times)(\w+)s\b/, "$1") : unit}` : text;
const percent = (p) => format("{:.0f} %", [100 * p]);
const nats = (v) => format("{:.2f}", [v]);
const few = (v) => format("{:.2g}", [v]);
const short = (v) => format("{:.3g}", [v]);
const costsEven = (n) => `That costs ${nats(Math.log(n))} nats, as being sure of nothing does.`;

// As fine as the slider's positions are.
function printed({ low, high, log, positions }, v) {
  if (log) return short(v);
  const digits = Math.ceil(-Math.log10(Math.abs(high - low) / positions) - 1e-9);
  return format(`{:,.${Math.min(Math.max(digits, 0), 6)}f}`, [v]);
}

function gap(guess, value, truth) {
  const far = Math.abs(value - truth);
  const text = printed(guess, far);
  return /[1-9]/.test(text) ? text : few(far);
}

function ratio(value, truth) {
  const times = Math.max(value / truth, truth / value);
  if (!(truth > 0)) return "far";
  return `${format(times < 2 ? "{:.2f}" : times < 100 ? "{:.1f}" : "{:,.0f}", [times])} times`;
}
