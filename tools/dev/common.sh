# What the dev commands share. Sourced, never run.

say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

# Lists of packages (tools/dev/packages/NAME): one a line, '#' comments. `one|other` is the same
# thing by its names in different releases of Debian: the first that this one has; `one|` is left
# out where the release has none. `name?command` is wanted only where the command is missing (it may
# have come from elsewhere).
packages_of() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@"; }

is_installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# missing_packages FILE… : entries of the lists of which nothing is installed.
missing_packages() {
  local entry name names
  for entry in $(packages_of "$@"); do
    case $entry in
      *\?*) command -v "${entry#*\?}" >/dev/null && continue ;;
    esac
    names=${entry%%\?*}
    for name in ${names//|/ }; do
      is_installed "$name" && continue 2
    done
    [ -z "$(known_package "$names")" ] || echo "$names"
  done
}

# known_package ONE|OTHER… : the first of these names that apt could install, or the first of all;
# of `ONE|`, nothing.
known_package() {
  local name
  for name in ${1//|/ }; do
    apt-cache policy "$name" 2>/dev/null | grep -q '^  Candidate: [^(]' && echo "$name" && return
  done
  [ "${1%|}" != "$1" ] || echo "${1%%|*}"
}

# ensure_packages FILE… : installs what is missing of these lists.
ensure_packages() {
  command -v dpkg-query apt-get >/dev/null || die "this is no Debian system: ./dev installs what it needs with apt-get"
  local missing names=() entry
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" = 0 ]; then
    say "Installing $(echo "$missing" | wc -l) Debian packages"
    apt_quietly update
    missing=$(missing_packages "$@")  # what the release has is known only now
  fi
  for entry in $missing; do names+=("$(known_package "$entry")"); done
  if [ "$(id -u)" != 0 ]; then
    die "these Debian packages are missing; install them as root and try again:
  apt-get install ${names[*]}"
  fi
  DEBIAN_FRONTEND=noninteractive apt_quietly install -y --no-install-recommends "${names[@]}"
}

apt_quietly() {
  local log
  log=$(mktemp)
  if ! apt-get -qq "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get $1 failed"
  fi
  rm -f "$log"
}

# known_preset PRESET: ends with the names that there are when it is none.
known_preset() {
  local presets
  presets=$(sed -n '/"buildPresets"/,$ s/.*"name": "\([a-z]*\)".*/\1/p' CMakePresets.json)
  grep -qx -- "$1" <<<"$presets" ||
    die "there is no preset '$1'; there are $(paste -sd' ' <<<"$presets")"
}

build_folder() { echo "build/${1:-release}"; }

# build PRESET TARGET… : configures when needed and builds.
build() {
  local preset=$1
  shift
  local folder
  folder=$(build_folder "$preset")
  local began=$SECONDS first=
  # A first build is a whole one: in batches (see cmake/modules.cmake).
  if [ ! -f "$folder/build.ninja" ]; then
    first=1
    cmake --preset "$preset" -DPOSADA_UNITY=ON >/dev/null || die "the configuration failed"
  fi
  ninja -C "$folder" "$@"
  # For ./dev bench: how long a first build of everything took.
  if [ -n "$first" ] && [ $# = 0 ]; then echo $((SECONDS - began)) >"$folder/first-build-seconds"; fi
}

# build_all PRESET TARGET…: the programs and the page. The page's packages come from the network while
# the compiler works.
build_all() {
  say "Building"
  page_packages &
  local packages=$!
  trap "kill $packages 2>/dev/null || true" EXIT
  build "$@"
  trap - EXIT
  wait "$packages" || exit 1  # it has said why
  build_page
}

# npm packages, once for each lock file.
page_packages() {
  local stamp=web/node_modules/.installed-for
  local lock
  lock=$(sha256sum web/package-lock.json | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
    (cd web && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed"
    echo "$lock" >"$stamp"
  fi
}

# The web page's bundle, when a source is newer.
build_page() {
  # What the program can do is part of the page: a new method makes a new page.
  (cd web && npm run --silent generate) || die "the page's types cannot be made"
  if [ ! -f web/dist/index.html ] || [ -n "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ]; then
    say "Building the page"
    (cd web && npm run --silent build) || die "the page does not build"
  fi
}

# parse_node_options "known options" ARGUMENT… → $root (absolute), $port, $address, $yes
parse_node_options() {
  local known=$1 option
  shift
  root=$PWD/.posada port= address= yes=
  while [ $# -gt 0 ]; do
    option=$1
    [[ " $known " == *" $option "* ]] || die "unknown option '$option' (known: $known)"
    if [ "$option" = --yes ]; then
      yes=1
      shift
      continue
    fi
    [ $# -ge 2 ] && [ -n "$2" ] || die "$option needs a value"
    case $option in
      --root) root=$(cd "${POSADA_CALLED_FROM:-.}" && readlink -m -- "$2") ;;
      --port) port=$2 ;;
      --address) address=$2 ;;
    esac
    shift 2
  done
  [[ $root != *$'\n'* && $root != *,* ]] || die "--root: '$root' has a comma or a line break in its name"
  if [ -n "$port" ]; then
    [[ $port =~ ^[1-9][0-9]{0,4}$ ]] && [ "$port" -le 65535 ] ||
      die "--port: '$port' is no port; one is a number from 1 to 65535"
  fi
  if [ -n "$address" ]; then
    [[ $address =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$ || $address =~ ^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$ ]] ||
      die "--address: '$address' is no address of this machine; 0.0.0.0 or :: is every one"
  fi
}
