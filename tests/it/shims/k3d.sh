#!/bin/sh
# A k3d of version 5.8.3 that makes one server for a cluster, looks at the host through a container
# that it removes again, and then does what the test wrote into `become`, with the number of the
# attempt as $1 and the cluster's name as $2. The API of a cluster is served by the test itself.

WORLD=${0%/*}/../world
echo "$*" >>"$WORLD/k3d.log"

log() { # LEVEL WORDS
    echo "time=\"2026-01-01T00:00:00Z\" level=$1 msg=\"$2\""
}

make() { # CLUSTER NAME ROLE
    docker run --detach --name "k3d-$1-$2" --network "$network" --label "k3d.cluster=$1" \
        --label "k3d.role=$3" rancher/k3s:v1.36.3-k3s1
}

case "$1 $2" in
"version ")
    printf 'k3d version v5.8.3\nk3s version v1.33.6-k3s1 (default)\n'
    ;;
"cluster create") # CLUSTER --config - --network NETWORK …
    echo "$$" >>"$WORLD/groups"
    case "$KUBECONFIG" in
    */labs/*) ;;
    *) log fatal "this kubeconfig is not seatrial's: $KUBECONFIG" >&2 && exit 1 ;;
    esac
    cluster=$3
    network=$7
    attempt=1
    until mkdir "$WORLD/attempts/$attempt" 2>/dev/null; do attempt=$((attempt + 1)); done
    cat >"$WORLD/attempts/$attempt/config.yaml"
    : >"${TMPDIR:-/tmp}/k3d-config-tmp--1234"
    : >"${TMPDIR:-/tmp}/k3d-hostsfile-1234"
    [ "$LOG_COLORS" = false ] || log fatal 'in colours' >&2
    log info 'Prep: Network'
    docker volume create "k3d-$cluster-images" --label "k3d.cluster=$cluster" >/dev/null || exit 1
    tools=$(make "$cluster" tools noRole) || exit 1
    docker rm --force --volumes "$tools" >/dev/null
    make "$cluster" server-0 server >/dev/null || exit 1
    sed -n '/rancher.k3s/{s/.*:\(v[0-9.]*\)-\(k3s[0-9]*\).*/\1+\2/p;q;}' "$WORLD/attempts/$attempt/config.yaml" \
        >"$WORLD/versions/$cluster"
    set -- "$attempt" "$cluster"
    . "$WORLD/become"
    ;;
"cluster start") # CLUSTER …
    echo "$$" >>"$WORLD/groups"
    log info "Starting cluster '$3'"
    : >"${TMPDIR:-/tmp}/k3d-hostsfile-1234"
    for id in $(docker ps --all --quiet --no-trunc --filter "label=k3d.cluster=$3"); do
        docker start "$id" >/dev/null
    done
    if [ -e "$WORLD/starting-hangs" ]; then
        network=$(sed -n 1p "$WORLD"/containers/*/network | sed 1q)
        make "$3" tools noRole >/dev/null
        : >"$WORLD/kind-hangs"
        while :; do sleep 1; done
    fi
    ;;
"kubeconfig get") # CLUSTER
    [ "$LOG_LEVEL" = warn ] || log info 'what is no YAML: {'
    cat <<END
apiVersion: v1
kind: Config
clusters: [{name: k3d-$3, cluster: {server: "http://127.0.0.1:$(cat "$WORLD/clusters-port")/$3"}}]
users: [{name: admin@k3d-$3, user: {}}]
contexts: [{name: k3d-$3, context: {cluster: k3d-$3, user: admin@k3d-$3}}]
current-context: k3d-$3
END
    ;;
*)
    log fatal "the k3d of the tests does not know: $*" >&2
    exit 1
    ;;
esac
