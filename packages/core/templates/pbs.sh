#!/bin/bash
# Job {{job}} of the case {{caseName}}, written by `retroplume run --submit`, which writes it anew each time: settings belong into `jobs` of the case.
#PBS -N {{jobName}}
#PBS -j oe
#PBS -o {{jobs}}/
#PBS -l walltime={{time}}
#PBS -l select={{nodes}}:ncpus={{nodeCpus}}:mpiprocs={{nodeRanks}}{{select}}
{{options}}

out={{out}}
restarts=${RETROPLUME_RESTARTS:-0}
number=$PBS_JOBID
id=$number
export RETROPLUME_JOB_LOG={{logStem}}-$id.log
exec >>"$RETROPLUME_JOB_LOG" 2>&1
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

# PBS gives no warning ahead of the time limit.
asked=
program=
early= # a signal that comes between the program's start and its number
trap 'asked=limit; if [ -n "$program" ]; then warn & else early=USR1; fi' USR1
trap 'if [ -n "$program" ]; then kill -TERM "$program" 2>/dev/null; else early=TERM; fi' TERM
(
  trap 'kill "$nap"' TERM
  sleep {{warnAfter}} &
  nap=$!
  wait "$nap" && kill -USR1 $$
) &
clock=$!
trap 'rm -f "$began"; kill "$clock" 2>/dev/null' EXIT
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
# A job of PBS cannot put itself back into the queue: another one goes on, and the jobs of the chain that wait for this one wait for that, too. A line of
# JOB.next is a waiting job and the names of all that it waits for; JOB.ids holds a job and those that went on with it. What PBS says that it does not know any
# more has ended well: had it not, PBS would have deleted the waiting job. A server that does not answer says nothing of the kind.
known() {
  local told
  told=$(qstat "$1" 2>&1 </dev/null) || ! grep -qiE 'unknown job|has finished' <<<"$told"
}
go_on() {
  exec 9>>{{jobs}}/go-on.lock && flock 9 || return
  next=$(qsub -v "RETROPLUME_RESTARTS=$((restarts + 1)),RETROPLUME_TASK=${task_index:-0}" {{script}}) || return
  echo "$next" >>{{logStem}}.ids
  [ -e {{logStem}}.next ] || return 0
  while read -r waiting names; do
    ids=$(for name in $names; do cat {{jobs}}/"$name.ids"; done | while read -r each; do known "$each" && echo "$each"; done | paste -s -d :)
    qalter -W "depend=afterok:$ids" "$waiting" </dev/null || return
  done <{{logStem}}.next
}
if [ "$asked" = limit ] && interrupted; then
  if [ "$restarts" -lt {{restarts}} ]; then
    echo "job $PBS_JOBID: near its time limit: another job goes on (restart $((restarts + 1)) of at most {{restarts}})"
    go_on && exit 0
  else
    echo "job $PBS_JOBID: its time limit has come {{restarts}} times after a restart: raise jobs.{{kind}}.hours or jobs.restarts"
  fi
fi
leave "$code"
