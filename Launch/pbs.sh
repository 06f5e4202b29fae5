#!/usr/bin/env bash
# A run under PBS that goes on past its time limit and lost nodes, as a new job each time. Change the lines below for your cluster.
#
#   qsub -v RUN=my.yaml,KEYS='method.r=8 training.epochs=2' Launch/pbs.sh      from the repository's folder; KEYS may be left out
#
# MARGIN (300) seconds before walltime the ranks save, and the job queues itself again: with the lines below, as options of qsub are not kept.
# A fault does the same. RESTARTS (20) limits how often in a row that happens without a newer checkpoint than before.
#PBS -N trainer
#PBS -l select=1:ncpus=2:mpiprocs=2
#PBS -l walltime=04:00:00
#PBS -j oe
set -euo pipefail
: "${RUN:?usage: qsub -v RUN=my.yaml Launch/pbs.sh}"
cd "$PBS_O_WORKDIR"
source Launch/lib.sh # PBS runs a copy of this file
back_with_trainer
settings_for_hosts

limit=$(qstat -f "$PBS_JOBID" | awk -F' = ' '/Resource_List.walltime/ { split($2, t, ":"); print t[1] * 3600 + t[2] * 60 + t[3] }')
[[ $limit ]] || fail "qstat shows no walltime of job $PBS_JOBID"
set -m # the timer has a process group, so that its sleep ends with it
{ sleep "$((limit > ${MARGIN:-300} ? limit - ${MARGIN:-300} : 1))"; kill -USR1 $$; } &
timer=$!
set +m
trap 'kill -- "-$timer" 2>/dev/null || true' EXIT

read -ra keys <<<"${KEYS:-}"
say "Start ${START:=1} on $(sort "$PBS_NODEFILE" | uniq -c | awk '{ print $2 " (" $1 ")" }' | paste -sd ' ')"
launch mpirun --hostfile "$PBS_NODEFILE" -n "$(wc -l <"$PBS_NODEFILE")" "$(realpath "$(command -v trainer)")" "$RUN" "${keys[@]}"
# SIGUSR1 is the timer's; SIGTERM comes from whoever ends the job.
if [[ ${asked:-USR1} == USR1 ]] && worth_another_job "$START" "$RUN" "${keys[@]}"; then
    say "It ended with status $status and is queued again"
    qsub -v "RUN=$RUN,KEYS=${KEYS:-},START=$((START + 1)),MARGIN=${MARGIN:-300},RESTARTS=${RESTARTS:-20}" Launch/pbs.sh
fi
exit "$status"
