#!/usr/bin/env bash
# labgrid and pytest-embedded in one environment: each has a fixture `target`, and which one a test gets is up to their order.
#
# Guess, written down first: both plugins work side by side, since their options differ: with --lg-env a test that asks for
# `target` gets labgrid's place, with --target esp32 pytest-embedded's "esp32"; or else pytest says that a name is taken twice.
# Seen (labgrid 26.0.1, pytest-embedded 2.9.3, pytest 9.2.0): pytest says nothing. The plugin that is registered last wins for
# all tests. If that is labgrid, a test of pytest-embedded is *skipped* ("missing environment config") and the run ends with
# status 0; if it is pytest-embedded, a test of labgrid gets None. Loaded by their entry points, the order is that in which
# Python lists the installed packages. So: one environment for each, or name both with -p in the order that is wanted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check labgrid==26.0.1 pytest-embedded==2.9.3 pytest==9.2.0
cat > env.yaml <<'YAML'
targets:
  main:
    resources:
      RawSerialPort:
        port: "/dev/null"
YAML
cat > test_labgrid.py <<'PY'
def test_place(target):
    assert getattr(target, "name", None) == "main", repr(target)
PY
cat > test_embedded.py <<'PY'
def test_chip(target):
    assert target == "esp32"
PY
seen=
for order in "labgrid.pytestplugin pytest_embedded.plugin" "pytest_embedded.plugin labgrid.pytestplugin"; do
  for arguments in "--lg-env env.yaml test_labgrid.py" "--target esp32 test_embedded.py"; do
    status=0
    # shellcheck disable=SC2086 (words on purpose)
    told=$(PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 venv/bin/python -m pytest -q -rs $(printf -- '-p %s ' $order) $arguments) || status=$?
    result=$(grep -oE '[0-9]+ (passed|failed|skipped)' <<< "$told" | tail -n 1)
    echo "registered: $order; pytest $arguments: $result, status $status"
    seen="$seen$result $status;"
  done
done
[ "$seen" = "1 failed 1;1 passed 0;1 passed 0;1 skipped 0;" ] || { echo "CHANGED: $seen"; exit 1; }
echo "as seen before"
