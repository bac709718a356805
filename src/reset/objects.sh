# All objects as they were after `up`, and as etcd has them now.
set -eu
echo "== then"
cat /var/lib/seatrial/reset/objects
echo
echo "== now"
cd /etc/kubernetes/pki
curl --silent --show-error --fail --max-time 5 --cacert etcd/ca.crt \
    --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key \
    --data '{"key": "L3JlZ2lzdHJ5Lw==", "range_end": "L3JlZ2lzdHJ5MA=="}' \
    https://127.0.0.1:2379/v3/kv/range
