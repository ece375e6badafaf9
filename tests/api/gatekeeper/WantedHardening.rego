package wantedhardening

import data.lib.pods

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	not object.get(container, ["securityContext", "readOnlyRootFilesystem"], false)
	msg := sprintf("container %v may write to its root file system", [container.name])
}

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	object.get(container, ["securityContext", "allowPrivilegeEscalation"], true)
	msg := sprintf("container %v may gain privileges", [container.name])
}

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	not "ALL" in object.get(container, ["securityContext", "capabilities", "drop"], [])
	msg := sprintf("container %v keeps capabilities", [container.name])
}
