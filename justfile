# The project's recipes. ./dev RECIPE runs one, on a machine that has only Python.

set shell := ["sh", "-eu", "-c"]
set positional-arguments

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")
export PYTHONDONTWRITEBYTECODE := "" # tests start hundreds of processes, which would each compile every module

# List the recipes.
default:
    @just --list

# Send a campaign to simulated people and scanners, and compare verdicts with the truth.
demo *args:
    @clicktrail demo "$@"

# Run the server.
serve *args:
    @clicktrail serve "$@"

# Format, lint, types, direction of imports, generated documentation.
check:
    ruff format --check
    ruff check
    mypy
    lint-imports
    python docs/generate.py --check

# Format, fix lint errors, and generate documentation.
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

# Measure the accuracy of the judge and of other products' rules on simulated events.
accuracy *args:
    @python -m bench.accuracy "$@"

# Check the invariants of rewriting on mutated real mail.
fuzz *args:
    @python -m bench.fuzz "$@"

# Request a million forged tracking URLs, or another number: none may lead elsewhere than it was sent.
forge count="1000000":
    @CLICKTRAIL_FORGED_LINKS="{{count}}" pytest -q tests/server/edge/test_forged_links.py

# Break something under load: no answered click may be lost or counted twice.
torture *args:
    @python -m bench.torture "$@"

# Take the documentation's screenshots of the console and of an audit.
screenshots *args: (programs "test")
    @python -m bench.screenshots "$@"

# Run one bench of bench/.
bench name *args: (programs "bench")
    @uv sync --quiet --locked --inexact --all-extras --group bench
    @shift; python -m "bench.{{name}}" "$@"

# Install the programs that are on neither PyPI nor npm, or print their names.
[private]
programs for:
    @sh bench/programs.sh "{{for}}"
