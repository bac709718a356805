#!/usr/bin/env bash
# `seatrial up` of three one-node clusters beside the shortest script that does the same with kind
# alone: same configurations, one network, all at once, ready when the nodes are and CoreDNS is.
# Interleaved pairs; prints the median ratio. Needs Docker, kind and kubectl.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
pairs=${1:-3}
lab=benches/three.yaml
clusters=(a b c)
name=bench-raw-$$

cargo build --release --quiet
seatrial=$PWD/target/release/seatrial
work=$(mktemp -d)
export SEATRIAL_STATE=$work/state

jobs=() # clusters that are being made; each is a process group of its own

remove() { # everything that a measured run made, by the names it used; what fails stops nothing
  local cluster job failed=0
  for job in "${jobs[@]}"; do
    kill -- "-$job" 2>/dev/null || true # it has ended already
    wait "$job" || true
  done
  jobs=()
  "$seatrial" --quiet down --all >/dev/null || failed=1
  for cluster in "${clusters[@]}"; do
    kind delete cluster --quiet --name "$name-$cluster" --kubeconfig "$work/$cluster" || failed=1
  done
  if docker network inspect "$name" >/dev/null 2>&1; then
    docker network rm "$name" >/dev/null || failed=1
  fi
  return "$failed"
}

finish() {
  local status=$?
  trap - EXIT
  set +e
  ((status == 0)) || echo "ended while ${doing:-starting}: no result" >&2
  # State tells what is left of a lab: it goes only when nothing is.
  if remove; then rm -rf "$work"; else
    echo "left behind; see $work and clusters called $name-…" >&2
    status=1
  fi
  exit "$status"
}
trap finish EXIT

raw_cluster() {
  local kubeconfig=$work/$1
  KIND_EXPERIMENTAL_DOCKER_NETWORK=$name kind create cluster --quiet --name "$name-$1" \
    --config "$work/$1.yaml" --kubeconfig "$kubeconfig"
  kubectl --kubeconfig "$kubeconfig" wait node --all --for=condition=Ready --timeout=180s >/dev/null
  kubectl --kubeconfig "$kubeconfig" --namespace kube-system rollout status deployment/coredns \
    --timeout=180s >/dev/null
}

raw() {
  local cluster job failed=0
  docker network create "$name" >/dev/null
  set -m
  for cluster in "${clusters[@]}"; do raw_cluster "$cluster" & jobs+=($!); done
  set +m
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
  jobs=()
  return "$failed"
}

ours() { "$seatrial" --quiet up "$lab" >/dev/null; }

# Sets `took` to the seconds that a function takes; it must succeed. Not printed: in `$(…)` its jobs
# would be out of reach.
timed() {
  doing="measuring $1"
  local start=$EPOCHREALTIME
  "$1"
  took=$(awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.2f", to - from }')
  doing="removing $1"
  remove
}

doing="rendering the configurations"
for cluster in "${clusters[@]}"; do
  "$seatrial" render "$lab" --cluster "$cluster" >"$work/$cluster.yaml"
done

printf '%-6s %10s %10s %7s\n' pair seatrial raw ratio
for pair in $(seq "$pairs"); do
  # Who goes first changes, so that a machine that warms up favours nobody.
  if ((pair % 2)); then
    timed ours; ours=$took; timed raw; raw=$took
  else
    timed raw; raw=$took; timed ours; ours=$took
  fi
  awk -v n="$pair" -v a="$ours" -v b="$raw" \
    'BEGIN { printf "%-6s %8.2f s %8.2f s %7.3f\n", n, a, b, a / b }' | tee -a "$work/pairs"
done
doing="adding up"
sort -k 6 -n "$work/pairs" | awk '{ ratio[NR] = $6 }
  END { m = NR % 2 ? ratio[(NR + 1) / 2] : (ratio[NR / 2] + ratio[NR / 2 + 1]) / 2
        printf "median ratio %.3f (at most 1.10 is wanted)\n", m }'
