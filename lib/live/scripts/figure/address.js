// Where the controls of a figure stand, as the end of an address: "rate=0.01&modes=11011111".

const CELLS = {
  write: (_, cells) => [...cells].map(Number).join(""),
  read: (_, text) => [...text].map(Number),
};
const NUMBERS = {
  write: (_, numbers) => [...numbers].map((v) => Number(v.toPrecision(7))).join(","),
  read: (_, text) => text.split(",").map(Number),
};
const OPTION = {
  write: ({ options }, i) => options[i],
  read: ({ options }, text) => [options.includes(text) ? options.indexOf(text) : Number.NaN],
};
const TEXTS = { choice: OPTION, mask: CELLS, switches: CELLS }; // of the others, numbers

/** Where controls stand. */
export function written(controls) {
  const parts = controls.map(({ spec, value }) => {
    const text = textOf(spec).write(spec, value());
    return `${encodeURIComponent(spec.name)}=${encodeURIComponent(text).replaceAll("%2C", ",")}`;
  });
  return parts.join("&");
}

/** Put controls where an address says; those that it leaves out, or says badly, stay. */
export function read(address, controls) {
  const said = new URLSearchParams(address);
  for (const { spec, put } of controls) {
    if (!said.has(spec.name)) continue;
    const numbers = textOf(spec).read(spec, said.get(spec.name));
    if (numbers.length === spec.start.length && numbers.every(Number.isFinite)) put(numbers);
  }
}

const textOf = ({ kind }) => TEXTS[kind] ?? NUMBERS;
