package wantedprobes

import data.lib.pods

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	some probe in input.parameters.probes
	not container[probe]
	msg := sprintf("container %v has no %v", [container.name, probe])
}
