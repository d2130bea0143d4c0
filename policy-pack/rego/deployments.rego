# Two rules of the company in its own language, on every MobileAIDeployment.
# input: the deployment; data: what the pack verified (docs/adding-a-rule.md).
package mobile.ai.governance

import rego.v1

version := data.ai_registry.models[input.spec.aiModel.id].versions[input.spec.aiModel.version]

approved if {
	version.sha256 == input.spec.aiModel.sha256
	version.ethical_assessment_approved
}

deny contains message if {
	input.kind == "MobileAIDeployment"
	not approved
	message := sprintf("%s has no approved ethical assessment", [input.metadata.name])
}

# Sensitive data stay in the jurisdictions of the pack config.
deny contains message if {
	input.kind == "MobileAIDeployment"
	input.spec.dataProcessing.privacyTier == "GDPR_Sensitive"
	not lower(input.metadata.labels.region) in data.jurisdictions.home
	message := sprintf(
		"%s processes GDPR_Sensitive data in %s",
		[input.metadata.name, input.metadata.labels.region],
	)
}
