# What app/run, tests/run and bench/run share: packages and builds on Debian 12. Source it, do not run it.
# shellcheck shell=bash
# shellcheck disable=SC2034  # install_for reads the package lists by name

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# --- Packages by purpose --------------------------------------------------------------------------

build_packages=(
  build-essential
  ccache
  cmake
  libcli11-dev
  libfmt-dev
  libgmock-dev  # every preset but bench is configured with the tests
  libgtest-dev
  libhwy-dev
  libmd4c-dev
  libopenblas-pthread-dev  # its threads stay off; the serial build is not safe to call from several
  libpcre2-dev
  libutf8proc-dev
  libyaml-cpp-dev
  ninja-build
  nlohmann-json3-dev
  pkg-config
  zlib1g-dev
)

qt_packages=(
  qt6-base-dev  # brings the platform plugins too
  qt6-declarative-dev
  qt6-svg-dev
)

# What the built programs load while they run. A qml6-module depends on libraries only, never on
# another module, so every module that anything imports is named here.
run_packages=(
  fonts-dejavu-core  # the fallback for glyphs that Inter lacks
  fonts-inter
  fonts-jetbrains-mono
  fonts-noto-color-emoji
  libgl1-mesa-dri  # draws on machines without a graphics driver
  libqt6sql6-sqlite
  qml6-module-qt-labs-folderlistmodel  # QtQuick.Dialogs imports it
  qml6-module-qt-labs-platform
  qml6-module-qt-labs-qmlmodels
  qml6-module-qt-labs-settings
  qml6-module-qtcore
  qml6-module-qtqml
  qml6-module-qtqml-models
  qml6-module-qtqml-workerscript
  qml6-module-qtquick
  qml6-module-qtquick-controls
  qml6-module-qtquick-dialogs
  qml6-module-qtquick-layouts
  qml6-module-qtquick-shapes
  qml6-module-qtquick-templates
  qml6-module-qtquick-window
)

test_packages=(
  qml6-module-qttest
  xauth  # xvfb-run needs it
  xdotool
  xvfb
)

# What makes the starter model's text.
starter_packages=(
  python3-minimal
)

lint_packages=(
  clang-format
  clang-tidy
  git  # says which files belong to the project and which have changed
  qt6-qmllint-plugins
)

fail() {
  echo "$*" >&2
  exit 1
}

# install_for PURPOSE...: installs what is missing of PURPOSE_packages; costs one query when nothing is.
install_for() {
  local purpose wanted=()
  for purpose in "$@"; do
    local -n packages=${purpose}_packages
    wanted+=("${packages[@]}")
  done
  if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian system: install the equivalents of these by hand: ${wanted[*]}" >&2
    return
  fi
  local installed missing=() package
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null) || true
  for package in "${wanted[@]}"; do
    [[ $'\n'"$installed"$'\n' == *$'\n'"installed $package"$'\n'* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  local as_root=(env)
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "Packages are missing, and only root may install them. Run as root:
  apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo env)
  fi
  echo "Installing ${#missing[@]} missing packages: ${missing[*]}"
  as_root+=(DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0)
  "${as_root[@]}" update ||
    echo "The package lists could not all be refreshed; trying with those that are here." >&2
  "${as_root[@]}" install --yes --no-install-recommends "${missing[@]}" ||
    fail "The packages above could not be installed; the lines before this say why."
}

# --- Builds ---------------------------------------------------------------------------------------

# Prints how many compilers may run at once: one per processor, and 1.5 GB of memory for each.
parallel_jobs() {
  local jobs by_memory
  jobs=$(nproc)
  if [[ -r /proc/meminfo ]]; then
    by_memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo)
    ((by_memory >= jobs)) || jobs=$by_memory
  fi
  echo $((jobs > 0 ? jobs : 1))
}

# configure PRESET: brings build/PRESET up to date with the presets and every CMakeLists.txt.
configure() {
  # Relative paths let every checkout on this machine share what ccache has.
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  local folder=$root/build/$1
  if [[ $folder/build.ninja -nt $root/CMakePresets.json ]]; then
    ninja --quiet -C "$folder" build.ninja || fail "Configuring build/$1 failed."
  else
    (cd "$root" && cmake --preset "$1") || fail "Configuring build/$1 failed."
    touch "$folder/build.ninja"  # CMake keeps the old date when it writes the same text
  fi
}

# has_target PRESET TARGET: whether the configured build knows the target.
has_target() {
  ninja -C "$root/build/$1" -t query "$2" >/dev/null 2>&1
}

# configure_and_build PRESET [TARGET...]: all targets when none is named.
configure_and_build() {
  local preset=$1
  shift
  configure "$preset"
  local targets=()
  (($# == 0)) || targets=(--target "$@")
  (cd "$root" &&
    cmake --build --preset "$preset" --parallel "$(parallel_jobs)" ${targets[@]+"${targets[@]}"}) ||
    fail "Building ${*:-everything} in build/$preset failed."
}
