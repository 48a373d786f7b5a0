# Sourced by the image scripts: fetches Debian packages without installing them and keeps
# finished images in a cache whose key is everything that went in.
#
# Nothing here needs root, except `apt-get update` on a machine that has no package lists.

image_fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# image_options "$@": sets OUTPUT, CACHE and the script's own options in EXTRA.
image_options() {
  OUTPUT='' CACHE='' EXTRA=()
  while (($#)); do
    case $1 in
      --cache) (($# > 1)) || image_fail "--cache needs a folder"; CACHE=$2; shift 2 ;;
      --*) (($# > 1)) || image_fail "$1 needs a value"; EXTRA+=("$1" "$2"); shift 2 ;;
      *) [[ -z $OUTPUT ]] || image_fail "one output file only, not also '$1'"; OUTPUT=$1; shift ;;
    esac
  done
  [[ -n $OUTPUT ]] || image_fail "usage: ${0##*/} OUTPUT [--cache DIR]"
  mkdir -p "$(dirname "$OUTPUT")"
  [[ -n $CACHE ]] || CACHE=$(dirname "$OUTPUT")/.cache
  mkdir -p "$CACHE/packages"
  CACHE=$(cd "$CACHE" && pwd)
}

image_require() {
  local program missing=()
  for program; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || missing+=("$program")
  done
  ((${#missing[@]} == 0)) ||
    image_fail "not installed: ${missing[*]} (the packages are listed in tools/images/packages)"
  PATH=$PATH:/usr/sbin:/sbin
}

# apt_lists: package lists exist, or are fetched.
apt_lists() {
  compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && return
  [[ $(id -u) == 0 ]] || image_fail "no package lists on this machine: run 'apt-get update' as root first"
  apt-get update -qq || image_fail "apt-get update failed"
}

# apt_versions PACKAGE…: a line "package version" each, of what would be installed now.
apt_versions() {
  local known
  known=$(apt-cache policy "$@" |
    awk '/^[^ ]/ {name = $1; sub(":$", "", name)} /^  Candidate:/ && $2 != "(none)" {print name, $2}')
  local package
  for package; do
    grep -q "^$package " <<<"$known" || image_fail "Debian has no package '$package' here"
  done
  echo "$known"
}

# apt_real PACKAGE: the package that a meta package such as linux-image-amd64 stands for.
apt_real() {
  apt-cache depends "$1" | awk '/^ *Depends: linux-image-/ {print $2; exit}'
}

# apt_library_closure PACKAGE: the package and the libraries it depends on, all the way down.
apt_library_closure() {
  echo "$1"
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances --no-pre-depends "$1" |
    grep -E '^lib' | grep -vE '^lib(perl|db|gdbm|file|number|text)' | sort -u
}

# apt_cached PACKAGE VERSION: the downloaded file, of this architecture or of all.
apt_cached() {
  compgen -G "$CACHE/packages/$1_${2//:/%3a}_*.deb"
}

# apt_unpack TREE PACKAGE…: the packages' files below TREE, downloads kept in the cache.
apt_unpack() {
  local tree=$1 package version versions options=() missing=()
  shift
  mkdir -p "$tree"
  versions=$(apt_versions "$@")
  while read -r package version; do
    apt_cached "$package" "$version" >/dev/null || missing+=("$package")
  done <<<"$versions"
  if ((${#missing[@]})); then
    [[ $(id -u) != 0 ]] || options=(-o APT::Sandbox::User=root)
    (mkdir -p "$SCRATCH/download" && cd "$SCRATCH/download" &&
      apt-get download -qq "${options[@]}" "${missing[@]}" && mv ./*.deb "$CACHE/packages/") ||
      image_fail "could not download ${missing[*]}"
  fi
  while read -r package version; do
    dpkg -x "$(apt_cached "$package" "$version")" "$tree"
  done <<<"$versions"
}

# image_cached NAME KEY: copies a finished image of this key to OUTPUT; false when there is none.
image_cached() {
  [[ -f $CACHE/$1-$2 ]] || return 1
  cp --reflink=auto --sparse=always "$CACHE/$1-$2" "$OUTPUT.partial"
  mv "$OUTPUT.partial" "$OUTPUT"
}

# image_store NAME KEY FILE: into the cache, in place of older ones of that name, and to OUTPUT.
image_store() {
  rm -f "$CACHE/$1"-*
  mv "$3" "$CACHE/$1-$2"
  image_cached "$1" "$2"
}

image_key() {
  sha256sum | cut -c1-20
}

# copy_program TREE ROOT PROGRAM: a dynamically linked program of TREE with its libraries.
copy_program() {
  local tree=$1 root=$2 program=$3 loader libraries library
  loader=$(find "$tree" -name 'ld-linux-*.so.*' | head -n 1)
  libraries=$(find "$tree" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
  install -D -m 755 "$tree/$program" "$root/$program"
  install -D -m 755 "$loader" "$root/lib64/${loader##*/}"
  for library in $("$loader" --inhibit-cache --library-path "$libraries" --list "$tree/$program" |
    awk '$3 ~ /^\// {print $3}'); do
    install -D -m 644 "$library" "$root/lib/${library##*/}"
  done
}
