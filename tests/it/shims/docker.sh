#!/bin/sh
# A docker whose containers, networks and images are files below $WORLD. It knows the calls that
# seatrial and the shim of kind make, and refuses every other one.

WORLD=${0%/*}/../world
echo "$*" >>"$WORLD/docker.log"

die() {
    echo "$*" >&2
    exit 1
}

# A number that was never given out before.
fresh() {
    n=1
    until mkdir "$WORLD/ids/$n" 2>/dev/null; do n=$((n + 1)); done
    echo "$n"
}

# The ids of the containers or networks that have this id or name.
called() {
    for dir in "$WORLD/$1"/*; do
        [ -e "$dir/name" ] || continue
        if [ "${dir##*/}" = "$2" ] || [ "$(cat "$dir/name")" = "$2" ]; then echo "${dir##*/}"; fi
    done
}

# key=value lines as a JSON object.
object() {
    comma=
    printf '{'
    while IFS= read -r line; do
        printf '%s"%s":"%s"' "$comma" "${line%%=*}" "${line#*=}"
        comma=,
    done
    printf '}'
}

# When a container began to run, told by a clock that goes on with each start. Its address is
# another one, too, and it has no routes yet.
began() { # DIRECTORY
    second=$(fresh)
    printf '2026-01-01T00:%02d:%02dZ' $((second / 60)) $((second % 60)) >"$1/started"
    printf '10.199.%d.%d' $((second / 250)) $((second % 250 + 1)) >"$1/address"
    : >"$1/routes"
}

# The address of a container that runs.
address() { # DIRECTORY
    if is_up "$1"; then cat "$1/address"; fi
}

# `ip route` in the container of $routes.
ip() {
    case "$2" in
    show) grep "^$3 " "$routes" || true ;;
    replace | del)
        grep -v "^$3 " "$routes" >"$routes-$$" || true
        mv "$routes-$$" "$routes"
        [ "$2" = del ] || echo "$3 $4 $5" >>"$routes"
        ;;
    esac
}

# Changes a container's state in one step: others read it meanwhile.
becomes() { # CONTAINER STATE
    echo "$2" >"$WORLD/making/state-$$"
    mv "$WORLD/making/state-$$" "$WORLD/containers/$1/state"
}

is_up() { # CONTAINER
    case "$(cat "$1/state")" in
    created | exited) return 1 ;;
    esac
}

# Whether a container is on one of these networks, each an id or a name. One that was never started
# knows the name of its network only.
is_on_one_of() { # CONTAINER NETWORK…
    container=$1
    on=$(cat "$1/network")
    shift
    for network; do
        [ "$network" != "$on" ] || return 0
        [ "$(cat "$container/state")" != created ] || continue
        [ "$(cat "$WORLD/networks/$network/name" 2>/dev/null)" != "$on" ] || return 0
    done
    return 1
}

# The containers that run on a network, as a JSON object. One that does not run is not among them,
# and does not keep the network either.
attached() {
    comma=
    printf '{'
    for dir in "$WORLD"/containers/*; do
        [ -e "$dir/name" ] && [ "$(cat "$dir/network")" = "$1" ] || continue
        is_up "$dir" || continue
        printf '%s"%s":{"Name":"%s"}' "$comma" "${dir##*/}" "$(cat "$dir/name")"
        comma=,
    done
    printf '}'
}

while [ -e "$WORLD/hold-$1" ] || [ -e "$WORLD/hold-$1 $2" ]; do sleep 0.02; done

if [ -e "$WORLD/no-daemon" ] && [ "$1" != context ]; then
    [ "$1" = version ] && echo '{"Client":{"Version":"29.1.0"},"Server":null}'
    die "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
fi

case "$1 $2" in
"context inspect")
    cat "$WORLD/endpoint"
    ;;
"version --format")
    printf '{"Client":{"Version":"29.1.0"},"Server":{"Version":"29.1.0","ApiVersion":"%s","Os":"linux","Arch":"amd64"}}\n' \
        "$(cat "$WORLD/api")"
    ;;
"info --format")
    cat "$WORLD/info"
    ;;
"image ls") # --format {{.Tag}} REPOSITORY
    sed -n "s|^$5:||p" "$WORLD/images"
    ;;
"image inspect") # --format {{.Id}} IMAGE
    grep -qxF "$5" "$WORLD/images" || die "Error response from daemon: No such image: $5"
    echo "sha256:of-$5"
    ;;
"image save") # --output FILE …
    : >"$4"
    ;;
"pull --quiet")
    die "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host"
    ;;
"network ls")
    ls "$WORLD/networks"
    ;;
"network create")
    shift 2
    labels=
    while [ $# -gt 1 ]; do
        case "$1" in
        --subnet) subnet=$2 ;;
        --label) labels="$labels$2
" ;;
        esac
        shift 2
    done
    if grep -qxF "$subnet" "$WORLD/overlapping"; then
        die "Error response from daemon: invalid pool request: Pool overlaps with other one on this address space"
    fi
    [ -z "$(called networks "$1")" ] || die "Error response from daemon: network with name $1 already exists"
    id=network-$(fresh)
    mkdir "$WORLD/making/$id"
    echo "$1" >"$WORLD/making/$id/name"
    echo "$subnet" >"$WORLD/making/$id/subnet"
    printf %s "$labels" >"$WORLD/making/$id/labels"
    mv "$WORLD/making/$id" "$WORLD/networks/$id"
    echo "$id"
    ;;
