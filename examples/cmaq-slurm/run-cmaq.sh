#!/bin/bash
# The command of ctm.command: submits cmaq-job.sh to Slurm and waits for its end, whose exit code is the command's own. When the command is ended
# (Ctrl-C, SIGTERM, ctm.timeoutHours), the job is cancelled too: sbatch --wait by itself would leave it running.
#
#   run-cmaq.sh OUTPUT RUN PERIOD START HOURS SECTORS
set -u
here=$(cd "$(dirname "$0")" && pwd)
output=$1
name="retroplume-$2-$3-$$"
log="$output/slurm.log"

# By name, so that a job that was submitted a moment ago and whose number is not known yet is found, too.
cancel() {
  scancel --quiet --user "$(id -un)" --name "$name"
  exit 143
}
trap cancel TERM INT

sbatch --wait --job-name "$name" --output "$log" ${SBATCH_OPTIONS:-} "$here/cmaq-job.sh" "$@" &
wait $!
status=$?
# Retroplume keeps what is printed here as ACONC_PERIOD.log and shows its last line where the command fails.
[ -e "$log" ] && tail -n 50 "$log"
exit $status
