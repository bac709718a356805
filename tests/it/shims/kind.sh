#!/bin/sh
# A kind of version 0.33.0 that makes one node for a cluster and then does what the test wrote into
# `become`, with the number of the attempt as $1 and the cluster's name as $2. The API of a cluster
# is served by the test itself.

WORLD=${0%/*}/../world
echo "$*" >>"$WORLD/kind.log"

while [ -e "$WORLD/hold-kind" ]; do sleep 0.02; done

make_node() { # CLUSTER
    docker run --detach --name "$1-control-plane" --network "$KIND_EXPERIMENTAL_DOCKER_NETWORK" \
        --label "io.x-k8s.kind.cluster=$1" kindest/node:v1.36.4 >/dev/null
}

# Says that it hangs, and does.
hang() {
    : >"$WORLD/kind-hangs"
    while :; do sleep 1; done
}

case "$1 $2" in
"version ")
    echo "kind v0.33.0 go1.26.1 linux/amd64"
    ;;
"create cluster") # --name CLUSTER …
    echo "$$" >>"$WORLD/groups"
    attempt=1
    until mkdir "$WORLD/attempts/$attempt" 2>/dev/null; do attempt=$((attempt + 1)); done
    cat >"$WORLD/attempts/$attempt/config.yaml"
    echo "Creating cluster \"$4\" ..." >&2
    make_node "$4" || exit 1
    sed -n '/kindest.node/{s/.*:\(v[0-9.]*\).*/\1/p;q;}' "$WORLD/attempts/$attempt/config.yaml" \
        >"$WORLD/versions/$4"
    set -- "$attempt" "$4"
    . "$WORLD/become"
    ;;
"get kubeconfig") # --name CLUSTER
    cat <<END
apiVersion: v1
kind: Config
clusters: [{name: kind-$4, cluster: {server: "http://127.0.0.1:$(cat "$WORLD/clusters-port")/$4"}}]
users: [{name: kind-$4, user: {}}]
contexts: [{name: kind-$4, context: {cluster: kind-$4, user: kind-$4}}]
current-context: kind-$4
END
    ;;
*)
    echo "ERROR: the kind of the tests does not know: $*" >&2
    exit 1
    ;;
esac
