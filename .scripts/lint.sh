#!/usr/bin/env bash
# What tests/run --lint runs: every check even when one fails, then a non-zero exit if any did.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"

# Our C++ files that match PATTERN..., those that git does not know yet included.
our_files() {
  git ls-files --cached --others --exclude-standard -- "$@"
}

# The sources that differ from main: committed, changed or new.
changed_sources() {
  local base
  base=$(git merge-base HEAD main 2>/dev/null || git merge-base HEAD origin/main 2>/dev/null || echo HEAD)
  git diff --name-only --diff-filter=d "$base" -- '*.cpp'
  git ls-files --others --exclude-standard -- '*.cpp'
}

# Keeps the names whose file is there and which the build compiles.
compiled() {
  local file
  while read -r file; do
    if grep --quiet --fixed-strings "\"$root/$file\"" build/release/compile_commands.json; then
      echo "$file"
    fi
  done
}

check_format() {
  our_files '*.cpp' '*.h' | xargs --no-run-if-empty clang-format --dry-run -Werror
}

check_tidy() {
  compiled | xargs --no-run-if-empty --max-args=1 --max-procs="$(parallel_jobs)" \
    clang-tidy --quiet -p build/release 2>&1 |
    sed '/ warnings\? generated\.$/d'  # those were in other people's headers
}

check_qml() {
  ! has_target release all_qmllint || configure_and_build release all_qmllint
}

main() {
  local status=0 sources
  install_for build qt run test lint

  echo "Formatting"
  check_format || status=1
  echo "clang-tidy"
  configure_and_build release  # what Qt generates must be there
  if [[ ${1:-} == all ]]; then
    sources=$(our_files '*.cpp')
  else
    sources=$(changed_sources)
  fi
  check_tidy <<<"$sources" || status=1
  echo "qmllint"
  check_qml || status=1
  if ((status)); then
    echo "Lint found something to mend: see above."
  else
    echo "Lint is clean."
  fi
  exit "$status"
}

main "$@"
