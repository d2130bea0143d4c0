"""Container image repositories, and ECS clusters and services."""

import json
from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.kind import Call, Given, Kind, Tags
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

_ECS_TAGS: Final = Tags(of="{id}", read="list_tags_for_resource", at="tags")
_REPOSITORY_ARN: Final = "arn:{partition}:ecr:{region}:{account}:repository/{id}"


def _scan(subject: ApiSubject) -> Any:
    given = subject.value("imageScanningConfiguration")
    return {"scanOnPush": given.get("scanOnPush", False)} if given else None


def _encryption(subject: ApiSubject) -> Any:
    given = (subject.value("encryptionConfigurations") or [None])[0]
    return {key: value for key, value in given.items() if value} if given else None


def _containers(subject: ApiSubject) -> Any:
    return json.loads(subject.value("containerDefinitions"))


def _network(subject: ApiSubject) -> Any:
    given = subject.value("networkConfiguration")
    if not given:
        return None
    public = "ENABLED" if given.get("assignPublicIp") else "DISABLED"
    return {"awsvpcConfiguration": {**given, "assignPublicIp": public}}


_PUT_POLICY: Final = Call(
    operation="set_repository_policy",
    give={"repositoryName": "{repository}", "policyText": "{policy}"},
    fill=False,
)
_PUT_LIFECYCLE: Final = Call(
    operation="put_lifecycle_policy",
    give={"repositoryName": "{repository}", "lifecyclePolicyText": "{policy}"},
    fill=False,
)
_SERVICE: Final[Mapping[str, Given]] = {
    "cluster": "{cluster}",
    "taskDefinition": "{taskDefinition}",
    "desiredCount": "{desiredCount}",
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": "{deploymentCircuitBreaker}",
        "maximumPercent": "{deploymentMaximumPercent}",
        "minimumHealthyPercent": "{deploymentMinimumHealthyPercent}",
    },
    "networkConfiguration": _network,
}

KINDS: Final = {
    "aws:ecr/repository:Repository": Kind(
        service="ecr",
        create=Call(
            operation="create_repository",
            give={
                "repositoryName": "{name}",
                "imageScanningConfiguration": _scan,
                "encryptionConfiguration": _encryption,
            },
        ),
        changes=(
            Call(
                operation="put_image_tag_mutability",
                give={"repositoryName": "{id}", "imageTagMutability": "{imageTagMutability}"},
                only=("imageTagMutability",),
                fill=False,
            ),
            Call(
                operation="put_image_scanning_configuration",
                give={"repositoryName": "{id}", "imageScanningConfiguration": _scan},
                only=("imageScanningConfiguration",),
                fill=False,
            ),
        ),
        read=Call(
            operation="describe_repositories", give={"repositoryNames": ["{id}"]}, fill=False
        ),
        at="repositories[0]",
        delete=Call(
            operation="delete_repository",
            give={"repositoryName": "{id}", "force": "{forceDelete}"},
            fill=False,
        ),
        id="{name}",
        tags=Tags(of=_REPOSITORY_ARN, read="list_tags_for_resource", at="tags"),
        names={
            "name": "repositoryName",
            "arn": "repositoryArn",
            "repositoryUrl": "repositoryUri",
            "encryptionConfigurations": "[encryptionConfiguration]",
        },
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Kind(
        service="ecr",
        create=_PUT_POLICY,
        update=_PUT_POLICY,
        read=Call(operation="get_repository_policy", give={"repositoryName": "{id}"}, fill=False),
        delete=Call(
            operation="delete_repository_policy", give={"repositoryName": "{id}"}, fill=False
        ),
        id="{repository}",
        names={"repository": "repositoryName", "policy": "policyText"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Kind(
        service="ecr",
        create=_PUT_LIFECYCLE,
        update=_PUT_LIFECYCLE,
        read=Call(operation="get_lifecycle_policy", give={"repositoryName": "{id}"}, fill=False),
        delete=Call(
            operation="delete_lifecycle_policy", give={"repositoryName": "{id}"}, fill=False
        ),
        id="{repository}",
        names={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
    ),
    "aws:ecs/cluster:Cluster": Kind(
        service="ecs",
        create=Call(operation="create_cluster", give={"clusterName": "{name}"}),
        update=Call(operation="update_cluster", give={"cluster": "{name}"}),
        read=Call(
            operation="describe_clusters",
            give={"clusters": ["{name}"], "include": ["SETTINGS", "CONFIGURATIONS"]},
            fill=False,
        ),
        at="clusters[?status=='ACTIVE'] | [0]",
        delete=Call(operation="delete_cluster", give={"cluster": "{name}"}, fill=False),
        id="arn:{partition}:ecs:{region}:{account}:cluster/{name}",
        tags=_ECS_TAGS,
        names={"name": "clusterName", "arn": "clusterArn"},
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Kind(
        service="ecs",
        create=Call(
            operation="register_task_definition", give={"containerDefinitions": _containers}
        ),
        read=Call(
            operation="describe_task_definition", give={"taskDefinition": "{id}"}, fill=False
        ),
        at="taskDefinition",
        delete=Call(
            operation="deregister_task_definition",
            give={"taskDefinition": "{arn}"},
            fill=False,
        ),
        id="{family}",
        tags=Tags(of="<taskDefinitionArn>", read="list_tags_for_resource", at="tags"),
        names={"arn": "taskDefinitionArn"},
        outputs={
            "arnWithoutRevision": (
                "arn:{partition}:ecs:{region}:{account}:task-definition/{family}"
            ),
        },
        unkept=("containerDefinitions", "volumes"),
    ),
    "aws:ecs/service:Service": Kind(
        service="ecs",
        create=Call(operation="create_service", give={"serviceName": "{name}", **_SERVICE}),
        update=Call(operation="update_service", give={"service": "{name}", **_SERVICE}, fill=False),
        read=Call(
            operation="describe_services",
            give={"cluster": "{cluster}", "services": ["{id}"]},
            fill=False,
        ),
        at="services[?status!='INACTIVE'] | [0]",
        before_delete=(
            Call(
                operation="update_service",
                give={"cluster": "{cluster}", "service": "{id}", "desiredCount": 0},
                fill=False,
            ),
        ),
        delete=Call(
            operation="delete_service",
            give={"cluster": "{cluster}", "service": "{id}", "force": True},
            fill=False,
        ),
        id="<service.serviceArn>",
        tags=_ECS_TAGS,
        names={"name": "serviceName", "arn": "serviceArn", "cluster": "clusterArn"},
        unkept=(
            "deploymentCircuitBreaker",
            "deploymentMaximumPercent",
            "deploymentMinimumHealthyPercent",
            "networkConfiguration",
        ),
    ),
}
