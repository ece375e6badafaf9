package wantedusers

import data.lib.pods

violation contains {"msg": msg} if {
	some field in input.parameters.fields
	not in_range(object.get(pods.spec(input.review.object).securityContext, field, -1))
	msg := sprintf("%v is not from %v to %v", [field, input.parameters.min, input.parameters.max])
}

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	some field in input.parameters.fields
	not in_range(object.get(container, ["securityContext", field], input.parameters.min))
	msg := sprintf("%v of container %v is not from %v to %v", [field, container.name, input.parameters.min, input.parameters.max])
}

in_range(number) if {
	number >= input.parameters.min
	number <= input.parameters.max
}
