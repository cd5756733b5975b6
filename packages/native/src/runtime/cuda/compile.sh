#!/bin/sh
# compile.sh NVCC ARGUMENT…: compiles, writes beside the object what each kernel takes (OBJECT.resources: architecture, registers, bytes of shared memory that
# are fixed, kernel) and the PTX that all architectures are made of (OBJECT.ptx, which testing/ptx runs), and fails if a kernel spills registers to memory,
# which costs more than any tuning gains.
#
# With RETROPLUME_COMPILE_NOTES=1 (set-up without tests, and gpu_check.py, for toolkits that we do not have) warnings and spills end nothing: they stand in OBJECT.notes.
if [ -n "$RETROPLUME_COMPILE_NOTES" ]; then
  for word in "$@"; do
    shift
    [ "$word" = -Werror=all-warnings ] || set -- "$@" "$word"
  done
fi
object=
previous=
for word in "$@"; do
  [ "$previous" = -o ] && object=$word
  previous=$word
done

mkdir -p "$object.kept"
told=$("$@" --keep --keep-dir "$object.kept" 2>&1)
result=$?
[ "$result" -ne 0 ] || mv "$object.kept"/*.ptx "$object.ptx"
rm -rf "$object.kept"
printf '%s\n' "$told" | grep -Ev '^(ptxas info|    [0-9]+ bytes stack|$)' >&2
[ "$result" -eq 0 ] || exit "$result"

notes=/dev/stderr
if [ -n "$RETROPLUME_COMPILE_NOTES" ]; then
  notes=$object.notes
  printf '%s\n' "$told" | grep -i warning >"$notes"
fi
printf '%s\n' "$told" | awk -v notes="$notes" '
  /Compiling entry function/ { split($0, part, "\047"); kernel = part[2]; architecture = part[4] }
  /bytes spill stores/ && kernel != "" {
    match($0, /[0-9]+ bytes spill stores/)
    spilled = substr($0, RSTART, RLENGTH) + 0
    if (spilled > 0) { print kernel " spills " spilled " bytes of registers for " architecture ": give it smaller tiles" >> notes; bad = 1 }
  }
  /Used [0-9]+ registers/ && kernel != "" {
    match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
    shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
    print architecture, registers, shared, kernel
    kernel = ""
  }
  END { exit bad && notes == "/dev/stderr" }' >"$object.resources" || { rm -f "$object"; exit 1; }
