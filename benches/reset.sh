#!/usr/bin/env bash
# How long `reset` of three one-node clusters takes after a mess, against creating three with kind
# alone, in parallel, with the same image: benches/reset.sh SEATRIAL [ROUNDS]. Needs Docker, kind
# and kubectl. Creation is measured twice: until kind returns, and until CoreDNS is available,
# which is what `reset` waits for. Prints every round, medians, and their ratio.
set -euo pipefail
seatrial=$(realpath "$1")
rounds=${2:-3}
here=$(cd "${0%/*}/.." && pwd)
work=$(mktemp -d)
# kind's own would stay behind.
network=bench-raw-$$
export SEATRIAL_STATE=$work/state KUBECONFIG=$work/kubeconfig
image=$(docker image ls --format '{{.Repository}}:{{.Tag}}' kindest/node | sort --version-sort | tail -1)
version=${image##*:v}
clusters="a b c"

clean_up() {
    "$seatrial" --quiet down --all || true
    for c in $clusters; do kind delete cluster --quiet --name "bench-raw-$c" --kubeconfig "$work/raw-$c" || true; done
    docker network rm "$network" >/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

now() { date +%s%3N; }
median() { sort --numeric-sort | awk '{a[NR]=$1} END {print (a[int((NR+1)/2)] + a[int((NR+2)/2)]) / 2}'; }
# Waits for every job: a failed one ends the bench.
all() { for job in $(jobs -p); do wait "$job"; done; }

cat >"$work/lab.yaml" <<LAB
apiVersion: seatrial/v1
kind: Lab
name: bench
defaults: {template: kind-basic, kubernetes: "$version"}
clusters: {a: {}, b: {}, c: {}}
LAB
"$seatrial" --quiet up "$work/lab.yaml" >/dev/null 2>&1
docker network create "$network" >/dev/null

for round in $(seq "$rounds"); do
    for c in $clusters; do
        "$here/tests/it/real/mess.sh" "$SEATRIAL_STATE/labs/bench/kubeconfig" "bench-$c" "bench-$c-control-plane" 3 NoSchedule >/dev/null &
    done
    all
    begin=$(now)
    "$seatrial" --quiet reset bench >/dev/null
    echo "$(($(now) - begin))" >>"$work/reset"

    begin=$(now)
    for c in $clusters; do
        KIND_EXPERIMENTAL_DOCKER_NETWORK=$network kind create cluster --quiet --name "bench-raw-$c" --image "$image" --kubeconfig "$work/raw-$c" &
    done
    all
    echo "$(($(now) - begin))" >>"$work/created"
    for c in $clusters; do
        kubectl --kubeconfig "$work/raw-$c" wait --namespace kube-system --for condition=Available deployment/coredns --timeout 180s >/dev/null &
    done
    all
    echo "$(($(now) - begin))" >>"$work/available"
    for c in $clusters; do kind delete cluster --quiet --name "bench-raw-$c" --kubeconfig "$work/raw-$c" & done
    all
    echo "round $round: reset $(tail -1 "$work/reset") ms, kind create $(tail -1 "$work/created") ms, CoreDNS available $(tail -1 "$work/available") ms"
done

reset=$(median <"$work/reset")
for what in created available; do
    raw=$(median <"$work/$what")
    awk -v reset="$reset" -v raw="$raw" -v what="$what" \
        'BEGIN {printf "median: reset %d ms, raw until %s %d ms, ratio %.2f\n", reset, what, raw, reset / raw}'
done
