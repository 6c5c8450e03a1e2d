# Everything a reader or an author types. `make` alone lists it.
# CHAPTER=05, or its whole name, is the chapter that html, grade, reset and train are for;
# PYTHON names another Python; ARGS are JupyterLab's own: make lab ARGS="--no-browser".

PYTHON ?= python3
RUN := .venv/bin/python
COURSE := @$(RUN) -m course
# nbval is for the tests that call it; each worker would take seconds to load it.
PYTEST := OMP_NUM_THREADS=1 $(RUN) -m pytest -p no:nbval
ONE := $(if $(CHAPTER),--chapter $(CHAPTER))

# Torch's threads sleep while they wait: spinning, two of them on a busy machine with two
# cores are many times slower than one.
OMP_WAIT_POLICY ?= PASSIVE
export OMP_WAIT_POLICY
# Each of many processes would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help ready lab test quick html notebooks grade reset progress doctor times
.PHONY: train bench check lock clean dist new-chapter

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 22

ready:
	@$(PYTHON) tools/setup.py

lab: notebooks ## set up, make the notebooks, open JupyterLab on the front page
	@JUPYTER_CONFIG_PATH="$(CURDIR)/course/jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
	  $(RUN) -m jupyterlab $(ARGS)

test: ready ## set up and run every test
	$(COURSE) notebooks --check
	$(COURSE) html
	$(PYTEST) -n $$($(RUN) -c "import os; print(os.cpu_count() + 1)") \
	  --dist loadfile --no-loadscope-reorder  # one more than cores: browsers let it wait

quick: ready ## the fast tests, about a minute
	$(PYTEST) -n logical -m "not slow and not browser"

html: ready ## the site, in build/html
	$(COURSE) html $(ONE)

notebooks: ready ## the notebooks from source/; your own changes stay
	$(COURSE) notebooks

dist: ready ## the site and the course in one zip, for a stick
	$(COURSE) dist

new-chapter: ready ## begin a chapter: make new-chapter NAME=14_world_models
	$(COURSE) new-chapter $(NAME)

grade: ready ## mark your exercises (CHAPTER=05 for one chapter)
	$(COURSE) grade $(ONE)

reset: ready ## start CHAPTER=05 again; a copy of your work is kept
	$(COURSE) reset $(ONE)

progress: ready ## what you have answered so far
	$(COURSE) progress

doctor: ready ## what this machine lacks, what for, and how to get it
	$(COURSE) doctor

times: ready ## seconds of one core that each chapter took when last executed
	$(COURSE) times

train: ready ## measure again what CHAPTER=05 has no time for; minutes to hours
	$(COURSE) train $(ONE)

bench: ready ## speed against other libraries, and of the live figures
	@$(RUN) -m bench

check: ready ## lint, format, types
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy

lock: ready ## write requirements.lock from .venv (its first lines say how)
	$(RUN) tools/setup.py lock

clean: ## remove what was built; notebooks, marks and .venv stay
	rm -rf build/html build/pages build/cache build/figures
