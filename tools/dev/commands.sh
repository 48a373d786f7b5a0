# The commands of a node, so that `posada qm list` and `qm list` work as they are typed. Sourced.

families="qm pct pvesm pvesh pveum pvenode pveam pvecm"

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# make_commands ROOT POSADA: ROOT/bin/posada, qm, pct … for this node, unless POSADA_ROOT names one.
make_commands() {
  local name word
  mkdir -p "$1/bin"
  for name in posada $families; do
    word=$name
    [ "$name" = posada ] && word=
    printf '#!/bin/sh\n# %s of the node in this folder, made by ./dev up.\nPOSADA_ROOT=${POSADA_ROOT:-%s} exec %s %s"$@"\n' \
      "$name" "$(quoted "$1")" "$(quoted "$2")" "${word:+$word }" >"$1/bin/$name.new"
    chmod 755 "$1/bin/$name.new"
    mv -f "$1/bin/$name.new" "$1/bin/$name"
  done
}

links=/usr/local/bin

# link_commands ROOT: the names everywhere on this machine, where nobody has them yet. A link that
# leads nowhere was a node's that is gone.
link_commands() {
  local name
  [ -w "$links" ] || return 0
  for name in posada $families; do
    [ -L "$links/$name" ] && [ ! -e "$links/$name" ] && rm -f "$links/$name"
    command -v "$name" >/dev/null || ln -s "$1/bin/$name" "$links/$name"
  done
}

# unlink_commands ROOT: takes away what link_commands has made for this node.
unlink_commands() {
  local name
  for name in posada $families; do
    [ "$(readlink "$links/$name")" = "$1/bin/$name" ] && rm -f "$links/$name"
  done
  return 0
}
