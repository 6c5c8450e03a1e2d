// What a reader guessed, in the browser's storage, or until the page is closed; by question.

const KEY = "live-papers";
const CHANGED = "live-guesses";
let memory = {}; // where storage is forbidden

/** Keeps guesses for a page: {all(), put(question, entry), forget(questions), watch(changed)}. */
export const keeper = {
  all() {
    try {
      memory = JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      // forbidden, or damaged: what this page knows
    }
    return memory;
  },
  put(question, entry) {
    const page = pageName();
    write({ ...keeper.all(), [question]: { page, ...entry } });
  },
  forget(questions) {
    const kept = Object.entries(keeper.all()).filter(([question]) => !questions.includes(question));
    write(Object.fromEntries(kept));
  },
  watch(changed) {
    document.addEventListener(CHANGED, changed);
  },
};

/** The name of a page without its folder and its ending. */
export function pageName() {
  return location.pathname.replace(/.*\/|\.\w+$/g, "");
}

/** The keeper, unless a teacher turned the asking off in this page's address, or in one before. */
export function asker() {
  let said = new URLSearchParams(location.search).get("guess");
  try {
    said ??= sessionStorage.getItem(KEY);
    sessionStorage.setItem(KEY, said ?? "");
  } catch {
    // only this page is meant
  }
  return said === "off" ? undefined : keeper;
}

function write(all) {
  memory = all;
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // it lasts until the page is closed
  }
  document.dispatchEvent(new Event(CHANGED));
}
