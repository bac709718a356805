#!/usr/bin/env bash
# `seatrial up` of three one-node clusters beside the shortest script that does the same with kind
# alone: same configurations, one network, all at once, ready when the nodes are and CoreDNS is.
# Interleaved pairs; prints the median ratio. Needs Docker, kind and kubectl.
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${1:-3}
lab=benches/three.yaml
clusters=(a b c)
name=bench-raw-$$

cargo build --release --quiet
seatrial=$PWD/target/release/seatrial
work=$(mktemp -d)
export SEATRIAL_STATE=$work/state

remove() { # everything that a measured run made, by the names it used
  "$seatrial" --quiet down --all >/dev/null
  for cluster in "${clusters[@]}"; do
    kind delete cluster --quiet --name "$name-$cluster" --kubeconfig "$work/$cluster" 2>/dev/null
  done
  if docker network inspect "$name" >/dev/null 2>&1; then docker network rm "$name" >/dev/null; fi
}
trap 'remove; rm -rf "$work"' EXIT

raw_cluster() {
  local kubeconfig=$work/$1
  KIND_EXPERIMENTAL_DOCKER_NETWORK=$name kind create cluster --quiet --name "$name-$1" \
    --config "$work/$1.yaml" --kubeconfig "$kubeconfig"
  kubectl --kubeconfig "$kubeconfig" wait node --all --for=condition=Ready --timeout=180s >/dev/null
  kubectl --kubeconfig "$kubeconfig" --namespace kube-system rollout status deployment/coredns \
    --timeout=180s >/dev/null
}

raw() {
  local cluster job jobs=()
  docker network create "$name" >/dev/null
  for cluster in "${clusters[@]}"; do raw_cluster "$cluster" & jobs+=($!); done
  for job in "${jobs[@]}"; do wait "$job"; done
}

ours() { "$seatrial" --quiet up "$lab" >/dev/null; }

timed() { # seconds that a function takes
  local start=$EPOCHREALTIME
  "$1"
  awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.2f", to - from }'
}

for cluster in "${clusters[@]}"; do
  "$seatrial" render "$lab" --cluster "$cluster" >"$work/$cluster.yaml"
done

printf '%-6s %10s %10s %7s\n' pair seatrial raw ratio
for pair in $(seq "$pairs"); do
  # Who goes first changes, so that a machine that warms up favours nobody.
  if ((pair % 2)); then
    ours=$(timed ours); remove; raw=$(timed raw); remove
  else
    raw=$(timed raw); remove; ours=$(timed ours); remove
  fi
  awk -v n="$pair" -v a="$ours" -v b="$raw" \
    'BEGIN { printf "%-6s %8.2f s %8.2f s %7.3f\n", n, a, b, a / b }' | tee -a "$work/pairs"
done
sort -k 6 -n "$work/pairs" | awk '{ ratio[NR] = $6 }
  END { m = NR % 2 ? ratio[(NR + 1) / 2] : (ratio[NR / 2] + ratio[NR / 2 + 1]) / 2
        printf "median ratio %.3f (at most 1.10 is wanted)\n", m }'
