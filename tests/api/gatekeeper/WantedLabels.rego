package wantedlabels

import data.lib.pods

violation contains {"msg": msg} if {
	some key in input.parameters.labels
	not pods.label(input.review.object, key)
	msg := sprintf("label %v is missing", [key])
}
