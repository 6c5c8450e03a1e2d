"""The search page's scripts in V8, without a browser: what a query finds."""

import json

from course import v8

# What Sphinx's scripts ask of a browser before anything is shown.
NO_BROWSER = """
var window = globalThis, SPHINX_HIGHLIGHT_ENABLED = false;
var document = { getElementById: () => null }, _ready = () => {}, _ = (text) => text;
"""
FILES = (
    "_static/searchtools.js",
    "_static/language_data.js",
    "searchindex.js",
    "sections.js",
    "_static/search.js",
)


class Engine:
    """The search of one built site."""

    def __init__(self, site):
        scripts = [(site / name).read_text("utf8") for name in FILES]
        self.racer = v8.context(NO_BROWSER, *scripts)
        self.racer.eval(
            "var stems_of = stemsOf, found = (q) => JSON.stringify(rank(q));"
        )
        self.racer.eval("var cut = (t, q) => JSON.stringify(excerpt(t, stemsOf(q)));")

    def __call__(self, query):
        """Results in order: page, title, section, words, kind, weight."""
        return json.loads(self.racer.call("found", query))

    def excerpt(self, text, query):
        return json.loads(self.racer.call("cut", text, query))

    def stems(self, text):
        return list(self.racer.call("stems_of", text))
