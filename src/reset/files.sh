# Puts back a node's own files, and sees to it that its kubelet runs.
set -eu
kept=/var/lib/seatrial/reset
unwatched=
for dir in /etc/kubernetes/manifests /etc/cni/net.d; do
    if [ -d "$kept/files$dir" ] && ! diff -rq "$kept/files$dir" "$dir" >/dev/null; then
        # Who watched a directory that was removed does not see the one that takes its place.
        [ -d "$dir" ] || unwatched=yes
        mkdir -p "$dir"
        find "$dir" -mindepth 1 -delete
        cp -a "$kept/files$dir/." "$dir"
    fi
done
[ -z "$unwatched" ] || systemctl restart containerd kubelet
config=/var/lib/kubelet/config.yaml
if ! cmp -s "$kept/files$config" "$config"; then
    cp -a "$kept/files$config" "$config"
    systemctl restart kubelet
fi
systemctl start containerd kubelet
