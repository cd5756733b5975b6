#!/bin/bash
#SBATCH --nodes=1 --ntasks=64 --time=24:00:00
# One run of CMAQ over one period, a day at a time. Days that are finished are kept in WORK, so that a job that was cut off goes on where it ended.
#
#   cmaq-job.sh OUTPUT RUN PERIOD START HOURS SECTORS
#
# CCTM_DAY is a script of yours that runs CCTM (and combine, for PM2.5) for one day. It is told by the environment:
#   DAY        YYYYMMDD, UTC
#   SECTORS    table of the emission files; `source emission-streams.sh` makes GR_EMIS_001, STK_EMIS_001, … of it
#   RESTART    folder of the day before, with its CGRID file; empty on the first day
#   DAY_DIR    folder for this day's files, with the surface concentrations as $DAY_DIR/ACONC_$DAY.nc
set -eu
: "${CCTM_DAY:?set it to the script that runs CCTM for one day}"
: "${WORK:?set it to a folder on scratch}"
output=$1 run=$2 period=$3 start=$4 hours=$5
export SECTORS=$6

# Other emissions under the same name are another run.
work="$WORK/$run-$period-$(cut -f5 "$SECTORS" | tr '\n' '\0' | xargs -0 cat | cksum | cut -d' ' -f1)"
# One job at a time: that of an attempt whose Retroplume was killed may still be at work on a day.
mkdir -p "$work"
exec 9>"$work/lock"
flock 9 || echo "no locks on this disk: see that no earlier job still works in $work" >&2
# From midnight before the first hour to midnight after the last.
days=$((($(date -u -d "$start" +%-H) + hours + 23) / 24))
export RESTART="" DAY DAY_DIR
for ((i = 0; i < days; i++)); do
  DAY=$(date -u -d "${start%T*} + $i days" +%Y%m%d)
  DAY_DIR="$work/$DAY"
  if [ ! -e "$DAY_DIR/done" ]; then
    rm -rf "$DAY_DIR"
    mkdir -p "$DAY_DIR"
    echo "$run $period $DAY"
    "$CCTM_DAY"
    touch "$DAY_DIR/done"
  fi
  cp "$DAY_DIR/ACONC_$DAY.nc" "$output/"
  RESTART=$DAY_DIR
done
