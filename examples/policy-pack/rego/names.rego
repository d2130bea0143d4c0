# No deployment under a name that the on-call team cannot say on the phone.
package mobile.ai.governance

import rego.v1

deny contains message if {
	input.kind == "MobileAIDeployment"
	count(input.metadata.name) > 20
	message := sprintf("%s: got a name of more than 20 characters", [input.metadata.name])
}
