// What a page does beside its figures: colours, contents in view, menus, copying.
"use strict";

const themes = {
  auto: "as the system has them",
  light: "light",
  dark: "dark",
};

function wearTheme(name) {
  document.documentElement.dataset.theme = name;
  const button = document.querySelector("button.theme");
  button.setAttribute("aria-label", `Colours: ${themes[name]}`);
  button.title = `Colours: ${themes[name]}`;
}

function nextTheme() {
  const names = Object.keys(themes);
  const name = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  wearTheme(name);
  try {
    localStorage.setItem("theme", name);
  } catch {
    // private windows may forbid storage; the page still changes
  }
}

// Marks in the margin the section being read: the last one that began above the middle.
function followReading() {
  const links = [...document.querySelectorAll(".contents a[href^='#']")];
  const sections = links
    .map((link) => [link, document.getElementById(link.hash.slice(1))])
    .filter(([, section]) => section);
  const mark = () => {
    const middle = innerHeight / 2;
    const begun = sections.filter(([, s]) => s.getBoundingClientRect().top < middle);
    for (const link of links) link.removeAttribute("aria-current");
    begun.at(-1)?.[0].setAttribute("aria-current", "true");
  };
  addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
  mark();
}

function closeMenus() {
  const menu = document.querySelector("details.menu");
  addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

function offerCopies() {
  for (const code of document.querySelectorAll(":is(.cell_input, .lib) .highlight")) {
    const button = document.createElement("button");
    button.className = "copy";
    button.type = "button";
    button.textContent = "copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.querySelector("pre").textContent);
      button.textContent = "copied";
      setTimeout(() => (button.textContent = "copy"), 1500);
    });
    code.append(button);
  }
}

// What scrolls sideways must be within reach of the keyboard.
function letKeysScroll() {
  for (const box of document.querySelectorAll("main :is(pre, table, .katex-display)")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

wearTheme(document.documentElement.dataset.theme);
document.querySelector("button.theme").addEventListener("click", nextTheme);
followReading();
closeMenus();
offerCopies();
letKeysScroll();
addEventListener("resize", letKeysScroll);
document.addEventListener("toggle", letKeysScroll, true);
