#!/bin/bash
# A Slurm of one node for tests, without systemd, cgroups or accounting, for whoever runs it (root or a user):
#   slurm-cluster.sh start FOLDER [CPUS]   starts munged, slurmctld and slurmd with everything of theirs in FOLDER; then export SLURM_CONF=FOLDER/slurm.conf
#   slurm-cluster.sh stop FOLDER           ends them
# Debian: apt-get install munge slurmctld slurmd slurm-client. CPUS may be more than the machine has: the tasks share them.
set -eu
what=$1 folder=$2 cpus=${3:-4}
PATH=$PATH:/usr/sbin:/sbin
user=$(id -un) host=$(hostname -s)
export SLURM_CONF=$folder/slurm.conf

stop() {
  for daemon in slurmctld slurmd munged; do
    [ -e "$folder/$daemon.pid" ] || continue
    pid=$(cat "$folder/$daemon.pid")
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  done
}

case $what in
start)
  mkdir -p "$folder/state" "$folder/spool" "$folder/log"
  head -c 1024 /dev/urandom >"$folder/munge.key"
  chmod 400 "$folder/munge.key"
  port=$((20000 + RANDOM % 20000))
  # A job that goes back into the queue waits until its credentials have expired: 5 s is the least that Slurm takes.
  cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  echo CgroupPlugin=disabled >"$folder/cgroup.conf"
  trap stop ERR
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/munge.seed" >"$folder/log/start.log" 2>&1
  slurmctld -f "$SLURM_CONF" >>"$folder/log/start.log" 2>&1
  slurmd -f "$SLURM_CONF" >>"$folder/log/start.log" 2>&1
  for _ in $(seq 50); do
    if sinfo --noheader --format=%T 2>/dev/null | grep -q '^idle$'; then exit 0; fi
    sleep 0.2
  done
  echo "the node did not come up: see $folder/log" >&2
  tail -n 5 "$folder"/log/*.log >&2
  stop
  exit 1
  ;;
stop) stop ;;
*)
  echo "usage: $0 start|stop FOLDER" >&2
  exit 64
  ;;
esac
