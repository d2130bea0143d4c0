# Two rules of the company in its own language, on every MobileAIDeployment.
# input: the deployment; data.ai_registry[model][version]: what the pack verified.
package mobile.ai.governance

import rego.v1

sensitive_regions := {"eu-west-1"}

version := data.ai_registry[input.spec.aiModel.id][input.spec.aiModel.version]

approved if {
	version.sha256 == input.spec.aiModel.sha256
	version.assessment == "approved"
}

deny contains message if {
	input.kind == "MobileAIDeployment"
	not approved
	message := sprintf("%s has no approved ethical assessment", [input.metadata.name])
}

deny contains message if {
	input.spec.dataProcessing.privacyTier == "GDPR_Sensitive"
	not lower(input.spec.dataProcessing.region) in sensitive_regions
	message := sprintf(
		"%s processes GDPR_Sensitive data in %s",
		[input.metadata.name, input.spec.dataProcessing.region],
	)
}
