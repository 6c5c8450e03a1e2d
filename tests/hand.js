// What a test asks of a live figure, in one question each: every question takes its time.

const PATIENCE = 15_000; // ms until a figure without a new picture is taken as it stands
const frame = () => new Promise(requestAnimationFrame);

// Pictures may be large and stay here; what goes out is a picture's number among those seen.
function which(figure) {
  const picture = figure.querySelector(".live-picture svg").innerHTML + standing(figure);
  figure.seen ??= [];
  const seen = figure.seen.indexOf(picture);
  return seen < 0 ? figure.seen.push(picture) - 1 : seen;
}

// Where the controls of a run stand: they move no picture until the next step.
function standing(figure) {
  const handles = figure.querySelectorAll("[data-acts=run] :is(input, select, button, [role])");
  const told = ["value", "checked", "ariaChecked", "ariaPressed", "ariaValueText"];
  return JSON.stringify([...handles].map((handle) => told.map((name) => handle[name])));
}

/** Which picture is shown once there were more than `before`, and how many there were. */
function settled(figure, before) {
  return new Promise((answer) => {
    const look = (late) => {
      const pictures = Number(figure.dataset.pictures || 0);
      if (!late && (!(pictures > before) || "busy" in figure.dataset)) return;
      watch.disconnect();
      clearTimeout(timer);
      answer([which(figure), pictures]); // late: what is shown, and so no change
    };
    const watch = new MutationObserver(() => look(false));
    const timer = setTimeout(look, PATIENCE, true);
    watch.observe(figure, { attributes: true });
    look(false);
  });
}

/** Have a figure show what it asks for, so that its controls can be moved. */
function waive(figure) {
  figure.querySelector(".live-guess [data-does=waive]:not([hidden])")?.click();
}

function reset(figure) {
  const before = Number(figure.dataset.pictures);
  figure.querySelector(".live-reset").click();
  return settled(figure, before);
}

/** Of each control its kind, its name and of how many handles; the handles are kept. */
function controls(figure, inside) {
  const found = [...figure.querySelectorAll("[data-control]")];
  figure.handles = found.map((control) => handlesOf(figure, control, inside));
  return found.map((control, i) => [
    control.classList[1],
    control.dataset.control,
    figure.handles[i].length,
  ]);
}

// The elements of a control that take keys and pointer.
function handlesOf(figure, control, inside) {
  const own = control.querySelectorAll(inside[control.classList[1]]);
  if (own.length) return [...own];
  const label = control.querySelector(".live-label").firstChild.textContent; // it lies over
  const lying = `.over[aria-label="${label}"] :is(button, .live-bar)`;
  return [...figure.querySelectorAll(`${lying}, .over [aria-label="${label}"]`)];
}

// Which handle has the key: the option that is chosen, or the first.
function now(handles) {
  const chosen = handles.findIndex((e) => e.type === "radio" && e.checked);
  return Math.max(chosen, 0);
}

/** Focus a control where keys find it: its value, and whether that is its last option. */
function take(figure, control) {
  const handles = figure.handles[control];
  const held = handles[now(handles)];
  held.focus();
  return [held.value, held.selectedIndex === held.options?.length - 1];
}

/** Where a control is held: its option so much `further`, or on its pad, in a still page. */
async function place(figure, control, further = 0) {
  const handles = figure.handles[control];
  const held = handles[(now(handles) + further) % handles.length];
  const area = held.closest(".live-pad") ?? held;
  await document.fonts.ready;
  area.scrollIntoView({ block: "center", behavior: "instant" });
  const top = () => area.getBoundingClientRect().y;
  for (let before = NaN; before !== top(); await frame()) before = top();
  const { x, y, width, height } = area.getBoundingClientRect();
  return [x, y, width, height];
}

/** Choose in a list, which is drawn outside the page, out of the pointer's reach. */
function choose(figure, control, further) {
  const [list] = figure.handles[control];
  list.selectedIndex = (list.selectedIndex + further) % list.options.length;
  for (const kind of ["input", "change"]) list.dispatchEvent(new Event(kind, { bubbles: true }));
}

window.hand = { waive, settled, reset, controls, take, place, choose };
