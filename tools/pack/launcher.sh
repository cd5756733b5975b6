#!/bin/sh
# The retroplume command of an offline package: needs Node 20 or later on PATH and the C library of the machine that packed it. Shared libraries that this
# machine lacks are taken from lib/, each from a folder of its own, so that Node and all others keep the machine's.
here=$(dirname "$(dirname "$(readlink -f "$0")")")
version=$(node --version 2>/dev/null)
major=${version#v}
major=${major%%.*}
if [ "${major:-0}" -lt 20 ]; then
  echo "retroplume: NODE_VERSION: expected Node 20 or later on PATH but found ${version:-none}: load its module, or unpack a tarball of Node" >&2
  exit 4
fi

missing() {
  ldd "$@" 2>&1 | sed -n -e 's/^[[:space:]]*\(lib[^ ]*\) => not found.*/\1/p' -e 's/^.*\/\(lib[^ :]*\): version .* not found.*/\1/p'
}
# Not of mpi.node: that is loaded only where a launcher of MPI is, with the MPI of the machine.
release=$here/packages/native/build/Release
if [ -n "$(missing "$release/retroplume.node" "$release/transport.node" "$release/netcdf.node")" ]; then
  own=
  for library in $(missing "$release/retroplume.node" "$release/transport.node" "$release/netcdf.node" "$here"/lib/*/* | sort -u); do
    [ ! -d "$here/lib/$library" ] || own=$own:$here/lib/$library
  done
  export RETROPLUME_LIBRARY_PATH_BEFORE="${LD_LIBRARY_PATH-}"
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${own#:}"
fi
export RETROPLUME_LAUNCHER="$here/bin/retroplume"
exec node "$here/packages/cli/dist/main.js" "$@"
