package wantedrepositories

import data.lib.pods

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	not allowed(container.image)
	msg := sprintf("image %v comes from elsewhere", [container.image])
}

allowed(image) if {
	some prefix in input.parameters.prefixes
	startswith(image, prefix)
}
