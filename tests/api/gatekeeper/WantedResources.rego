package wantedresources

import data.lib.pods

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	some kind in ["requests", "limits"]
	some resource in input.parameters.resources
	not container.resources[kind][resource]
	msg := sprintf("container %v has no %v of %v", [container.name, kind, resource])
}
