#!/usr/bin/env bash
#: Installs what genbid needs and builds it: build/release/genbid. Safe to run again.
#:
#: usage: scripts/setup.sh [options] [-DNAME=VALUE ...]
#:   --cuda         fetch LibTorch with all CUDA libraries (2.6 GB) for a machine with a GPU
#:   --arrow        fetch the Arrow C++ libraries (55 MB) for the plugin that reads and writes Parquet, once per
#:                  user: it is built from then on
#:   --peers        also install what only tests and lint use (clang 14 with its fuzzer, clang-format, clang-tidy,
#:                  Chromium, QEMU), and --arrow.
#:                  Without it such tests are skipped
#:   --prefix DIR   take the library packages from DIR instead of installing them. A DIR that does
#:                  not exist yet is filled first (needs apt-get, no root). A filled DIR can be
#:                  copied to a machine that has no package manager but a compiler, cmake, ninja
#:   --preset NAME  CMake preset to build, into build/NAME (default: release)
#:   --target NAME  build only this, such as genbid: the program without its tests (default: everything)
#:   --no-build     stop before configure and build
#:   --no-compile   configure, but do not build
#:   -DNAME=VALUE   handed to cmake
#:   --help         this text
#:
#: environment:
#:   GENBID_TORCH_DIR   a LibTorch that is already there (holds include/ and lib/): nothing is fetched
#:   GENBID_CACHE       where LibTorch and Arrow are kept (default: ~/.cache/genbid)
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tool_packages=(g++ cmake ninja-build pkg-config ccache git ca-certificates python3 python3-venv)
library_packages=(
  libyaml-cpp-dev libspdlog-dev nlohmann-json3-dev libtbb-dev librandom123-dev libhdf5-dev
  libfast-float-dev libcli11-dev libeigen3-dev libxxhash-dev libhwy-dev zlib1g-dev libgtest-dev)

# What only tests and lint use. Same names in Debian 12 and Ubuntu 24.04, but for Chromium, which Ubuntu has as a snap alone.
# has_command below says how a machine can have one without its package.
peer_packages=(clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 chromium qemu-user)

# The versions of the nvidia wheels are those that this torch asks for.
torch_version=2.11.0
torch_wheels=(--no-deps "torch==$torch_version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)

# Arrow's C++ libraries and headers come in pyarrow's wheel. Only they are used, so one wheel serves whatever Python there
# is; its name says which one the hash is of.
arrow_version=26.0.1
arrow_wheel=(--python-version 3.11 --implementation cp --abi cp311 --platform manylinux_2_28_x86_64)
arrow_sha256=39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c

cuda=no arrow=no peers=no build=yes compile=yes prefix="" preset=release target=all
cmake_args=()

parse_options() {
  while (($# > 0)); do
    case $1 in
      --cuda) cuda=yes ;;
      --arrow) arrow=yes ;;
      --peers) peers=yes arrow=yes ;;
      --no-build) build=no ;;
      --no-compile) compile=no ;;
      --prefix | --preset | --target)
        [[ $# -ge 2 && -n $2 && $2 != -* ]] || die "option $1: found nothing after it, expected a value"
        case $1 in
          --prefix) prefix="$(realpath -m -- "$2")" ;;
          --preset) preset="$2" ;;
          --target) target="$2" ;;
        esac
        shift
        ;;
      -D?*=*) cmake_args+=("$1") ;;
      -h | --help)
        show_help
        exit 0
        ;;
      *)
        die "found option '$1', expected one of --cuda, --arrow, --peers, --prefix, --preset, --target," \
          "--no-build, --no-compile, -DNAME=VALUE, --help"
        ;;
    esac
    shift
  done
}

# --- Debian packages -------------------------------------------------------------------------

system_name() {
  local name=""
  [[ ! -r /etc/os-release ]] || name="$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release | tr -d '"')"
  say "${name:-an unknown system}"
}

# A tool counts as present, too, when its command is there without the package.
has_command() {
  case $1 in
    ninja-build) command -v ninja ;;
    python3-venv) python3 -c 'import ensurepip, venv' ;;
    ca-certificates) [[ -s ${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} ]] ;;
    libclang-rt-14-dev) [[ -e $(clang-14 -print-file-name=libclang_rt.fuzzer-x86_64.a) ]] ;;
    qemu-user) command -v qemu-x86_64 ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    lib* | *-dev) return 1 ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

