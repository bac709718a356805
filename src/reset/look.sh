# What a node was after `up`, and what it is now.
set -u
kept=/var/lib/seatrial/reset
section() {
    echo "== $1"
    cat
}
cat "$kept/format" 2>/dev/null | section format
ls /etc/kubernetes/manifests/etcd.yaml 2>/dev/null | section etcd
ls /run/containerd/io.containerd.runtime.v2.task/k8s.io | section tasks
cat "$kept/images" 2>/dev/null | section images-then
ctr --namespace k8s.io images list 2>/dev/null | section images-now
cat "$kept/rules4" 2>/dev/null | section rules4-then
iptables-save | section rules4-now
cat "$kept/rules6" 2>/dev/null | section rules6-then
ip6tables-save | section rules6-now
