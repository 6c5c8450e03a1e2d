// Texts: Python's str.format for the fields that a live text may use.

const FIELD = /\{(?::([^}]*))?\}/g;
const SPEC = /^(?<plus>\+?)(?<comma>,?)(?:\.(?<precision>\d+))?(?<kind>[fge%dc])$/;

/** The template with its fields ("{:.3f}") filled by the values in turn. */
export function format(template, values) {
  let i = 0;
  return template.replace(FIELD, (_, spec) => printed(values[i++], spec || "d"));
}

function printed(v, spec) {
  const { plus, comma, precision = 6, kind } = SPEC.exec(spec).groups;
  if (kind === "c") return String.fromCodePoint(v);
  const percent = kind === "%" ? "%" : "";
  const negative = v < 0 || (Object.is(v, -0) && kind !== "d");
  const sign = negative ? "-" : plus;
  if (Number.isNaN(v)) return `${plus}nan${percent}`;
  if (!Number.isFinite(v)) return `${sign}inf${percent}`;
  const digits = DIGITS[kind](Math.abs(v), Number(precision));
  return sign + (comma ? grouped(digits) : digits) + percent;
}

// The digits of a number that is not negative, for each kind of field.
const DIGITS = {
  d: (v) => String(Math.round(v)),
  f: fixed,
  e: exponential,
  g: general,
  "%": (v, digits) => fixed(v * 100, digits),
};

// A half goes to the even digit; JavaScript's own toFixed would take it up, and it writes
// numbers from 1e21, which are whole, with an exponent.
function fixed(v, digits) {
  if (v >= 1e21) return String(BigInt(v)) + (digits ? `.${"0".repeat(digits)}` : "");
  const exact = v.toFixed(Math.min(digits + 40, 100));
  const rest = exact.slice(exact.indexOf(".") + 1 + digits);
  if (!/^50*$/.test(rest)) return v.toFixed(digits);
  const cut = exact.slice(0, exact.length - rest.length).replace(/\.$/, "");
  return Number(cut.at(-1)) % 2 === 0 ? cut : v.toFixed(digits);
}

// The exponent has two digits at least.
function exponential(v, digits) {
  return v.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
}

// Fixed or exponential, whichever is shorter, without zeros at the end.
function general(v, precision) {
  if (v === 0) return "0";
  const digits = Math.max(precision, 1);
  const [mantissa, exponent] = exponential(v, digits - 1).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < digits) return trimmed(fixed(v, digits - 1 - power));
  return `${trimmed(mantissa)}e${exponent}`;
}

const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
const grouped = (text) => text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