"network inspect")
    id=$(called networks "$3")
    [ -n "$id" ] || die "Error response from daemon: network $3 not found"
    dir=$WORLD/networks/$id
    name=$(cat "$dir/name")
    printf '[{"Id":"%s","Name":"%s","Labels":%s,"IPAM":{"Config":[{"Subnet":"%s"}]},"Containers":%s}]\n' \
        "$id" "$name" "$(object <"$dir/labels")" "$(cat "$dir/subnet")" "$(attached "$name")"
    ;;
"network rm")
    id=$(called networks "$3")
    [ -n "$id" ] || die "Error response from daemon: network $3 not found"
    name=$(cat "$WORLD/networks/$id/name")
    [ "$(attached "$name")" = "{}" ] ||
        die "Error response from daemon: error while removing network: network $name has active endpoints"
    rm -r "$WORLD/networks/$id"
    echo "$3"
    ;;
"volume create") # NAME --label LABEL
    echo "$5" >"$WORLD/volumes/$3"
    echo "$3"
    ;;
"volume inspect") # --format {{json .Labels}} NAME
    [ -e "$WORLD/volumes/$5" ] || die "Error response from daemon: get $5: no such volume"
    object <"$WORLD/volumes/$5"
    ;;
"volume rm")
    [ -e "$WORLD/volumes/$3" ] || die "Error response from daemon: get $3: no such volume"
    rm "$WORLD/volumes/$3"
    echo "$3"
    ;;
"run --detach") # --name NAME --network NETWORK --label LABEL … IMAGE
    [ -z "$(called containers "$4")" ] ||
        die "docker: Error response from daemon: Conflict. The container name \"/$4\" is already in use"
    id=container-$(fresh)
    mkdir "$WORLD/making/$id"
    echo "$4" >"$WORLD/making/$id/name"
    echo "$6" >"$WORLD/making/$id/network"
    shift 6
    while [ "$1" = --label ]; do
        echo "$2" >>"$WORLD/making/$id/labels"
        shift 2
    done
    echo running >"$WORLD/making/$id/state"
    began "$WORLD/making/$id"
    mv "$WORLD/making/$id" "$WORLD/containers/$id"
    echo "$id"
    ;;
"ps "*) # [--all], --quiet --no-trunc or --format {{.Names}}, --filter label=LABEL or network=…
    shift
    all=
    shown=id
    label=
    networks=
    while [ $# -gt 0 ]; do
        case "$1 $2" in
        "--all "*) all=yes ;;
        "--format "*) shown=name && shift ;;
        "--filter label="*) label=${2#label=} && shift ;;
        "--filter network="*) networks="$networks ${2#network=}" && shift ;;
        esac
        shift
    done
    for dir in "$WORLD"/containers/*; do
        [ -e "$dir/name" ] || continue
        [ -n "$all" ] || is_up "$dir" || continue
        [ -z "$label" ] || grep -qxF "$label" "$dir/labels" || continue
        [ -z "$networks" ] || is_on_one_of "$dir" $networks || continue
        if [ "$shown" = name ]; then cat "$dir/name"; else echo "${dir##*/}"; fi
    done
    ;;
"inspect --type") # container --format {{json .}} ID…
    shift 5
    for key; do
        id=$(called containers "$key")
        [ -n "$id" ] || die "Error response from daemon: No such container: $key"
        dir=$WORLD/containers/$id
        [ ! -e "$dir/untold" ] || die "Error response from daemon: the state of $id is not to be had"
        printf '{"Id":"%s","Name":"/%s","State":{"Status":"%s","StartedAt":"%s"},"Config":{"Labels":%s},"NetworkSettings":{"Networks":{"%s":{"IPAddress":"%s"}}}}\n' \
            "$id" "$(cat "$dir/name")" "$(cat "$dir/state")" "$(cat "$dir/started")" "$(object <"$dir/labels")" "$(cat "$dir/network")" "$(address "$dir")"
    done
    ;;
"rm --force") # --volumes ID
    id=$(called containers "$4")
    [ -n "$id" ] || die "Error response from daemon: No such container: $4"
    mv "$WORLD/containers/$id" "$WORLD/making/gone-$id-$$"
    rm -r "$WORLD/making/gone-$id-$$"
    echo "$4"
    ;;
"logs --tail") # LINES ID
    echo "systemd: the log of $4"
    ;;
"exec --interactive") # ID PROGRAM …
    case "$(cat "$WORLD/containers/$3/state")" in
    paused) die "Error response from daemon: container $3 is paused, unpause the container before exec" ;;
    exited) die "Error response from daemon: container $3 is not running" ;;
    esac
    if [ "$4" = ctr ]; then # … import - or … list --quiet name==IMAGE
        for last; do :; done
        echo "${last#name==}"
    elif [ "$4" = sh ] && ! printf %s "$6" | grep -qvE '^(set -e|(\[ -z "\$\(ip route show [0-9./]+\)" \] \|\| )?ip route (replace|del) [0-9./]+( via [0-9.]+)?)$'; then
        routes=$WORLD/containers/$3/routes
        eval "$6"
    else
        echo "kubelet: joined with --token abcdef.0123456789abcdef"
    fi
    ;;
"kill "* | "pause "* | "restart "* | "start "* | "stop "* | "unpause "*)
    [ -d "$WORLD/containers/$2" ] || die "Error response from daemon: No such container: $2"
    case "$1" in
    pause) becomes "$2" paused ;;
    kill | stop) becomes "$2" exited ;;
    restart | start)
        [ "$1" = start ] && is_up "$WORLD/containers/$2" || began "$WORLD/containers/$2"
        becomes "$2" running
        ;;
    unpause) becomes "$2" running ;;
    esac
    echo "$2"
    ;;
*)
    die "the docker of the tests does not know: $*"
    ;;
esac
