# Tests of deployments.rego: `mobile-ai policy test`.
package mobile.ai.governance_test

import rego.v1

import data.mobile.ai.governance

digest := "7882bcb95341164a00cb5f4e8bc301741d40fc0a6b79b7d7da565de3257c6dea"

registry(approved) := {"models": {"digits": {"versions": {"1.1.0": {
	"sha256": digest,
	"ethical_assessment_approved": approved,
}}}}}

deployment(tier, region) := {
	"kind": "MobileAIDeployment",
	"metadata": {"name": "camera-digits", "labels": {"region": region}},
	"spec": {
		"aiModel": {"id": "digits", "version": "1.1.0", "sha256": digest},
		"dataProcessing": {"privacyTier": tier, "dataTypes": ["document-image"], "region": region},
	},
}

denials(approved, tier, region) := found if {
	found := governance.deny with input as deployment(tier, region)
		with data.ai_registry as registry(approved)
		with data.jurisdictions as {"home": ["eu-central-1"]}
}

test_an_approved_version_at_home_passes if count(denials(true, "GDPR_Sensitive", "EU-Central-1")) == 0

test_a_version_that_is_not_approved_is_denied if {
	denials(false, "Internal", "eu-central-1") == {"camera-digits has no approved ethical assessment"}
}

test_sensitive_data_abroad_are_denied if {
	denials(true, "GDPR_Sensitive", "us-east-1") == {"camera-digits processes GDPR_Sensitive data in us-east-1"}
}

test_other_data_may_be_abroad if count(denials(true, "Internal", "us-east-1")) == 0
