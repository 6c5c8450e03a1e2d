// What a reader guessed, as a widget's model has it: the notebook's kernel keeps it.

/** Keeps guesses as keep.js does, in the trait `said` of a widget's model; end() ends that. */
export function modelKeeper(model) {
  const watching = [];
  const all = () => model.get("said");
  const set = (said) => {
    model.set("said", said);
    model.save_changes();
  };
  return {
    all,
    put: (question, entry) => set({ ...all(), [question]: entry }),
    forget(questions) {
      const kept = Object.entries(all()).filter(([question]) => !questions.includes(question));
      set(Object.fromEntries(kept));
    },
    watch(changed) {
      watching.push(changed);
      model.on("change:said", changed);
    },
    end() {
      for (const changed of watching) model.off("change:said", changed);
    },
  };
}
