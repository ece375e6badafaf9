#!/bin/sh
# Binds the recordings on a kept volume again, once their claim is gone (and perhaps its namespace): makes a claim for
# the volume in a namespace of your choice. For administrators; it needs kubectl and nothing else.
set -eu

PREFIX=troubleshooter.sh
MARKS="namespace name uid run requested-by purpose started-at ended-at end chain"

usage() {
    cat <<'END'
usage: bind-recordings.sh VOLUME NAMESPACE [CLAIM]

Makes the claim CLAIM (as it was called before, if not given) in NAMESPACE, bound to VOLUME with all its recordings.
list-recordings.sh shows the volumes.

example: bind-recordings.sh pvc-0f3a5c1e audit web-recordings
END
}

fail() {
    echo "bind-recordings.sh: $*" >&2
    exit 1
}

of_volume() {
    kubectl get persistentvolume "$volume" --output="jsonpath=$1"
}

mark() {
    of_volume "{.metadata.annotations.troubleshooter\\.sh/$1}"
}

case "${1:-}" in -h | --help) usage; exit 0 ;; esac
if [ $# -lt 2 ] || [ $# -gt 3 ]; then usage >&2; exit 64; fi
volume=$1 namespace=$2

label=$(of_volume "{.metadata.labels.troubleshooter\\.sh/recordings}")
[ "$label" = true ] || fail "volume $volume is not labelled $PREFIX/recordings=true, so it is left alone"
policy=$(of_volume '{.spec.persistentVolumeReclaimPolicy}')
[ "$policy" = Retain ] || fail "volume $volume has reclaim policy $policy and would go with its next claim; set it to Retain"
claim=${3:-$(of_volume '{.spec.claimRef.name}')}
before=$(of_volume '{.spec.claimRef.namespace}/{.spec.claimRef.name}')
uid=$(of_volume '{.spec.claimRef.uid}')
phase=$(of_volume '{.status.phase}')
case "$phase" in
Released) ;;
# A run of this script that was cut short between its two steps goes on with the second.
Available) [ "$before" = "$namespace/$claim" ] || fail "volume $volume is Available, promised to $before; name that one" ;;
*) fail "volume $volume is $phase, by claim $before; only one whose claim is gone can be bound again" ;;
esac
kubectl get namespace "$namespace" --output=name >/dev/null
if kubectl get persistentvolumeclaim "$claim" --namespace="$namespace" --output=name >/dev/null 2>&1; then
    fail "namespace $namespace has a claim $claim already; name another as the third argument"
fi

if [ "$phase" = Released ]; then
    # Only if it is still the claim that was looked at.
    kubectl patch persistentvolume "$volume" --type=json --patch="[
        {\"op\": \"test\", \"path\": \"/spec/claimRef/uid\", \"value\": \"$uid\"},
        {\"op\": \"replace\", \"path\": \"/spec/claimRef\", \"value\": {\"apiVersion\": \"v1\",
            \"kind\": \"PersistentVolumeClaim\", \"namespace\": \"$namespace\", \"name\": \"$claim\"}}]"
fi

set --
for each in $MARKS; do
    value=$(mark "$each")
    [ -z "$value" ] || set -- "$@" "$PREFIX/$each=$value"
done
modes=$(of_volume '{.spec.accessModes}')
size=$(of_volume '{.spec.capacity.storage}')
class=$(of_volume '{.spec.storageClassName}')
# In one step: what the volume tells of whose recordings these are, its claim tells from the beginning.
kubectl annotate --local --filename=- --output=yaml "$PREFIX/bound-again=true" "$@" <<END |
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: $claim
  namespace: $namespace
  labels: {$PREFIX/recordings: "true"}
spec:
  volumeName: $volume
  storageClassName: "$class"
  accessModes: $modes
  resources: {requests: {storage: $size}}
END
    kubectl create --filename=-
kubectl wait --for='jsonpath={.status.phase}=Bound' --timeout=60s --namespace="$namespace" "persistentvolumeclaim/$claim"
