# Ends the containers of pods that were not there after `up`, and removes their volumes. Their
# kubelet knows that they are gone, and would give them time to end by themselves.
set -eu
kept=/var/lib/seatrial/reset
volumes=/var/local-path-provisioner
sed 's/.*/"io.kubernetes.cri.sandbox-uid":"&"/' "$kept/pods" >"$kept/uids"
cd /run/containerd/io.containerd.runtime.v2.task/k8s.io
grep -lF '"io.kubernetes.cri.container-type":"container"' ./*/config.json 2>/dev/null |
    xargs -r grep -LF -f "$kept/uids" | while IFS= read -r config; do
    # It may end by itself in between.
    kill -KILL "$(cat "${config%/config.json}/init.pid")" 2>/dev/null || true
done || true
for volume in "$volumes"/*; do
    [ -e "$volume" ] || continue
    grep -qxF "${volume##*/}" "$kept/volumes" || rm -rf "$volume"
done
