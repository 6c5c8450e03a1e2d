# Everything a reader or an author types. `make` alone lists it; tools/words.py says what
# each word does, and without make `python tools/setup.py WORD` does the same.
# CHAPTER=05, or its whole name, is the chapter for html, grade, reset, train and weather;
# PYTHON names another Python; ARGS go to the program behind a word, such as JupyterLab:
# make lab ARGS="--no-browser". GUESS=off opens JupyterLab with figures that do not ask.

PYTHON ?= python3
WORDS := $(or $(MAKECMDGOALS),help)

.PHONY: $(WORDS)
.NOTPARALLEL:

$(WORDS):
	@$(PYTHON) tools/setup.py $@ $(if $(CHAPTER),--chapter $(CHAPTER)) $(if $(GUESS),--guess=$(GUESS)) $(NAME) $(ARGS)
