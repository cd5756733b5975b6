#!/bin/bash
# Job {{job}} of the case {{caseName}}, written by `retroplume run --submit`, which writes it anew each time: settings belong into `jobs` of the case.
#SBATCH --job-name={{jobName}}
#SBATCH --output={{output}}
#SBATCH --open-mode=append
#SBATCH --time={{time}}
#SBATCH --nodes={{nodes}}
#SBATCH --ntasks={{ranks}}
#SBATCH --cpus-per-task={{cpus}}
#SBATCH --signal=B:USR1@{{warnSeconds}}
#SBATCH --requeue
#SBATCH --kill-on-invalid-dep=yes
{{options}}

out={{out}}
restarts=${SLURM_RESTART_COUNT:-0}
number=$SLURM_JOB_ID
id=$number
[ -z "$SLURM_ARRAY_JOB_ID" ] || id=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
export RETROPLUME_JOB_LOG={{logStem}}-$id.log
export SRUN_CPUS_PER_TASK={{cpus}} # srun does not take it from sbatch
began={{logStem}}-$id.began # beside failure.json, whose time another machine's clock may tell
: >"$began"
trap 'rm -f "$began"' EXIT

{{leave}}

cd {{folder}} || leave 1
{{setup}}
{{tasks}}

# Hands the warning on until it is heard: a program that only begins, or its launcher, does not listen yet.
warn() {
  while kill -USR1 "$program"; do sleep 2; done >/dev/null 2>&1
}

# The scheduler warns this script, not the program.
asked=
program=
early= # a signal that comes between the program's start and its number
trap 'asked=limit; if [ -n "$program" ]; then warn & else early=USR1; fi' USR1
trap 'if [ -n "$program" ]; then kill -TERM "$program" 2>/dev/null; else early=TERM; fi' TERM
{{command}} &
program=$!
case $early in TERM) kill -TERM "$program" ;; USR1) warn & ;; esac
wait "$program"
code=$?
# A signal ends `wait`; the program writes its checkpoint first.
while kill -0 "$program" 2>/dev/null; do
  wait "$program"
  code=$?
done

# A launcher of several ranks may have an exit code of its own; then what the program has left tells.
interrupted() {
  [ "$code" = 130 ] && return
  [ "$code" != 0 ] && [ "$out/failure.json" -nt "$began" ] && grep -q '"exitCode": 130' "$out/failure.json"
}
if [ "$asked" = limit ] && interrupted; then
  if [ "$restarts" -lt {{restarts}} ]; then
    echo "job $id: near its time limit: back into the queue (restart $((restarts + 1)) of at most {{restarts}})"
    scontrol requeue "$SLURM_JOB_ID" && exit "$code"
  else
    echo "job $id: its time limit has come {{restarts}} times after a restart: raise jobs.{{kind}}.hours or jobs.restarts"
  fi
fi
leave "$code"
