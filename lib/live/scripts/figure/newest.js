// One request at a time: the newest state wins, and those in between are never asked for.

/**
 * A function that asks for make(), which is awaited before it is called again.
 *
 * What is asked meanwhile becomes one more call. Until the last is done, `root` has data-busy,
 * for whoever waits for the newest picture.
 */
export function newestOnly(root, make) {
  let busy = false;
  let stale = false;
  return async function request() {
    stale = true;
    if (busy) return;
    busy = true;
    root.dataset.busy = "";
    while (stale) {
      await undefined; // the rest of the event that asked comes first
      stale = false;
      await make();
    }
    busy = false;
    delete root.dataset.busy;
  };
}
