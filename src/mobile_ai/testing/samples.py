"""Sample properties of each resource type that rules evaluate; every rule passes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

_IMAGE: Final = f"registry.example.com/edge@sha256:{'f' * 64}"
_ROLE: Final = "arn:aws:iam::111122223333:role/reader"
_TOPIC: Final = "arn:aws:sns:eu-west-1:111122223333:alarms"


def _policy(action: str, resource: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": [action], "Resource": [resource], **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_TRUST_POLICY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_CONTAINERS: Final = json.dumps(
    [
        {
            "name": "server",
            "image": _IMAGE,
            "user": "10001",
            "readonlyRootFilesystem": True,
            "logConfiguration": {"logDriver": "awslogs"},
        }
    ]
)
_READ: Final = _policy("s3:GetObject", "arn:aws:s3:::models/*")
_OWN: Final = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
_BUCKET_POLICY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::models-1/*"],
                "Principal": {"AWS": [_ROLE]},
            },
            {
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::models-1", "arn:aws:s3:::models-1/*"],
                "Principal": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
)
_POD: Final[dict[str, Any]] = {
    "automountServiceAccountToken": False,
    "serviceAccountName": "digits",
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "containers": [
        {
            "name": "server",
            "image": _IMAGE,
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "resources": {
                "requests": {"cpu": "250m", "memory": "128Mi"},
                "limits": {"cpu": "1", "memory": "256Mi"},
            },
            "readinessProbe": {"httpGet": {"path": "/v2/health/ready", "port": 8080}},
            "livenessProbe": {"httpGet": {"path": "/v2/health/live", "port": 8080}},
            "ports": [{"containerPort": 8080}],
            "env": [{"name": "MOBILE_AI_APP", "value": "field-assistant"}],
        }
    ],
    "volumes": [{"name": "cache", "emptyDir": {"sizeLimit": "64Mi"}}],
}
_TEMPLATE: Final = {"template": {"spec": _POD}}

_AWS: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws:apigatewayv2/route:Route": {"routeKey": "GET /v2", "authorizationType": "JWT"},
    "aws:apigatewayv2/stage:Stage": {
        "defaultRouteSettings": {"throttlingRateLimit": 5, "throttlingBurstLimit": 10},
        "accessLogSettings": {"format": "$context.requestId", "destinationArn": "arn"},
    },
    "aws:appautoscaling/target:Target": {"maxCapacity": 4, "minCapacity": 1},
    "aws:cloudfront/cachePolicy:CachePolicy": {"maxTtl": 60},
    "aws:cloudfront/distribution:Distribution": {
        "enabled": True,
        "webAclId": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/models/1",
        "defaultRootObject": "metadata/timestamp.json",
        "priceClass": "PriceClass_100",
        "restrictions": {"geoRestriction": {"restrictionType": "whitelist", "locations": ["DE"]}},
        "defaultCacheBehavior": {"viewerProtocolPolicy": "https-only"},
        "orderedCacheBehaviors": [{"viewerProtocolPolicy": "https-only"}],
        "viewerCertificate": {
            "minimumProtocolVersion": "TLSv1.2_2021",
            "sslSupportMethod": "sni-only",
        },
        "origins": [{"originId": "models", "originAccessControlId": "E1"}],
    },
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 30, "kmsKeyId": "arn:aws:kms:1"},
    "aws:dynamodb/table:Table": {"serverSideEncryption": {"enabled": True}},
    "aws:ebs/volume:Volume": {"encrypted": True},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"ingress": []},
    "aws:ec2/securityGroup:SecurityGroup": {"ingress": [{"cidrBlocks": ["10.0.0.0/16"]}]},
    "aws:ec2/securityGroupRule:SecurityGroupRule": {
        "type": "ingress",
        "cidrBlocks": ["10.0.0.0/16"],
        "ipv6CidrBlocks": ["fd00::/8"],
    },
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": False},
    "aws:ecr/repository:Repository": {
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
    },
    "aws:ecr/repositoryPolicy:RepositoryPolicy": {
        "policy": _policy("ecr:BatchGetImage", "*", Principal={"AWS": [_ROLE]})
    },
    "aws:ecs/taskDefinition:TaskDefinition": {
        "networkMode": "awsvpc",
        "cpu": "1024",
        "containerDefinitions": _CONTAINERS,
    },
    "aws:efs/fileSystem:FileSystem": {"encrypted": True},
    "aws:iam/policy:Policy": {"policy": _READ},
    "aws:iam/role:Role": {"assumeRolePolicy": _TRUST_POLICY},
    "aws:iam/rolePolicy:RolePolicy": {"policy": _READ},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    },
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {
        "destination": "extended_s3",
        "serverSideEncryption": {"enabled": True},
        "extendedS3Configuration": {"kmsKeyArn": "arn:aws:kms:1"},
    },
    "aws:kinesis/stream:Stream": {"encryptionType": "KMS", "kmsKeyId": "alias/ours"},
    "aws:kms/key:Key": {"enableKeyRotation": True, "deletionWindowInDays": 30},
    "aws:lambda/function:Function": {
        "packageType": "Image",
        "imageUri": _IMAGE,
        "memorySize": 512,
        "reservedConcurrentExecutions": 2,
        "environment": {"variables": {"MOBILE_AI_APP": "field-assistant"}},
        "loggingConfig": {"logGroup": "/aws/lambda/x"},
    },
    "aws:lambda/functionUrl:FunctionUrl": {"authorizationType": "AWS_IAM"},
    "aws:lambda/permission:Permission": {
        "action": "lambda:InvokeFunction",
        "principal": "apigateway.amazonaws.com",
        "sourceAccount": "111122223333",
    },
    "aws:lb/listener:Listener": {
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "internal": True,
        "dropInvalidHeaderFields": True,
        "enableDeletionProtection": True,
        "accessLogs": {"enabled": True},
    },
    "aws:rds/cluster:Cluster": {"storageEncrypted": True},
    "aws:rds/instance:Instance": {
        "engine": "postgres",
        "storageEncrypted": True,
        "iamDatabaseAuthenticationEnabled": True,
        "copyTagsToSnapshot": True,
        "manageMasterUserPassword": True,
        "publiclyAccessible": False,
        "backupRetentionPeriod": 14,
        "deletionProtection": True,
        "multiAz": True,
        "instanceClass": "db.t4g.medium",
    },
    "aws:s3/bucket:Bucket": {"bucket": "models-1"},
    "aws:s3/bucketAcl:BucketAcl": {"acl": "private"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {"bucket": "models-1"},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
        "bucket": "models-1",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "models-1", "policy": _BUCKET_POLICY},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "bucket": "models-1",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "models-1",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}],
    },
    "aws:s3/bucketVersioning:BucketVersioning": {
        "bucket": "models-1",
        "versioningConfiguration": {"status": "Enabled"},
    },
    "aws:sns/topic:Topic": {"kmsMasterKeyId": "alias/ours"},
    "aws:sns/topicPolicy:TopicPolicy": {
        "policy": _policy(
            "sns:Publish",
            _TOPIC,
            Principal={"Service": "cloudwatch.amazonaws.com"},
            Condition=_OWN,
        )
    },
    "aws:sqs/queue:Queue": {"kmsMasterKeyId": "alias/ours"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"cidrIpv4": "10.0.0.0/16"},
    "aws:wafv2/webAcl:WebAcl": {"scope": "CLOUDFRONT"},
}
_KUBERNETES: Final[Mapping[str, Mapping[str, Any]]] = {
    "kubernetes:apps/v1:DaemonSet": {"spec": _TEMPLATE},
    "kubernetes:apps/v1:StatefulSet": {"spec": _TEMPLATE},
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": {"spec": {"maxReplicas": 6}},
    "kubernetes:batch/v1:CronJob": {"spec": {"jobTemplate": {"spec": _TEMPLATE}}},
    "kubernetes:batch/v1:Job": {"spec": _TEMPLATE},
    "kubernetes:core/v1:ConfigMap": {"data": {"settings": "plain"}},
    "kubernetes:core/v1:Namespace": {},
    "kubernetes:core/v1:Pod": {"spec": _POD},
    "kubernetes:core/v1:Service": {"spec": {"type": "ClusterIP"}},
    "kubernetes:core/v1:ServiceAccount": {"automountServiceAccountToken": False},
    "kubernetes:rbac.authorization.k8s.io/v1:Role": {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    },
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {
        "roleRef": {"kind": "Role", "name": "reader"}
    },
}
SAMPLE_TYPES: Final = (*_AWS, *_KUBERNETES)
"""Resource types with sample properties."""


def sample_props(token: str, *, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return properties of a resource of a type that pass every rule.

    Args:
        token: One of ``SAMPLE_TYPES``.
        labels: Labels of a Kubernetes object.

    Raises:
        KeyError: If there is no sample of the type.
    """
    if token in _AWS:
        return deepcopy(dict(_AWS[token]))
    props: dict[str, Any] = deepcopy(dict(_KUBERNETES[token]))
    own = {"pod-security.kubernetes.io/enforce": "restricted"} if token.endswith("space") else {}
    props["metadata"] = {
        "name": "sample",
        "namespace": "field-assistant",
        "labels": {**labels, **own},
    }
    return props
