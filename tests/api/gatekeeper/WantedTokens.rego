package wantedtokens

import data.lib.pods

violation contains {"msg": "a token is mounted"} if {
	object.get(pods.spec(input.review.object), "automountServiceAccountToken", true)
}