missing_packages() {
  local installed package
  installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    [[ $installed == *" installed:$package "* ]] || has_command "$package" || say "$package"
  done
}

install_packages() {
  local missing as_root=() wanted=("${tool_packages[@]}" "${library_packages[@]}")
  [[ $peers == no ]] || wanted+=("${peer_packages[@]}")
  command -v dpkg-query >/dev/null ||
    die "found $(system_name), expected Debian 12 or Ubuntu 24.04; elsewhere use --prefix DIR (--help)"
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if ((${#missing[@]} == 0)); then
    say "Packages: all there"
    return
  fi
  command -v apt-get >/dev/null || die "packages missing and no apt-get to install them: ${missing[*]}"
  if (($(id -u) != 0)); then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      as_root=(sudo)
    else
      die "packages missing, and only root can install them. As root:
  apt-get install --no-install-recommends ${missing[*]}"
    fi
  fi
  take_lock "$cache/packages.lock"
  say "Packages: installing ${missing[*]}"
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
  "${as_root[@]}" update || die "apt-get update failed (see above), expected a reachable package mirror"
  "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" >"$cache/apt.log" 2>&1 || {
    tail -n 20 "$cache/apt.log" >&2
    die "apt-get install failed (see above; all of it: $cache/apt.log) on $(system_name), expected a package mirror of Debian 12 or Ubuntu 24.04 (with universe)"
  }
}

# --- The same packages unpacked into a folder ------------------------------------------------

# What every machine with a compiler has, and what the header packages name but we do not use.
skipped_packages='^(libc6|libc6-dev|libgcc-s1|libstdc\+\+6|gcc-[0-9]+-base|libcrypt1|libgfortran5|libquadmath0|catch2|hdf5-helpers|googletest|debconf.*|dpkg|tar|install-info|perl.*|libhdf5.*fortran.*|.*-dev)$'

# Prints the packages given and all they depend on, one a line. Of the -dev packages only libfmt's
# is added (spdlog's headers include it).
package_closure() {
  local -A seen=()
  local package queue=("$@" libfmt-dev) found
  while ((${#queue[@]} > 0)); do
    for package in "${queue[@]}"; do seen[$package]=1; done
    mapfile -t found < <(apt-cache "${apt_private[@]}" depends --important "${queue[@]}" |
      sed -nE 's/^ *\|?(Pre)?Depends: ([a-z0-9][^ :]*).*/\2/p' | sort -u)
    queue=()
    for package in "${found[@]}"; do
      [[ $package =~ $skipped_packages || -n ${seen[$package]:-} ]] || queue+=("$package")
    done
  done
  printf '%s\n' "${!seen[@]}" | sort
}

# Our own package lists, so that no root is needed and the machine's stay as they are.
apt_private=()
fill_prefix() {
  local work="$prefix.part" packages deb
  { command -v apt-get && command -v dpkg-deb; } >/dev/null ||
    die "--prefix $prefix: found no such folder and no apt-get to fill it, expected a folder filled on another machine"
  say "Packages: unpacking into $prefix"
  rm -rf "$work"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/debs" "$work/root/usr/lib" ||
    die "--prefix $prefix: cannot be created"
  ln -s usr/lib "$work/root/lib"
  apt_private=(-qq -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User="$(id -un)")
  apt-get "${apt_private[@]}" update || die "apt-get update failed (see above), expected a reachable package mirror"
  mapfile -t packages < <(package_closure "${library_packages[@]}")
  (cd "$work/debs" && apt-get "${apt_private[@]}" download "${packages[@]}") ||
    die "apt-get download failed (see above), expected a package mirror of Debian 12 or Ubuntu 24.04 (with universe)"
  for deb in "$work"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --keep-directory-symlink --no-same-owner
  done
  # Only headers, shared libraries and CMake files; static libraries of googletest alone.
  find "$work/root" -mindepth 1 -maxdepth 1 ! -name usr ! -name lib -exec rm -rf {} +
  find "$work/root/usr" -mindepth 1 -maxdepth 1 ! -name include ! -name lib ! -name share -exec rm -rf {} +
  find "$work/root/usr/share" -mindepth 1 -maxdepth 1 ! -iname '*cmake*' ! -name nlohmann_json ! -name pkgconfig -exec rm -rf {} +
  find "$work/root/usr/lib" -name '*.a' ! -name 'libgtest*' ! -name 'libgmock*' -delete
  # Links to a place in the system (libz.so) must not leave the folder.
  find "$work/root/usr/lib" -type l -lname '/*' -execdir sh -c 'ln -sfn "$(basename "$(readlink "$1")")" "$1"' sh {} \;
  find "$work/root" -xtype l -delete
  {
    say "# Filled by genbid's setup.sh on $(system_name) from:"
    (cd "$work/debs" && printf '%s\n' *.deb)
    say "# for:"
    printf '%s\n' "${library_packages[@]}"
  } >"$work/root/genbid-prefix.txt"
  rmdir "$prefix" 2>/dev/null || true
  mv "$work/root" "$prefix"
  rm -rf "$work"
}

use_prefix() {
  local package tool list="$prefix/genbid-prefix.txt"
  if [[ -e $prefix && ! -f $list && -n $(ls -A "$prefix") ]]; then
    die "--prefix $prefix: found a folder without genbid-prefix.txt, expected one filled by setup.sh, or none"
  fi
  if [[ ! -f $list ]]; then
    take_lock "$cache/prefix.lock"
    [[ -f $list ]] || fill_prefix
  fi
  for package in "${library_packages[@]}"; do
    grep -qx -- "$package" "$list" || die "--prefix $prefix: found no $package in it, expected all packages; remove the folder and fill it again"
  done
  for tool in g++ cmake ninja; do
    [[ $build == no ]] || command -v "$tool" >/dev/null || die "found no $tool, expected it on the PATH (--prefix brings libraries only)"
  done
  [[ $peers == no ]] || for package in "${peer_packages[@]}"; do
    has_command "$package" || die "--peers: found no $package, expected it on this machine (--prefix brings libraries only)"
  done
  say "Packages: from $prefix"
}

# --- LibTorch --------------------------------------------------------------------------------

torch_dir=""

fetch_torch() {
  local target="$1" work="$1.part" site
  shift
  rm -rf "$work"
  command -v python3 >/dev/null ||
    die "found no python3, expected it to fetch LibTorch (or GENBID_TORCH_DIR naming one that is there)"
  python3 -m venv "$work" || die "python3 -m venv failed (see above), expected the package python3-venv"
  if ! "$work/bin/python" -m pip install --quiet --no-cache-dir --no-compile --disable-pip-version-check \
    --progress-bar off "$@"; then
    rm -rf "$work"
    die "pip could not fetch torch $torch_version (see above), expected network access to the Python package index (or GENBID_TORCH_DIR naming a LibTorch that is there)"
  fi
  site="$(echo "$work"/lib/python3.*/site-packages)"
  [[ -f $site/torch/lib/libtorch_cpu.so ]] || die "$site/torch: found no lib/libtorch_cpu.so after the download"
  rm -rf "$target"
  mv "$work" "$target"
}

find_torch() {
  local venv="$cache/torch-$torch_version" wheels=("${torch_wheels[@]}") size="544 MB"
  if [[ -n ${GENBID_TORCH_DIR:-} ]]; then
    torch_dir="$(realpath -m -- "$GENBID_TORCH_DIR")"
    [[ -f $torch_dir/include/ATen/ATen.h && -f $torch_dir/lib/libtorch_cpu.so ]] ||
      die "GENBID_TORCH_DIR=$GENBID_TORCH_DIR: found no include/ATen/ATen.h and lib/libtorch_cpu.so, expected a LibTorch folder"
  else
    if [[ $cuda == yes ]]; then
      venv+="-cuda"
      wheels=("torch==$torch_version")
      size="2.6 GB"
    fi
    if [[ ! -d $venv ]]; then
      take_lock "$cache/torch.lock"
      if [[ ! -d $venv ]]; then
        say "LibTorch: fetching torch $torch_version ($size) into $venv"
        fetch_torch "$venv" "${wheels[@]}"
      fi
    fi
    torch_dir="$(echo "$venv"/lib/python3.*/site-packages/torch)"
    [[ -f $torch_dir/lib/libtorch_cpu.so ]] || die "$venv: found no LibTorch in it, expected one; remove the folder and run again"
  fi
  say "LibTorch: $torch_dir"
}

# --- Arrow -----------------------------------------------------------------------------------

arrow_dir=""

fetch_arrow() {
  [[ $(uname -m) == x86_64 ]] || die "--arrow: found a machine of kind $(uname -m), expected x86_64, for which the wheel is"
  local target="$1" work="$1.part"
  rm -rf "$work"
  command -v python3 >/dev/null || die "found no python3, expected it to fetch Arrow"
  python3 -m venv "$work/venv" || die "python3 -m venv failed (see above), expected the package python3-venv"
  say "pyarrow==$arrow_version --hash=sha256:$arrow_sha256" >"$work/wheel.txt"
  if ! "$work/venv/bin/python" -m pip install --quiet --no-cache-dir --no-compile --disable-pip-version-check \
    --progress-bar off --no-deps --only-binary=:all: "${arrow_wheel[@]}" --target "$work/site" \
    --require-hashes -r "$work/wheel.txt"; then
    rm -rf "$work"
    die "pip could not fetch pyarrow $arrow_version (see above), expected network access to the Python package index"
  fi
  [[ -f $work/site/pyarrow/include/parquet/file_reader.h ]] ||
    die "$work/site/pyarrow: found no include/parquet/file_reader.h after the download"
  rm -rf "$target"
  mv "$work/site" "$target"
  rm -rf "$work"
}

# Once fetched it is used by every set-up, whether it is asked for or not.
find_arrow() {
  local folder="$cache/arrow-$arrow_version"
  if [[ $arrow == yes && ! -d $folder ]]; then
    take_lock "$cache/arrow.lock"
    if [[ ! -d $folder ]]; then
      say "Arrow: fetching $arrow_version (55 MB) into $folder"
      fetch_arrow "$folder"
    fi
  fi
  [[ -d $folder ]] || return 0
  arrow_dir="$folder/pyarrow"
  [[ -f $arrow_dir/include/parquet/file_reader.h ]] ||
    die "$folder: found no Arrow in it, expected one; remove the folder and run again"
  say "Arrow: $arrow_dir"
}

# --- Configure and build ---------------------------------------------------------------------

# Runs cmake only when asked for something else than last time. (Changes of CMakeLists.txt are seen
# by ninja.) Always --fresh: library paths found for another LibTorch or prefix would stay.
configure() {
  local folder="$repo/build/$preset" wanted
  local command=(cmake --preset "$preset" --fresh --no-warn-unused-cli
    "-DLIBTORCH_ROOT=$torch_dir" "-DARROW_ROOT=$arrow_dir" "-DGENBID_PREFIX=$prefix" ${cmake_args[@]+"${cmake_args[@]}"})
  wanted="$(printf '%s\n' "${command[@]}" && cksum <"$repo/CMakePresets.json")"
  if [[ -f $folder/build.ninja && -f $folder/configured.txt && $(<"$folder/configured.txt") == "$wanted" ]]; then
    return
  fi
  say "Configure: build/$preset"
  mkdir -p "$folder"
  rm -f "$folder/configured.txt"
  (cd "$repo" && "${command[@]}" >"$folder/configure.log" 2>&1) || {
    cat "$folder/configure.log" >&2
    die "cmake could not configure build/$preset (see above)"
  }
  grep -A 8 'CMake Warning' "$folder/configure.log" >&2 || true
  printf '%s\n' "$wanted" >"$folder/configured.txt"
}

parse_options "$@"
if [[ -n $prefix ]]; then use_prefix; else install_packages; fi
find_torch
find_arrow
[[ $build == yes ]] || exit 0
take_lock "$repo/build/.$preset.lock"
configure
[[ $compile == yes ]] || exit 0
jobs="$(build_jobs)"
say "Build: build/$preset, $jobs at a time"
cmake --build "$repo/build/$preset" -j "$jobs" --target "$target" || die "the build failed (see above)"
