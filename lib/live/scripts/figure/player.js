// The hands on a run: train, pause, one step, restart, how fast, and with which seed.

import { element, tool } from "../controls/elements.js";

const MANY = 1e6;
// Steps in a picture at most, the milliseconds that they may take, and a rest between pictures.
const PACES = {
  fast: { steps: MANY, ms: 12, rest: 0 },
  "a step a picture": { steps: 1, ms: 12, rest: 0 },
  slow: { steps: 1, ms: 12, rest: 250 },
};
const CALM = 1000; // ms between pictures for who wants little motion
const SEEDS = 999;

/**
 * The hands on a run in a figure's element `root`: {element, move(), moved(), restart(), stop()}.
 *
 * run: {steps, named, random}; only one that is random has a seed to choose.
 * request() asks for the next picture; then move() says what is to be done for it, as
 * learning.js takes it, and moved({steps, lost}) is told how the run stands. Nothing moves by
 * itself: it waits for the button, or for a space on the picture, and stops when out of sight.
 */
export function playerOf(root, { steps: last, named, random }, request) {
  let playing = false;
  let wanted = {}; // by a button, for the next picture
  let done = 0;
  let goal = last; // where it stops
  let quiet = false; // whether the latest picture was left out
  let shown = 0; // when the latest picture was asked for

  const want = (move) => {
    wanted = { ...wanted, ...move };
    request();
  };
  const seed = () => Math.min(Math.max(Math.round(Number(seeds.value)) || 1, 1), SEEDS);
  const restart = () => {
    done = 0;
    want({ seed: seed() });
  };
  const play = () => {
    if (done >= last) restart();
    playing = true;
    tell();
    request();
  };
  const stop = () => {
    playing = false;
    tell();
  };
  const turn = () => (playing ? stop() : play());
  const one = () => {
    stop();
    want({ steps: 1, ms: MANY });
  };

  const button = tool({ class: "live-tool live-play" }, named, turn);
  const options = Object.keys(PACES).map((name) => element("option", {}, name));
  const pace = element("select", {}, ...options);
  const seeds = element("input", { type: "number", min: 1, max: SEEDS, value: 1 });
  seeds.addEventListener("change", restart);
  const count = element("span", { class: "live-count" });
  const tell = () => {
    button.textContent = playing ? "Pause" : named;
    root.dataset.playing = playing;
    root.dataset.steps = done;
    count.textContent = `${done.toLocaleString("en")} of ${last.toLocaleString("en")} steps`;
  };
  tell();
  root.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches(".live-walk, [type=range]")) return;
    event.preventDefault();
    if (!button.closest("[inert]")) turn();
  });
  document.addEventListener("visibilitychange", () => document.hidden && stop());
  new IntersectionObserver(([seen]) => seen.isIntersecting || stop()).observe(root);

  return {
    element: element(
      "div",
      { class: "live-player", role: "group", "aria-label": "The run" },
      button,
      tool({ class: "live-tool" }, "One step", one),
      tool({ class: "live-tool" }, "Restart", restart),
      element("label", {}, "Speed ", pace),
      random ? element("label", {}, "Seed ", seeds) : "",
      count,
    ),
    stop,
    /** Begin again, and play so many steps, if any. */
    restart(steps = 0) {
      goal = steps || last;
      playing = steps > 0;
      restart();
      tell();
    },
    move() {
      const { steps, ms } = PACES[pace.value];
      quiet = playing && isCalm() && Date.now() - shown < CALM;
      if (!quiet) shown = Date.now();
      const move = {
        ...(playing && { steps: Math.min(steps, goal - done), ms, quiet }),
        ...wanted,
      };
      wanted = {};
      return move;
    },
    moved(run) {
      if (!run || wanted.seed) return request(); // how it stands now is not known yet
      done = run.steps;
      if (run.lost || done >= goal) {
        playing = false;
        goal = last;
        if (quiet) request();
      }
      tell();
      if (run.lost) count.textContent = lostAfter(done);
      if (playing) setTimeout(request, PACES[pace.value].rest);
    },
  };
}

const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const lostAfter = (n) =>
  `After step ${n} the numbers were no longer finite, and it stopped. Restart begins again.`;
