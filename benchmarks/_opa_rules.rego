package mobile.pods

import rego.v1

pods contains pod if {
	some resource in input.resources
	pod := resource.spec.template.spec
}

deny contains "host network" if {
	some pod in pods
	pod.hostNetwork
}

deny contains "service account token" if {
	some pod in pods
	not pod.automountServiceAccountToken == false
}

deny contains "root file system" if {
	some pod in pods
	some container in pod.containers
	not container.securityContext.readOnlyRootFilesystem
}

deny contains "image by tag" if {
	some pod in pods
	some container in pod.containers
	not contains(container.image, "@sha256:")
}
