// Sphinx's search finds pages; this puts them in order, and shows where on each and why.
"use strict";

// Chapters explain, glossary and exercises come next, answers give away: they are last.
const KINDS = [
  [/^(\d|index$)/, "Chapter"],
  [/^glossary$/, "Glossary"],
  [/^exercises\//, "Exercises"],
  [/^lib\/(?!index$)/, "Code"],
  [/^(?!solutions\/)/, "Page"],
  [/^solutions\//, "Answers"],
];
const AROUND = 110; // characters of an excerpt on either side of what was found
const WORD = /[\p{L}\p{N}_]+/gu;

// British and American spellings are one word, here and in the index that Sphinx wrote.
const English = window.Stemmer;
const spellings = SPELLINGS.map(([old, one]) => [new RegExp(old), one]);
window.Stemmer = class {
  english = new English();

  stemWord(word) {
    const one = (written, [old, better]) => written.replace(old, better);
    return this.english.stemWord(spellings.reduce(one, word.toLowerCase()));
  }
};

const stemmer = new window.Stemmer();
const stems = new Map();

function stemOf(word) {
  if (!stems.has(word)) stems.set(word, stemmer.stemWord(word));
  return stems.get(word);
}

function stemsOf(text) {
  return (text.match(WORD) ?? []).map(stemOf);
}

function isHit(stem, wanted) {
  return wanted.some((w) => stem === w || (w.length > 3 && stem.startsWith(w)));
}

function kindOf(page) {
  return KINDS.findIndex(([names]) => names.test(page));
}

// How much a section says of the words: in its title, in prose, in code.
function weigh([title, , text, code], wanted) {
  const [heading, prose, names] = [title, text, code].map(stemsOf);
  const sums = wanted.map((word) => {
    const count = (some) => some.filter((stem) => isHit(stem, [word])).length;
    const often = count(prose) + (count(names) ? 1 : 0);
    return (count(heading) ? 12 : 0) + 2 * Math.log2(1 + often);
  });
  const met = sums.filter((sum) => sum > 0).length / sums.length;
  return sums.reduce((a, b) => a + b, 0) * met * met;
}

// The glossary knows where a word is explained, and what else it is called.
function explained(wanted) {
  const pages = new Map();
  for (const [title, , , , links] of SECTIONS.glossary ?? []) {
    const names = stemsOf(title);
    if (!links || !wanted.every((word) => names.includes(word))) continue;
    const worth = wanted.length / names.length;
    for (const page of links) {
      if (worth > (pages.get(page)?.worth ?? 0)) pages.set(page, { worth, names });
    }
  }
  return pages;
}

// Whether a section of lib's pages is the home of a name typed in full: moe.route.
function isNamed([title, anchor], query) {
  return /[._]/.test(query) && `.${anchor || title}`.endsWith(`.${query}`);
}

function resultOf(page, query, wanted, explanation) {
  const sections = SECTIONS[page];
  const isCode = page.startsWith("lib/");
  const named = isCode && sections.find((section) => isNamed(section, query));
  let words = wanted;
  let weights = sections.map((section) => weigh(section, words));
  if (explanation && !Math.max(...weights)) {
    words = explanation.names;
    weights = sections.map((section) => weigh(section, words));
  }
  const best = Math.max(...weights);
  const section = named || sections[weights.indexOf(best)];
  const titled = wanted.every((word) => isHit(word, stemsOf(sections[0][0])));
  const total = weights.reduce((a, b) => a + b, 0);
  return {
    page,
    title: sections[0][0],
    section,
    words,
    kind: named ? -1 : kindOf(page),
    weight: best + total / 10 + (titled ? 30 : 0) + 60 * (explanation?.worth ?? 0),
  };
}

// Everything that is found, best first.
function rank(query) {
  const parsed = Search._parseQuery(query);
  const wanted = [...parsed[1]];
  if (!wanted.length) return [];
  const found = Search._performSearch(...parsed).map(([page]) => page);
  const pages = explained(wanted);
  const known = new Set([...found, ...pages.keys()].filter((page) => page in SECTIONS));
  return [...known]
    .map((page) => resultOf(page, query.trim(), wanted, pages.get(page)))
    .sort((a, b) => a.kind - b.kind || b.weight - a.weight);
}

// The words around the first hit, or a section's beginning: [text, whether marked].
function excerpt(text, wanted) {
  const hits = [...text.matchAll(WORD)].filter((m) => isHit(stemOf(m[0]), wanted));
  const middle = hits[0]?.index ?? 0;
  const start = middle < AROUND ? 0 : text.indexOf(" ", middle - AROUND) + 1;
  const end = Math.min(text.length, middle + 2 * AROUND);
  const cut = end < text.length ? text.lastIndexOf(" ", end) : end;
  const pieces = [[start ? "… " : "", false]];
  let place = start;
  for (const { 0: word, index } of hits.filter((hit) => hit.index < cut)) {
    pieces.push([text.slice(place, index), false], [word, true]);
    place = index + word.length;
  }
  pieces.push([text.slice(place, Math.max(place, cut)), false]);
  pieces.push([cut < text.length ? " …" : "", false]);
  return pieces.filter(([piece]) => piece);
}

function element(name, words, properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...words);
  return made;
}

function shown({ page, title, section: [heading, anchor, text], words }) {
  const kind = KINDS[kindOf(page)][1];
  const number = page.match(/^(\d\w*?)_/)?.[1];
  const label = number ? `${kind} ${number}` : page === "index" ? "Front page" : kind;
  const link = element("a", [title], { href: `${page}.html` });
  const item = element("li", [element("small", [label]), link]);
  if (anchor) {
    const href = `${page}.html#${anchor}`;
    item.append(element("a", [heading], { href, className: "section" }));
  }
  const around = excerpt(text, words);
  const marked = around.map(([piece, hit]) => (hit ? element("mark", [piece]) : piece));
  if (text) item.append(element("p", marked));
  return item;
}

Search.query = (query) => {
  const results = rank(query);
  Search.stopPulse();
  Search.title.textContent = results.length
    ? `${results.length} ${results.length > 1 ? "pages" : "page"} for “${query}”`
    : `Nothing has all the words of “${query}”`;
  Search.output.append(...results.map(shown));
};
