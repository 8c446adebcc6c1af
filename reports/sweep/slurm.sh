#!/bin/sh
# sbatch slurm.sh; then, when all parts are done: coalmine merge parts/*.json
#SBATCH --job-name=coalmine-trials
#SBATCH --array=1-16
#SBATCH --cpus-per-task=4
#SBATCH --requeue
exec coalmine trials release --runs 10000000 --threads "$SLURM_CPUS_PER_TASK" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX" --resume "parts/$SLURM_ARRAY_TASK_ID.json"
