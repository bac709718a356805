#!/bin/sh
# Makes a mess of one cluster: mess.sh KUBECONFIG CONTEXT NODE REPLICAS EFFECT, the last two for
# CoreDNS and for a taint.
set -eu
here=${0%/*}
kubectl="kubectl --kubeconfig $1 --context $2"
node=$3
docker save registry.k8s.io/e2e-test-images/agnhost:2.53 |
    docker exec --interactive "$node" ctr --namespace k8s.io images import - >/dev/null
$kubectl apply --filename "$here/mess.yaml"
$kubectl wait --for condition=Established crd/boats.mess.example.com --timeout 60s
$kubectl apply --filename - <<'BOAT'
apiVersion: mess.example.com/v1
kind: Boat
metadata: {name: leaky, namespace: mess, finalizers: [mess.example.com/nobody-removes-this]}
BOAT
$kubectl wait --for condition=Ready pod/writer --namespace mess --timeout 120s
$kubectl label namespace kube-system mess=yes
$kubectl scale deployment coredns --namespace kube-system --replicas "$4"
$kubectl taint node "$node" "mess=yes:$5"
$kubectl delete configmap coredns --namespace kube-system
docker exec "$node" iptables --append INPUT --source 192.0.2.1 --jump DROP
docker exec "$node" ip6tables --append INPUT --source 2001:db8::1 --jump DROP
docker exec "$node" iptables --new-chain MESS
docker exec "$node" iptables --insert FORWARD --jump MESS
# The runtime reads no file of that name.
docker exec "$node" touch /etc/cni/net.d/99-mess.txt
$kubectl apply --filename - <<'WEBHOOK'
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: mess}
webhooks:
- name: no.mess.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  clientConfig: {service: {namespace: mess, name: nobody}}
  rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["pods", "configmaps"]}]
WEBHOOK
