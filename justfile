# The project's recipes. ./dev RECIPE runs one, on a machine with nothing but Python.

set shell := ["sh", "-eu", "-c"]
set positional-arguments

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")
export PYTHONDONTWRITEBYTECODE := "" # tests start hundreds of processes, which would each compile every module

# List the recipes.
default:
    @just --list

# Send a campaign to people and scanners, and show who was who.
demo *args:
    @clicktrail demo "$@"

# Run edge and engine.
serve *args:
    @clicktrail serve "$@"

# Format, lint, types, direction of imports, generated documentation.
check:
    ruff format --check
    ruff check
    mypy
    lint-imports
    python docs/generate.py --check

# Repair what can be repaired by a machine.
fix:
    ruff check --fix
    ruff format
    python docs/generate.py

# Run the tests with branch coverage: one process more than cores, because many tests wait for servers.
test *args: (programs "test")
    @coverage erase
    coverage run -m pytest --numprocesses "$(($(nproc) + 1))" --dist worksteal "$@"
    @coverage combine --quiet
    coverage report --skip-covered --skip-empty

# Tell people from scanners in populations whose truth is known, by the judge and by others' rules.
accuracy *args:
    @python -m bench.accuracy "$@"

# Bend real mail out of shape and look for what breaks, for as long as one likes.
fuzz *args:
    @python -m bench.fuzz "$@"

# Ask for a million links that nobody sealed, or as many as one likes: none redirects.
forge count="1000000":
    @CLICKTRAIL_FORGED_LINKS="{{count}}" pytest -q tests/server/edge/test_forged_links.py

# Kill workers, engine, or all, under load and again and again: no answered click is lost, and none counted twice.
torture *args:
    @python -m bench.torture "$@"

# Take the documentation's pictures anew, of the demo's campaign in the console.
screenshots *args: (programs "test")
    @python -m bench.screenshots "$@"

# Run one bench of bench/.
bench name *args: (programs "bench")
    @uv sync --quiet --locked --inexact --all-extras --group bench
    @shift; python -m "bench.{{name}}" "$@"

# Programs that are on neither PyPI nor npm: installed where that can be done, named where it can't.
[private]
programs for:
    @sh bench/programs.sh "{{for}}"
