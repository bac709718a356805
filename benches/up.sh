#!/usr/bin/env bash
# `seatrial up` of three one-node clusters beside the shortest script that does the same with kind
# or k3d alone: same configurations, one network, all at once, ready when nodes, CNI and CoreDNS
# are. kind's get a CNI of the user's own, whose images are loaded on both sides; k3d's keep theirs.
# Interleaved pairs; prints the median ratio: benches/up.sh [PAIRS [kind|k3d]]. Needs Docker, that
# tool and kubectl.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
pairs=${1:-3}
tool=${2:-kind}
clusters=(a b c)
name=bench-raw-$$
manifest=$PWD/tests/scenarios/own-network/flannel.yaml
images=()

cargo build --release --quiet
seatrial=$PWD/target/release/seatrial
work=$(mktemp -d)
lab=$work/three.yaml
export SEATRIAL_STATE=$work/state

write_lab() {
  local cluster
  if [[ $tool == kind ]]; then
    mapfile -t images < <(sed -n 's/^ *image: //p' "$manifest" | sort --unique)
    cp "$manifest" "$work/"
  fi
  printf 'apiVersion: seatrial/v1\nkind: Lab\nname: bench-three\nclusters:\n'
  for cluster in "${clusters[@]}"; do
    printf '  %s: {kubernetes: "1.36", template: %s-basic' "$cluster" "$tool"
    if ((${#images[@]})); then
      printf ', cni: {manifest: %s, images: [%s]}' "${manifest##*/}" "$(IFS=,; echo "${images[*]}")"
    fi
    printf '}\n'
  done
}

jobs=() # what is being made; each is a process group of its own

remove() { # everything that a measured run made, by the names it used; what fails stops nothing
  local cluster job failed=0
  for job in "${jobs[@]}"; do
    kill -- "-$job" 2>/dev/null || true # it has ended already
    wait "$job" || true
  done
  jobs=()
  "$seatrial" --quiet down --all >/dev/null || failed=1
  for cluster in "${clusters[@]}"; do
    "delete_by_$tool" "$cluster" || failed=1
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

create_by_kind() { # CLUSTER
  local kubeconfig=$work/$1 node=$name-$1-control-plane image import imports=()
  KIND_EXPERIMENTAL_DOCKER_NETWORK=$name kind create cluster --quiet --name "$name-$1" \
    --config "$work/$1.yaml" --kubeconfig "$kubeconfig"
  local pods
  pods=$(sed -n 's/^ *podSubnet: "\(.*\)"$/\1/p' "$work/$1.yaml")
  for image in "${!images[@]}"; do
    docker exec --interactive "$node" ctr --namespace k8s.io images import - \
      <"$work/image-$image.tar" >/dev/null 2>"$work/import-$1-$image.log" & imports+=($!)
  done
  for import in "${imports[@]}"; do wait "$import" || { cat "$work/import-$1-"* >&2; return 1; }; done
  sed "s,{{ net.pods }},$pods," "$manifest" |
    kubectl --kubeconfig "$kubeconfig" apply --filename - >/dev/null
  kubectl --kubeconfig "$kubeconfig" --namespace kube-flannel rollout status daemonset/flannel \
    --timeout=180s >/dev/null
}
delete_by_kind() {
  kind delete cluster --quiet --name "$name-$1" --kubeconfig "$work/$1"
}

k3d_quietly() { KUBECONFIG=$work/none TMPDIR=$work LOG_LEVEL=error k3d "$@"; }
create_by_k3d() { # CLUSTER
  k3d_quietly cluster create "$name-$1" --config "$work/$1.yaml" --network "$name" --timeout 180s \
    --kubeconfig-update-default=false --kubeconfig-switch-context=false >/dev/null
  k3d_quietly kubeconfig get "$name-$1" >"$work/$1"
}
delete_by_k3d() { # k3d fails when it is asked for what is not there
  if k3d_quietly cluster get "$name-$1" >/dev/null 2>&1; then
    k3d_quietly cluster delete "$name-$1" >/dev/null
  fi
}

raw_cluster() {
  local kubeconfig=$work/$1
  "create_by_$tool" "$1"
  kubectl --kubeconfig "$kubeconfig" wait node --all --for=condition=Ready --timeout=180s >/dev/null
  kubectl --kubeconfig "$kubeconfig" --namespace kube-system rollout status deployment/coredns \
    --timeout=180s >/dev/null
}

raw() {
  local cluster image job failed=0
  # k3d asks for the address of its gateway, which Docker tells only where it was said.
  docker network create --subnet 10.198.255.0/24 --gateway 10.198.255.1 "$name" >/dev/null
  set -m
  for cluster in "${clusters[@]}"; do raw_cluster "$cluster" & jobs+=($!); done
  # Long before a cluster needs them.
  for image in "${!images[@]}"; do
    docker image save "${images[$image]}" --output "$work/image-$image.tar" & jobs+=($!)
  done
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
write_lab >"$lab"
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
