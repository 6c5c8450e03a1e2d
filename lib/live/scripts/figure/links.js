// Links that put a figure into a state: "#live2?rate=0.01" the second one of a page, and
// "#live?rate=0.01" the last before the link that has such controls, or else the next.

import { tool } from "../controls/elements.js";

const FORM = /^#(live\d*)\?(.*)$/;
const SAID = 2000; // ms that a button says what it did

/** Let the links in a document move its figures, once, however many widgets ask for it. */
export function heedLinks() {
  if ("liveLinks" in document.body.dataset) return;
  document.body.dataset.liveLinks = "";
  document.addEventListener("click", heed, true); // before JupyterLab, which looks for headings
}

/** Put the figure that an address names where it says, and bring it into view. */
export function openAt(hash) {
  const [, id, state] = FORM.exec(hash) ?? [];
  const figure = id && document.getElementById(id);
  if (figure) show(figure, state, "center");
}

/** A button that copies the address of a figure as it stands; state() says how it does. */
export function copier(root, state) {
  const button = tool({ class: "live-tool", "aria-live": "polite" }, "Copy link", async () => {
    const address = `${location.href.replace(/#.*/, "")}#${root.id}?${state()}`;
    history.replaceState(null, "", address);
    const copied = navigator.clipboard?.writeText(address) ?? Promise.reject();
    button.textContent = await copied.then(
      () => "Copied",
      () => "It stands in the address bar",
    );
    setTimeout(() => button.replaceChildren("Copy link"), SAID);
  });
  return button;
}

function heed(event) {
  const link = event.target.closest?.('a[href*="#live"]');
  const [, id, state] = FORM.exec(link?.hash ?? "") ?? [];
  const figure = id && (document.getElementById(id) ?? nearest(link, state));
  if (!figure) return;
  event.preventDefault();
  event.stopPropagation();
  show(figure, state, "nearest");
}

function nearest(link, state) {
  const home = link.closest(".jp-Notebook") ?? document; // JupyterLab shows several notebooks
  const names = [...new URLSearchParams(state).keys()];
  const has = (figure, name) => figure.querySelector(`[data-control="${CSS.escape(name)}"]`);
  const figures = [...home.querySelectorAll("figure.live")];
  const able = figures.filter((figure) => names.every((name) => has(figure, name)));
  const isBefore = (figure) => link.compareDocumentPosition(figure) & 2;
  return able.filter(isBefore).at(-1) ?? able[0];
}

function show(figure, state, block) {
  figure.dispatchEvent(new CustomEvent("live-show", { detail: state }));
  figure.scrollIntoView({ block });
}
