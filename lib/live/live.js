// The front end of a live figure, in JupyterLab and on a page: builds the controls,
// asks for the numbers of the newest state, one request at a time, and moves the marks.
"use strict";
var LiveFigure = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const plain = (v) => (Number.isInteger(v) ? String(v) : LiveMarks.format("{:.3g}", [v]));

  // ---- controls: each returns {element, value(), set(numbers)} and calls changed() ----
  function labelled(spec, kind, ...children) {
    return make("fieldset", { class: `live-control ${kind}`, "data-control": spec.name },
      make("legend", { class: "live-label" }, spec.label), ...children);
  }

  function slider(spec, changed) {
    const at = (p) => sliderValue(spec, p);
    const input = make("input", { type: "range", min: 0, max: spec.positions, step: 1, "aria-label": spec.label });
    const output = make("output");
    const show = () => {
      output.textContent = plain(Number(at(Number(input.value)).toPrecision(6)));
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => { show(); changed(); });
    const element = make("div", { class: "live-control slider", "data-control": spec.name },
      make("label", { class: "live-label" }, spec.label, output), input);
    return { element, value: () => [at(Number(input.value))], position: () => Number(input.value),
      set: () => { input.value = spec.position; show(); } };
  }
  // the same formula as Slider.at in controls.py
  function sliderValue(spec, p) {
    const part = p / spec.positions;
    return spec.log ? spec.low * (spec.high / spec.low) ** part : spec.low + (spec.high - spec.low) * part;
  }

  let radios = 0;
  function choice(spec, changed) {
    let chosen = spec.start;
    const pick = (i) => { chosen = i; changed(); };
    if (spec.options.length > 5 || spec.options.join("").length > 44) {
      const select = make("select", { "aria-label": spec.label }, ...spec.options.map((name, i) => make("option", { value: i }, name)));
      select.addEventListener("change", () => pick(Number(select.value)));
      const element = make("div", { class: "live-control choice", "data-control": spec.name }, make("div", { class: "live-label" }, spec.label), select);
      return { element, value: () => chosen, set: () => { chosen = spec.start; select.value = chosen; } };
    }
    const group = `live-radio-${radios++}-${Math.random().toString(36).slice(2)}`;
    const inputs = spec.options.map((name, i) => make("input", { type: "radio", name: group, value: i }));
    inputs.forEach((input, i) => input.addEventListener("change", () => pick(i)));
    const element = labelled(spec, "choice", make("div", { class: "live-options" },
      ...spec.options.map((name, i) => make("label", {}, inputs[i], name))));
    return { element, value: () => chosen, set: () => { chosen = spec.start; inputs[chosen].checked = true; } };
  }

  function dragged(element, act) {                  // act(event, first): pointer goes down, then moves
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      element.setPointerCapture(event.pointerId);
      act(event, true);
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) act(event, false);
    });
  }
  const within = (element, event) => {
    const box = element.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width, 0, 1), clamp((event.clientY - box.top) / box.height, 0, 1)];
  };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function bars(spec, changed) {
    const { n, low, high } = spec, values = new Float64Array(n), zero = clamp(0, low, high);
    const height = (v) => `${(100 * (high - v)) / (high - low)}%`;
    const cells = Array.from({ length: n }, (_, i) => make("div", { class: "live-bar", role: "slider", tabindex: i ? -1 : 0,
      "aria-orientation": "vertical", "aria-valuemin": low, "aria-valuemax": high, "aria-label": `${spec.label}, ${spec.labels ? spec.labels[i] : i}` },
      make("i"), make("b"), make("span", {}, String(spec.labels ? spec.labels[i] : i))));
    const put = (i, v) => {
      values[i] = clamp(v, low, high);
      const [fill, edge] = cells[i].children;
      fill.style.top = height(Math.max(values[i], zero));
      fill.style.bottom = `calc(100% - ${height(Math.min(values[i], zero))})`;
      edge.style.top = height(values[i]);
      cells[i].setAttribute("aria-valuenow", plain(values[i]));
    };
    const row = make("div", { class: "live-bars" }, ...cells);
    const focus = (i) => { cells.forEach((c, j) => { c.tabIndex = i === j ? 0 : -1; }); cells[i].focus(); };
    dragged(row, (event, first) => {
      const boxes = cells.map((c) => c.getBoundingClientRect());
      const i = boxes.reduce((best, b, j) => (Math.abs(event.clientX - (b.left + b.right) / 2) < Math.abs(event.clientX - (boxes[best].left + boxes[best].right) / 2) ? j : best), 0);
      if (first) focus(i);
      put(i, high - (high - low) * within(cells[i], event)[1]);
      changed();
    });
    cells.forEach((cell, i) => cell.addEventListener("keydown", (event) => {
      const [across, down] = ARROWS[event.key] || [0, 0], page = { PageUp: 1, PageDown: -1 }[event.key] || 0;
      const to = { Home: low, End: high }[event.key];
      if (across) focus(clamp(i + across, 0, n - 1));
      else if (down || page) put(i, values[i] + ((high - low) / 20) * (page * 4 - down));
      else if (to !== undefined) put(i, to);
      else return;
      event.preventDefault();
      changed();
    }));
    return { element: labelled(spec, "bars", row), value: () => values, set: () => spec.start.forEach((v, i) => put(i, v)) };
  }

  function mask(spec, changed, over) {
    const { height, width } = spec, values = new Uint8Array(height * width);
    const cells = Array.from({ length: height * width }, (_, i) => make("button", { type: "button", tabindex: i ? -1 : 0,
      "aria-label": `${spec.label}: row ${Math.floor(i / width) + 1}, column ${(i % width) + 1}` }));
    const put = (i, v) => { values[i] = v ? 1 : 0; cells[i].setAttribute("aria-pressed", v ? "true" : "false"); };
    const focus = (i) => { cells.forEach((c, j) => { c.tabIndex = i === j ? 0 : -1; }); cells[i].focus({ preventScroll: true }); };
    const grid = make("div", { class: over ? "live-cells over" : "live-cells", role: "group", "aria-label": spec.label }, ...cells);
    grid.style.gridTemplateColumns = over ? `repeat(${width}, 1fr)` : `repeat(${width}, auto)`;
    if (over) grid.style.gridTemplateRows = `repeat(${height}, 1fr)`;
    if (!over) grid.style.setProperty("--cell", `${clamp(18 / width, 0.55, 1.6)}rem`);
    let brush = 0;
    dragged(grid, (event, first) => {
      const [x, y] = within(grid, event);
      const i = clamp(Math.floor(y * height), 0, height - 1) * width + clamp(Math.floor(x * width), 0, width - 1);
      if (first) { brush = 1 - values[i]; focus(i); }
      if (values[i] !== brush) { put(i, brush); changed(); }
    });
    cells.forEach((cell, i) => cell.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key], row = Math.floor(i / width), column = i % width;
      if (step) focus(clamp(row + step[1], 0, height - 1) * width + clamp(column + step[0], 0, width - 1));
      else if (event.key === " " || event.key === "Enter") { put(i, !values[i]); changed(); }
      else return;
      event.preventDefault();
    }));
    const all = (v) => { cells.forEach((_, i) => put(i, v)); changed(); };
    const tools = ["all", "none"].map((name, i) => {
      const button = make("button", { type: "button", class: "live-tool", "aria-label": `${spec.label}: ${name}` }, name);
      button.addEventListener("click", () => all(!i));
      return button;
    });
    const element = labelled(spec, "mask", ...(over ? [] : [grid]), make("div", { class: "live-row" }, ...tools));
    return { element, overlay: over ? grid : null, value: () => values, set: () => spec.start.forEach((v, i) => put(i, v)) };
  }

  function pad(spec, changed, over) {
    const ranges = [spec.x, spec.y], values = new Float64Array(2);
    const flips = over ? [over.sx[0] < 0, over.sy[0] < 0] : [false, true]; // does the axis run against the screen?
    const along = (k, v) => {
      const part = (v - ranges[k][0]) / (ranges[k][1] - ranges[k][0]);
      return flips[k] ? 1 - part : part;
    };
    const knob = make("div", { class: "live-knob", role: "slider", tabindex: 0, "aria-label": spec.label, "aria-valuemin": spec.x[0], "aria-valuemax": spec.x[1] });
    const area = make("div", { class: over ? "live-pad over" : "live-pad" }, knob), output = make("output");
    const put = (x, y) => {
      [x, y].forEach((v, k) => { values[k] = clamp(v, ...ranges[k]); });
      knob.style.left = `${100 * along(0, values[0])}%`;
      knob.style.top = `${100 * along(1, values[1])}%`;
      output.textContent = `${plain(Number(values[0].toPrecision(3)))}, ${plain(Number(values[1].toPrecision(3)))}`;
      knob.setAttribute("aria-valuenow", values[0]);
      knob.setAttribute("aria-valuetext", `x ${plain(values[0])}, y ${plain(values[1])}`);
    };
    dragged(area, (event, first) => {
      if (first) knob.focus({ preventScroll: true });
      const [x, y] = within(area, event);
      put(...[x, y].map((part, k) => ranges[k][0] + (flips[k] ? 1 - part : part) * (ranges[k][1] - ranges[k][0])));
      changed();
    });
    knob.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step) return;
      const stride = ([low, high]) => (spec.step ?? (high - low) / 25) * (event.shiftKey ? 5 : 1);
      put(...step.map((s, k) => values[k] + (flips[k] ? -s : s) * stride(ranges[k])));
      event.preventDefault();
      changed();
    });
    const head = make("div", { class: "live-label" }, spec.label, output);
    const element = make("div", { class: "live-control pad", "data-control": spec.name }, head, ...(over ? [] : [area]));
    return { element, overlay: over ? area : null, value: () => values, set: () => put(...spec.start) };
  }
  const CONTROLS = { slider, choice, bars, mask, pad };

  // where an overlay lies, as parts of the picture's view box
  function place(overlay, spec, mark, values, view) {
    let box;
    if (spec.kind === "mask") {
      const image = LiveMarks.draw(mark, values[mark.name]);
      box = [image.x, image.y, image.w, image.h];
    } else {
      const at = ([a, b, log], v) => a * (log ? Math.log10(v) : v) + b;
      const xs = spec.x.map((v) => at(mark.sx, v)), ys = spec.y.map((v) => at(mark.sy, v));
      box = [Math.min(...xs), Math.min(...ys), Math.abs(xs[1] - xs[0]), Math.abs(ys[1] - ys[0])];
    }
    ["left", "top", "width", "height"].forEach((side, i) => {
      overlay.style[side] = `${(100 * (box[i] - (i < 2 ? view[i] : 0))) / view[2 + (i % 2)]}%`;
    });
  }

  // ---- marks: what LiveMarks says, put into the picture ----
  function mover(root, prefix, mark) {
    const home = root.querySelector(`[id="${prefix}-${mark.id}"]`);
    const path = (style) => { const p = document.createElementNS(SVG, "path"); p.setAttribute("style", style); home.append(p); return p; };
    if (mark.lut) mark.table = bytes(mark.lut);
    if (mark.kind === "text") {
      const label = home.querySelector("text") || home;
      return (drawn) => { label.textContent = drawn; };
    }
    if (mark.kind === "image") {
      const canvas = document.createElement("canvas");
      return (drawn) => {
        canvas.width = drawn.width;
        canvas.height = drawn.height;
        canvas.getContext("2d").putImageData(new ImageData(drawn.pixels, drawn.width, drawn.height), 0, 0);
        const set = { href: canvas.toDataURL(), x: drawn.x, y: drawn.y, width: drawn.w, height: drawn.h, preserveAspectRatio: "none" };
        for (const key in set) home.setAttribute(key, set[key]);
      };
    }
    if (mark.kind === "bars") {
      const paths = mark.fills.map(path);
      return (drawn) => drawn.forEach((d, i) => paths[i].setAttribute("d", d));
    }
    if (mark.kind === "points") {
      const dots = [];
      return (drawn) => dot(home, dots, mark.marker, drawn);
    }
    const line = path(mark.stroke || mark.fill), dots = [];
    return (drawn) => {
      line.setAttribute("d", drawn.d);
      if (mark.marker) dot(home, dots, mark.marker, drawn.points.map(([x, y]) => ({ x, y, scale: 1, style: mark.point })));
    };
  }
  function dot(home, dots, shape, wanted) {
    while (dots.length < wanted.length) {
      const p = document.createElementNS(SVG, "path");
      p.setAttribute("d", shape);
      home.append(p);
      dots.push(p);
    }
    while (dots.length > wanted.length) dots.pop().remove();
    dots.forEach((p, i) => {
      const w = wanted[i];
      p.setAttribute("style", w.rgb ? `${w.style};fill:rgb(${w.rgb.join(",")})` : w.style);
      p.setAttribute("transform", `translate(${w.x.toFixed(2)} ${w.y.toFixed(2)}) scale(${w.scale})`);
    });
  }

  // spec: {prefix, controls, marks}; answer(state) gives the values, or a promise of them;
  // rested() is awaited after each picture before the next is asked for
  function mount(root, spec, answer, rested = () => {}) {
    const panel = root.querySelector(".live-controls"), picture = root.querySelector(".live-picture");
    const error = root.querySelector(".live-error"), note = root.querySelector(".live-note");
    const movers = spec.marks.map((mark) => mover(root, spec.prefix, mark));
    const under = (c) => spec.marks.find((m) => m.name === c.on && m.sx);
    const controls = spec.controls.map((c) => CONTROLS[c.kind](c, request, c.on && under(c)));
    const overlays = controls.map((c, i) => [c.overlay, spec.controls[i]]).filter(([overlay]) => overlay);
    const reset = make("button", { type: "button", class: "live-tool live-reset" }, "Reset");
    const start = () => controls.forEach((c) => c.set());
    reset.addEventListener("click", () => { start(); request(); });
    start();
    panel.replaceChildren(...controls.map((c) => c.element), ...(controls.length ? [reset] : []));
    picture.append(...overlays.map(([overlay]) => overlay));
    root.addEventListener("keydown", (event) => event.stopPropagation());
    root.setAttribute("data-lm-suppress-shortcuts", "true");

    let busy = false, stale = false, pictures = 0, speaking = 0, placed = false;
    function state() {
      return { values: controls.map((c) => c.value()), positions: controls.map((c) => (c.position ? c.position() : null)) };
    }
    function request() {
      if (busy) { stale = true; return; }
      busy = true;
      root.dataset.busy = "";                         // for whoever waits for the newest picture
      Promise.resolve().then(() => answer(state())).then(show, fail).then(rested).then(() => {
        busy = false;
        if (stale) { stale = false; request(); } else delete root.dataset.busy;
      });
    }
    function show(values) {
      const drawn = spec.marks.map((mark) => LiveMarks.draw(mark, values[mark.name]));
      movers.forEach((move, i) => move(drawn[i]));
      if (!placed) overlays.forEach(([overlay, c]) => place(overlay, c, under(c), values, viewBox(picture)));
      placed = true;
      error.hidden = true;
      clearTimeout(speaking);
      speaking = setTimeout(() => { note.textContent = drawn.filter((d) => typeof d === "string").join("; "); }, 500);
      root.dataset.pictures = ++pictures;
    }
    function fail(problem) {
      error.textContent = problem.message || String(problem);
      error.hidden = false;
      root.dataset.pictures = ++pictures;
    }
    request();
  }
  const viewBox = (picture) => { const v = picture.querySelector("svg").viewBox.baseVal; return [v.x, v.y, v.width, v.height]; };

  // ---- on a page: the traced kernel runs here ----
  const store = {};
  function constant(hash) {
    const c = store[hash];
    if (c.bytes !== undefined) store[hash] = LiveTensor.decode(bytes(c.bytes), c.dtype, c.shape, c.stored);
    return store[hash];
  }
  const nextFrame = () => new Promise((done) => requestAnimationFrame(done));
  function local(spec) {
    const loaded = {};
    return (state) => compute(spec, loaded, state);
  }
  function compute(spec, loaded, state) {
    const choices = spec.controls.map((c, i) => (c.kind === "choice" ? state.values[i] : null)).filter((v) => v !== null);
    const key = choices.join(",");
    if (spec.frames) return frame(spec, state);
    loaded[key] ??= { ...spec.programs[key], constants: spec.programs[key].constants.map(constant) };
    const inputs = [];
    spec.controls.forEach((c, i) => {
      const shape = { slider: [], bars: [c.n], mask: [c.height, c.width], pad: [2] }[c.kind];
      if (shape) inputs.push(LiveTensor.make({ dtype: c.kind === "mask" ? "bool" : "float32", shape }, state.values[i]));
    });
    return LiveTensor.run(loaded[key], inputs);
  }
  function frame(spec, state) {                     // mixed radix over the controls, the first slowest
    let index = 0;
    spec.controls.forEach((c, i) => {
      if (c.kind === "slider") index = index * (c.positions + 1) + state.positions[i];
      else if (c.kind === "choice") index = index * c.options.length + state.values[i];
      else for (const v of state.values[i]) index = index * 2 + v;
    });
    return Object.fromEntries(Object.entries(spec.frames).map(([name, { hash, shape, dtype }]) => {
      const n = shape.reduce((a, b) => a * b, 1);
      return [name, { dtype, shape, data: constant(hash).data.slice(index * n, (index + 1) * n) }];
    }));
  }
  function page() {
    for (const script of document.querySelectorAll("script.live-store")) Object.assign(store, JSON.parse(script.textContent));
    for (const root of document.querySelectorAll("figure.live")) {
      const script = root.querySelector("script.live-spec");
      if (!script || root.dataset.mounted) continue;
      root.dataset.mounted = "page";
      const spec = JSON.parse(script.textContent);
      mount(root, spec, local(spec), nextFrame);
    }
  }

  // ---- in JupyterLab: the kernel answers ----
  const ARRAYS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array };
  function widget({ model, el }) {
    const view = Math.random().toString(36).slice(2), waiting = new Map();
    let id = 0;
    function ask(content, buffers = []) {
      return new Promise((resolve, reject) => {
        const number = ++id;
        const greets = content.kind === "hello"; // it stands behind the cells that still run, however long; a state ages
        const late = setTimeout(() => {
          if (greets) return void (el.textContent = "The notebook's kernel is busy: this figure comes when it is idle. If the kernel is gone, run this cell again.");
          waiting.delete(number);
          reject(new Error("The notebook's kernel does not answer: it is busy or gone. Run this cell again when it is idle."));
        }, greets ? 2000 : 20000);
        waiting.set(number, (message, data) => {
          clearTimeout(late);
          if (message.error) reject(new Error(message.error));
          else resolve([message, data]);
        });
        model.send({ ...content, view, id: number }, undefined, buffers);
      });
    }
    function receive(message, data) {
      if (message.view !== view || !waiting.has(message.id)) return;
      const done = waiting.get(message.id);
      waiting.delete(message.id);
      done(message, data);
    }
    model.on("msg:custom", receive);
    ask({ kind: "hello" }).then(([{ html, spec }]) => {
      el.innerHTML = html;
      mount(el.querySelector("figure.live"), spec, async ({ values }) => {
        const choices = {}, numbers = [];
        spec.controls.forEach((c, i) => { if (c.kind === "choice") choices[c.name] = values[i]; else numbers.push(...values[i]); });
        const [{ outputs }, data] = await ask({ kind: "state", choices }, [new Float32Array(numbers).buffer]);
        return Object.fromEntries(outputs.map(([name, dtype, shape], i) => {
          const b = data[i], raw = b.buffer ? b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength) : b;
          return [name, { dtype, shape, data: new ARRAYS[dtype](raw) }];
        }));
      });
    }).catch((problem) => { el.textContent = problem.message; });
    return () => model.off("msg:custom", receive);
  }

  if (typeof document !== "undefined" && typeof LiveTensor !== "undefined") {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", page);
    else page();
  }
  return { mount, widget };
})();
