"""Cases of the rules on cloud and cluster resources."""

import json
from dataclasses import replace
from typing import Any

from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.testing import Scene, changed, without
from tests.governance.rules.table import SCENE, Case, fails, passes, says

AWS = "aws:"
W = SCENE.workload()
POD = ("spec", "template", "spec")
BOX = (*POD, "containers", 0)
OWN = (*BOX, "securityContext")


def given(rule: str, outcome: str, *resources: Resource, label: str, scene: Scene = SCENE) -> Case:
    return Case(rule=rule, outcome=outcome, label=label, scene=scene, changed=resources)


_PLACES = "cdn-geography-allowed"
_PATCHES = "patches-released"


def released(*keys: str) -> list[Resource]:
    """Return the objects of a release."""
    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    return [SCENE.resource(token, {"key": key}, name=key) for key in keys]


def configured(rule: str, outcome: str, *resources: Resource, **parameters: Any) -> Case:
    config = json.dumps({"rules": {rule: {"parameters": parameters}}})
    scene = replace(SCENE, config=config)
    return given(rule, outcome, *resources, label=str(parameters), scene=scene)


_STORE = "storage-private-and-encrypted"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_DB = "aws:rds/instance:Instance"
_S3 = "aws:s3/"
STORAGE = (
    [
        case
        for key in (
            "blockPublicAcls",
            "blockPublicPolicy",
            "ignorePublicAcls",
            "restrictPublicBuckets",
        )
        for case in (
            fails(_STORE, _BLOCK, key, to=False),
            fails(_STORE, _BLOCK, key, to=None),
            says("unknown", _STORE, _BLOCK, key, to=UNKNOWN),
        )
    ]
    + [
        passes(_STORE, _BLOCK, "bucket", to="other"),
        fails(_STORE, "aws:s3/bucket:Bucket", "acl", to="public-read"),
        passes(_STORE, "aws:s3/bucket:Bucket", "acl", to="private"),
        fails(_STORE, "aws:s3/bucket:Bucket", "website", to={"indexDocument": "index.html"}),
        fails(_STORE, "aws:s3/bucketAcl:BucketAcl", "acl", to="public-read-write"),
        fails(_STORE, "aws:s3/bucketAcl:BucketAcl", "acl", to=None),
        passes(_STORE, "aws:s3/bucketAcl:BucketAcl", "acl", to="log-delivery-write"),
        fails(_STORE, "aws:s3/bucketAcl:BucketAcl", "accessControlPolicy", to={"grants": []}),
        fails(
            _STORE, f"{_S3}bucketVersioning:BucketVersioning", "versioningConfiguration", to=None
        ),
        fails(_STORE, f"{_S3}bucketOwnershipControls:BucketOwnershipControls", "rule", to=None),
        fails(_STORE, f"{_S3}bucketPolicy:BucketPolicy", "bucket", to="another"),
        fails(_STORE, f"{_S3}bucketPolicy:BucketPolicy", "policy", to="no JSON"),
        fails(_STORE, f"{_S3}bucketPolicy:BucketPolicy", "policy", to=None),
        passes(_STORE, f"{_S3}bucketPolicy:BucketPolicy", "policy", to=UNKNOWN),
        fails(_STORE, _SSE, "rules", to=[]),
        fails(_STORE, _SSE, "rules", to=None),
        fails(_STORE, _SSE, "rules", to=[{}]),
        fails(
            _STORE, _SSE, "rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm", to="x"
        ),
        says("unknown", _STORE, _SSE, "rules", to=UNKNOWN),
        fails(_STORE, _DB, "storageEncrypted", to=False),
        fails(_STORE, _DB, "storageEncrypted", to="true"),
        fails(_STORE, _DB, "publiclyAccessible", to=True),
        passes(_STORE, _DB, "publiclyAccessible", to=None),
        says("unknown", _STORE, _DB, "storageEncrypted", to=UNKNOWN),
        fails(_STORE, "aws:rds/cluster:Cluster", "storageEncrypted", to=None),
        fails(_STORE, "aws:ecr/repository:Repository", "encryptionConfigurations", to=[]),
        fails(_STORE, "aws:ecr/repository:Repository", "encryptionConfigurations", to=[{}]),
        fails(_STORE, "aws:kinesis/stream:Stream", "encryptionType", to="NONE"),
        fails(_STORE, "aws:kinesis/stream:Stream", "kmsKeyId", to=None),
        fails(_STORE, "aws:dynamodb/table:Table", "serverSideEncryption", to=None),
        fails(_STORE, "aws:dynamodb/table:Table", "serverSideEncryption", "enabled", to=False),
        fails(_STORE, "aws:ebs/volume:Volume", "encrypted", to=False),
        fails(_STORE, "aws:efs/fileSystem:FileSystem", "encrypted", to=None),
    ]
    + [
        passes(
            _STORE,
            _SSE,
            "rules",
            to=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}],
        )
        for algorithm in ("aws:kms", "aws:kms:dsse", "AES256")
    ]
    + [
        passes(
            _STORE,
            "aws:ecr/repository:Repository",
            "encryptionConfigurations",
            to=[{"encryptionType": kind}],
        )
        for kind in ("KMS", "KMS_DSSE", "AES256")
    ]
)

_IAM = "no-wildcard-iam"
_POLICY = "aws:iam/rolePolicy:RolePolicy"
_ROLE = "aws:iam/role:Role"
_ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_READER = "arn:aws:iam::111122223333:role/reader"


def statement(outcome: str, of: str = _POLICY, **fields: Any) -> Case:
    value = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:x", **fields}
    value = {key: item for key, item in value.items() if item is not None}
    key = "assumeRolePolicy" if of == _ROLE else "policy"
    return says(outcome, _IAM, of, key, to=json.dumps({"Statement": [value]}))


def _web(**condition: Any) -> dict[str, Any]:
    """Return a role that tokens of an identity provider may assume."""
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/github"},
        "Condition": condition,
    }


_PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
_OPEN_TO_ALL = json.dumps({"Statement": [_PUBLIC]})
_EVERYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
IAM = [
    statement("pass"),
    statement("fail", Action="*"),
    statement("fail", Action="s3:*"),
    statement("fail", Action=["s3:GetObject", "kms:*"]),
    statement("pass", Action="s3:Get*"),
    statement("fail", Resource="*"),
    statement("fail", Resource=["arn:x", "*"]),
    statement("pass", Effect="Deny", Action="*", Resource="*"),
    statement("fail", NotAction="s3:GetObject", Action=None),
    statement("fail", NotResource="arn:x", Resource=None),
    statement("fail", NotPrincipal={"AWS": "x"}),
    statement("pass", Action=["xray:PutTraceSegments"], Resource="*"),
    statement("pass", Action=["ecr:GetAuthorizationToken"], Resource="*"),
    statement("fail", Action=["xray:PutTraceSegments", "s3:GetObject"], Resource="*"),
    statement("fail", of="aws:s3/bucketPolicy:BucketPolicy", Principal="*"),
    statement("fail", of="aws:s3/bucketPolicy:BucketPolicy", Principal={"AWS": "*"}),
    statement("fail", of="aws:s3/bucketPolicy:BucketPolicy", Principal={"AWS": ["a", "*"]}),
    statement("pass", of="aws:s3/bucketPolicy:BucketPolicy", Principal={"AWS": _READER}),
    statement(
        "pass", of="aws:s3/bucketPolicy:BucketPolicy", Principal={"AWS": _READER}, Resource="*"
    ),
    statement(
        "fail",
        of="aws:s3/bucketPolicy:BucketPolicy",
        Principal="*",
        Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
    ),
    statement(
        "fail",
        of="aws:s3/bucketPolicy:BucketPolicy",
        Principal="*",
        Condition={"Bool": {"aws:SecureTransport": "true"}},
    ),
    statement("fail", of="aws:s3/bucketPolicy:BucketPolicy", Principal="*", Condition="x"),
    statement("fail", of="aws:sns/topicPolicy:TopicPolicy", Principal="*"),
    statement("fail", of="aws:ecr/repositoryPolicy:RepositoryPolicy", Principal="*"),
    statement("fail", of=_ROLE, Action="sts:AssumeRole", Resource=None, Principal={"AWS": "*"}),
    statement("pass", of=_ROLE, Action="sts:AssumeRole", Resource=None, Principal={"AWS": _READER}),
    statement("fail", of="aws:iam/policy:Policy", Action="*"),
    statement("fail", Action="**"),
    statement("fail", Action="iam:*Role*"),
    statement("fail", Action="s?:GetObject"),
    statement("fail", Action="iam:Get*"),
    statement("fail", Action="secretsmanager:Get*"),
    statement("fail", Resource="**"),
    statement("fail", Resource="arn:aws:*:*:*:*"),
    statement("fail", Resource="arn:aws:s3:::*"),
    statement("fail", Resource="arn:aws:iam::*:role/deployer"),
    statement("fail", Resource="arn:aws:iam::111122223333:role/*"),
    statement("fail", Resource="arn:aws:iam::111122223333:*"),
    statement("fail", Resource="arn:aws:kms:eu-west-1:111122223333:key/*"),
    statement(
        "pass",
        Resource="arn:aws:kms:eu-west-1:111122223333:key/*",
        Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/ours"]}},
    ),
    statement("pass", Resource="arn:aws:s3:::events/*"),
    statement("pass", Resource="arn:aws:lambda:eu-west-1:111122223333:function:ours:*"),
    statement("fail", Resource="arn:aws:lambda:eu-west-1:111122223333:function:*"),
    statement("pass", Resource="arn:aws:logs:eu-west-1:111122223333:log-group:/a:log-stream:*"),
    *(
        statement(
            "fail",
            of="aws:s3/bucketPolicy:BucketPolicy",
            Principal="*",
            Condition={operator: {key: value}},
        )
        for operator, key, value in (
            ("StringLike", "aws:PrincipalArn", "*"),
            ("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:*"),
            ("StringEqualsIfExists", "aws:SourceAccount", "111122223333"),
            ("StringNotEquals", "aws:SourceAccount", "111122223333"),
            ("StringEquals", "aws:SourceAccount", ["111122223333", "*"]),
        )
    ),
    *(
        says(outcome, _IAM, _ROLE, "assumeRolePolicy", to=json.dumps({"Statement": [_web(**test)]}))
        for outcome, test in (
            ("pass", {"StringEquals": {"github:sub": "repo:a/b:environment:prod"}}),
            ("fail", {"StringLike": {"github:sub": "repo:a/*"}}),
            ("fail", {"StringEquals": {"github:aud": "sts.amazonaws.com"}}),
            ("fail", {}),
        )
    ),
    *(
        given(_IAM, "fail", SCENE.resource(token, {"policy": _OPEN_TO_ALL}), label=token)
        for token in (
            "aws:kms/keyPolicy:KeyPolicy",
            "aws:kms/key:Key",
            "aws:kms/externalKey:ExternalKey",
            "aws:secretsmanager/secret:Secret",
            "aws:sns/topic:Topic",
            "aws:sqs/queue:Queue",
            "aws:s3/bucket:Bucket",
        )
    ),
    fails(_IAM, _ROLE, "inlinePolicies", to=[{"name": "a", "policy": _EVERYTHING}]),
    passes(_IAM, _ROLE, "inlinePolicies", to=[]),
    fails(_IAM, _ROLE, "managedPolicyArns", to=["arn:aws:iam::aws:policy/AdministratorAccess"]),
    says("fail", _IAM, _POLICY, "policy", to="not JSON"),
    says("fail", _IAM, _POLICY, "policy", to="[]"),
    says("fail", _IAM, _POLICY, "policy", to='{"Statement": "x"}'),
    says("fail", _IAM, _POLICY, "policy", to=None),
    says("deferred", _IAM, _POLICY, "policy", to=UNKNOWN),
    says("fail", _IAM, _POLICY, "policy", to='{"Statement": {"Effect": "Deny"}}'),
    fails(_IAM, _ATTACHED, "policyArn", to="arn:aws:iam::aws:policy/AdministratorAccess"),
    fails(_IAM, _ATTACHED, "policyArn", to="arn:aws:iam::aws:policy/PowerUserAccess"),
    fails(_IAM, _ATTACHED, "policyArn", to="arn:aws:iam::aws:policy/AmazonS3FullAccess"),
    fails(_IAM, _ATTACHED, "policyArn", to="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
    fails(
        _IAM, _ATTACHED, "policyArn", to="arn:aws:iam::aws:policy/job-function/SystemAdministrator"
    ),
    fails(_IAM, _ATTACHED, "policyArn", to="arn:aws:iam::111122223333:policy/MyAdministrators"),
    passes(_IAM, _ATTACHED, "policyArn", to="arn:aws:iam::111122223333:policy/read-events"),
    passes(
        _IAM,
        _ATTACHED,
        "policyArn",
        to="arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    ),
    says("deferred", _IAM, _ATTACHED, "policyArn", to=UNKNOWN),
    given(
        _IAM,
        "unknown",
        changed(SCENE.sample(_POLICY), "policy", to=UNKNOWN),
        label="must-be-known-at-up",
        scene=replace(SCENE, preview=False),
    ),
]

_RESTRICTED = "edge-pod-restricted"
PODS = (
    [
        case
        for kind, path in (
            ("kubernetes:apps/v1:DaemonSet", POD),
            ("kubernetes:batch/v1:Job", POD),
            ("kubernetes:batch/v1:CronJob", ("spec", "jobTemplate", *POD)),
            ("kubernetes:core/v1:Pod", ("spec",)),
        )
        for case in (
            fails(_RESTRICTED, kind, *path, "hostPID", to=True),
            fails(_RESTRICTED, kind, *path, "containers", to=[]),
            fails("no-service-account-token", kind, *path, "serviceAccountName", to="default"),
            fails("container-limits-set", kind, *path, "containers", 0, "resources", to=None),
        )
    ]
    + [
        fails(_RESTRICTED, W, *POD, "hostNetwork", to=True),
        fails(_RESTRICTED, W, *POD, "hostIPC", to=True),
        fails(_RESTRICTED, W, *POD, "hostIPC", to="false"),
        passes(_RESTRICTED, W, *POD, "hostPID", to=False),
        fails(_RESTRICTED, W, *POD, "volumes", 0, "hostPath", to={"path": "/"}),
        passes(_RESTRICTED, W, *POD, "volumes", to=None),
        fails(_RESTRICTED, W, *POD, "volumes", to="all"),
        fails(_RESTRICTED, W, *OWN, "privileged", to=True),
        passes(_RESTRICTED, W, *OWN, "privileged", to=False),
        fails(_RESTRICTED, W, *OWN, "allowPrivilegeEscalation", to=None),
        fails(_RESTRICTED, W, *OWN, "allowPrivilegeEscalation", to=True),
        fails(_RESTRICTED, W, *OWN, "readOnlyRootFilesystem", to=False),
        fails(_RESTRICTED, W, *OWN, "readOnlyRootFilesystem", to=None),
        fails(_RESTRICTED, W, *OWN, "procMount", to="Unmasked"),
        passes(_RESTRICTED, W, *OWN, "procMount", to="Default"),
        fails(_RESTRICTED, W, *OWN, "capabilities", to=None),
        fails(_RESTRICTED, W, *OWN, "capabilities", "drop", to=["NET_RAW"]),
        fails(_RESTRICTED, W, *OWN, "capabilities", "drop", to="ALL"),
        fails(_RESTRICTED, W, *OWN, "capabilities", "add", to=["SYS_ADMIN"]),
        passes(_RESTRICTED, W, *OWN, "capabilities", "add", to=["NET_BIND_SERVICE"]),
        passes(_RESTRICTED, W, *OWN, "capabilities", "add", to=[]),
        fails(_RESTRICTED, W, *OWN, "runAsNonRoot", to=False),
        passes(_RESTRICTED, W, *OWN, "runAsNonRoot", to=True),
        fails(_RESTRICTED, W, *POD, "securityContext", "runAsNonRoot", to=None),
        fails(_RESTRICTED, W, *OWN, "runAsUser", to=0),
        fails(_RESTRICTED, W, *POD, "securityContext", "runAsUser", to=0),
        passes(_RESTRICTED, W, *POD, "securityContext", "runAsUser", to=None),
        fails(_RESTRICTED, W, *OWN, "seccompProfile", to={"type": "Unconfined"}),
        passes(_RESTRICTED, W, *OWN, "seccompProfile", to={"type": "Localhost"}),
        fails(_RESTRICTED, W, *POD, "securityContext", "seccompProfile", to=None),
        fails(_RESTRICTED, W, *BOX, "ports", 0, "hostPort", to=80),
        passes(_RESTRICTED, W, *BOX, "ports", 0, "hostPort", to=0),
        fails(_RESTRICTED, W, *POD, "initContainers", to=[{"name": "x"}]),
        fails(_RESTRICTED, W, *POD, "ephemeralContainers", to=[{"name": "x"}]),
        fails(_RESTRICTED, W, *POD, "containers", to=None),
        says("unknown", _RESTRICTED, W, *POD, to=UNKNOWN),
        says("unknown", _RESTRICTED, W, *OWN, "readOnlyRootFilesystem", to=UNKNOWN),
        says("unknown", _RESTRICTED, W, *POD, "volumes", to=UNKNOWN),
    ]
    + [
        passes(_RESTRICTED, W, *POD, "volumes", to=[{"name": "x", kind: {}}])
        for kind in (
            "configMap",
            "csi",
            "downwardAPI",
            "ephemeral",
            "persistentVolumeClaim",
            "projected",
            "secret",
        )
    ]
)

_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
_NS = "kubernetes:core/v1:Namespace"
_PLAIN_SECRETS = "no-plain-secrets"
_RBAC = "kubernetes:rbac.authorization.k8s.io/v1:Role"
_SVC = "kubernetes:core/v1:Service"
CLUSTER = [
    fails("container-limits-set", W, *BOX, "resources", kind, resource, to=value)
    for kind in ("requests", "limits")
    for resource in ("cpu", "memory")
    for value in (None, "")
] + [
    says("unknown", "container-limits-set", W, *BOX, "resources", to=UNKNOWN),
    passes("container-limits-set", W, *BOX, "resources", "limits", "cpu", to="2"),
    fails("probes-set", W, *BOX, "readinessProbe", to=None),
    fails("probes-set", W, *BOX, "livenessProbe", to={}),
    passes("probes-set", W, *BOX, "livenessProbe", to={"exec": {}}),
    says("unknown", "probes-set", W, *BOX, "livenessProbe", to=UNKNOWN),
    fails("no-service-account-token", W, *POD, "automountServiceAccountToken", to=None),
    fails("no-service-account-token", W, *POD, "serviceAccountName", to=None),
    fails("no-service-account-token", W, *POD, "serviceAccountName", to=""),
    passes("no-service-account-token", W, *POD, "serviceAccountName", to="own"),
    fails("no-service-account-token", _ACCOUNT, "automountServiceAccountToken", to=None),
    says(
        "unknown", "no-service-account-token", _ACCOUNT, "automountServiceAccountToken", to=UNKNOWN
    ),
    passes("no-service-account-token", _ACCOUNT, "metadata", "name", to="x"),
    fails("namespace-restricted", _NS, "metadata", "labels", to={}),
    passes("namespace-restricted", _NS, "metadata", "name", to="x"),
    says("unknown", "namespace-restricted", _NS, "metadata", "labels", to=UNKNOWN),
    fails("cluster-roles-narrow", _RBAC, "rules", 0, "verbs", to=["get", "*"]),
    fails("cluster-roles-narrow", _RBAC, "rules", 0, "resources", to=["*"]),
    fails("cluster-roles-narrow", _RBAC, "rules", 0, "apiGroups", to=["*"]),
    passes("cluster-roles-narrow", _RBAC, "rules", to=[]),
    says("unknown", "cluster-roles-narrow", _RBAC, "rules", to=UNKNOWN),
    fails("cluster-roles-narrow", f"{_RBAC}Binding", "roleRef", "name", to="cluster-admin"),
    passes("cluster-roles-narrow", f"{_RBAC}Binding", "roleRef", "name", to="view"),
    fails("cluster-roles-narrow", f"{_RBAC}Binding", "roleRef", "name", to="edit"),
    fails(
        "cluster-roles-narrow", f"{_RBAC}Binding", "subjects", to=[{"name": "system:authenticated"}]
    ),
    passes("cluster-roles-narrow", f"{_RBAC}Binding", "subjects", to=[{"name": "digits"}]),
    fails("cluster-roles-narrow", _RBAC, "aggregationRule", to={"clusterRoleSelectors": []}),
    fails("cluster-roles-narrow", _RBAC, "rules", 0, "resources", to=["pods/*"]),
    fails("cluster-roles-narrow", _RBAC, "rules", 0, "resources", to=["secrets"]),
    fails(
        "cluster-roles-narrow",
        _RBAC,
        "rules",
        0,
        to={"resources": ["deployments"], "verbs": ["patch"]},
    ),
    fails("cluster-roles-narrow", _RBAC, "rules", 0, "verbs", to=["impersonate"]),
    fails(
        "container-limits-set",
        W,
        *POD,
        "initContainers",
        to=[{"name": "b", "resources": {"limits": {"cpu": "1"}}}],
    ),
    fails(
        _PLAIN_SECRETS, W, *POD, "initContainers", to=[{"env": [{"name": "TOKEN", "value": "x"}]}]
    ),
    fails(
        _PLAIN_SECRETS,
        W,
        *POD,
        "ephemeralContainers",
        to=[{"env": [{"name": "TOKEN", "value": "x"}]}],
    ),
    fails(
        _PLAIN_SECRETS,
        "kubernetes:batch/v1:Job",
        *BOX,
        "env",
        to=[{"name": "AWS_ACCESS_KEY_ID", "value": "x"}],
    ),
    fails("service-not-exposed", _SVC, "spec", "type", to="NodePort"),
    fails("service-not-exposed", _SVC, "spec", "externalIPs", to=["1.2.3.4"]),
    passes("service-not-exposed", _SVC, "spec", "externalIPs", to=[]),
    passes("service-not-exposed", _SVC, "spec", "type", to=None),
    says("unknown", "service-not-exposed", _SVC, "spec", "type", to=UNKNOWN),
]
_NAME = "kubernetes.io/metadata.name"
_443 = {"protocol": "TCP", "port": 443}
_PEER = {"podSelector": {"matchLabels": {"app": "gateway"}}}
FENCE = next(item for item in SCENE.surroundings() if item.name == "fence")
CLUSTER += [
    given("network-policy-present", "pass", label="fenced"),
    given("network-policy-narrow", "pass", FENCE, label="denies all"),
    fails("network-policy-narrow", FENCE, "spec", "ingress", to=[{}]),
    fails("network-policy-narrow", FENCE, "spec", "egress", to=[{}]),
    fails("network-policy-narrow", FENCE, "spec", "ingress", to=[{"from": [{}], "ports": [_443]}]),
    fails("network-policy-narrow", FENCE, "spec", "ingress", to=[{"from": [_PEER]}]),
    passes("network-policy-narrow", FENCE, "spec", "egress", to=[{"to": [_PEER], "ports": [_443]}]),
    says("unknown", "network-policy-narrow", FENCE, "spec", "ingress", to=UNKNOWN),
    fails("network-policy-present", FENCE, "spec", "ingress", to=[{}]),
    fails("network-policy-present", FENCE, "spec", "egress", to=[{}]),
    passes("network-policy-present", FENCE, "spec", "ingress", to=[]),
    fails(
        "network-policy-narrow",
        FENCE,
        "spec",
        "ingress",
        to=[{"from": [{"namespaceSelector": {}}], "ports": [_443]}],
    ),
    passes(
        "network-policy-narrow",
        FENCE,
        "spec",
        "ingress",
        to=[{"from": [{"namespaceSelector": {}, **_PEER}], "ports": [_443]}],
    ),
    fails(
        "network-policy-narrow",
        FENCE,
        "spec",
        "ingress",
        to=[{"from": [_PEER], "ports": [{"protocol": "TCP"}]}],
    ),
    fails(
        "network-policy-narrow",
        FENCE,
        "spec",
        "ingress",
        to=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/1"}}], "ports": [_443]}],
    ),
    passes(
        "network-policy-narrow",
        FENCE,
        "spec",
        "ingress",
        to=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [_443]}],
    ),
    passes(
        "network-policy-narrow",
        FENCE,
        "spec",
        "egress",
        to=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [_443]}],
    ),
    *(
        fails(
            "network-policy-narrow",
            FENCE,
            "spec",
            "ingress",
            to=[{"from": [{"namespaceSelector": selector}], "ports": [_443]}],
        )
        for selector in (
            {"matchLabels": {_NAME: "kube-system"}},
            {"matchLabels": {_NAME: "default"}},
            {"matchExpressions": [{"key": _NAME, "operator": "In", "values": ["a", "kube-x"]}]},
        )
    ),
    *(
        passes(
            "network-policy-narrow",
            FENCE,
            "spec",
            direction,
            to=[{peers: [{"namespaceSelector": {"matchLabels": {_NAME: name}}}], "ports": [_443]}],
        )
        for direction, peers, name in (
            ("ingress", "from", "envoy-gateway-system"),
            ("egress", "to", "kube-system"),  # the names service of the cluster
        )
    ),
    fails("network-policy-present", FENCE, "spec", "policyTypes", to=["Ingress"]),
    fails("network-policy-present", FENCE, "spec", "policyTypes", to=["Egress"]),
    fails("network-policy-present", FENCE, "spec", "podSelector", to={"matchLabels": {"a": "b"}}),
    fails("network-policy-present", FENCE, "metadata", "namespace", to="elsewhere"),
    passes("network-policy-present", FENCE, "spec", "podSelector", to=None),
    says("unknown", "network-policy-present", W, "metadata", "namespace", to=UNKNOWN),
]

_TAGS = "cost-tags-required"
_KEY = "aws:kms/key:Key"


def _untagged(**tags: Any) -> Resource:
    own = {f"mobile-ai:{key.replace('_', '-')}": value for key, value in tags.items()}
    provider = replace(SCENE.aws_provider(), props={"region": "eu-west-1"})
    return replace(changed(SCENE.sample(_KEY), "tags", to=own), provider=provider)


_FULL = {"project": "p", "team": "t", "cost_center": "c", "environment": "dev", "managed_by": "m"}
TAGS = [
    passes(_TAGS, _KEY, "tags", to=None),
    passes(_TAGS, _KEY, "tags", to={"mobile-ai:team": "another"}),
    fails(_TAGS, _KEY, "tags", to={"mobile-ai:team": ""}),
    fails(_TAGS, _KEY, "tags", to={"mobile-ai:environment": "prod"}),
    fails(_TAGS, _KEY, "tags", to="team"),
    says("unknown", _TAGS, _KEY, "tags", to=UNKNOWN),
    says("unknown", _TAGS, _KEY, "tags", to={"mobile-ai:team": UNKNOWN}),
    given(_TAGS, "pass", _untagged(**_FULL), label="own-tags"),
    given(_TAGS, "fail", _untagged(**{**_FULL, "environment": "prod"}), label="other-environment"),
    given(_TAGS, "pass", SCENE.sample(_ATTACHED), label="untaggable"),
    fails(_TAGS, W, "metadata", "labels", to={}),
    fails(_TAGS, W, "metadata", "labels", "mobile-ai.dev/environment", to="prod"),
    fails(_TAGS, W, "metadata", to=None),
    says("unknown", _TAGS, W, "metadata", "labels", to=UNKNOWN),
    given(
        _TAGS,
        "pass",
        SCENE.resource("kubernetes:yaml/v2:ConfigFile", {}),
        label="unlabelled-kind",
    ),
    configured(_TAGS, "pass", changed(W, "metadata", "labels", to={}), required=[]),
] + [
    given(_TAGS, "fail", _untagged(**{k: v for k, v in _FULL.items() if k != key}), label=key)
    for key in _FULL
]

_BOUND = "leaf-bound-to-verified-model"
_FN = "aws:lambda/function:Function"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
SHA = SCENE.version.artifact
REGISTRY = SCENE.resource("mobileai:index:ModelRegistry", {}, name="registry")
DELIVERY = SCENE.resource("mobileai:index:ModelDelivery", {}, name="delivery")
INVENTED = SCENE.resource("mobileai:index:EdgeInferenceEndpoint2", {}, name="invented")
OTHER_IMAGE = f"registry.example.com/other@sha256:{'e' * 64}"


def _target(outcome: str, parent: Resource | None, label: str, **props: Any) -> Case:
    made = SCENE.resource(_OBJECT, props, name="object", parent=parent)
    joined = (parent, made) if parent else (made,)
    return given(_BOUND, outcome, *joined, label=label)


_METADATA = {"sha256": SHA, "manifest-sha256": SCENE.version.sha256}
_NAME = f"targets/{SHA}.int8.tflite"
LEAVES = [
    given(_BOUND, "pass", W, label="as-it-is"),
    given(_BOUND, "fail", replace(W, parent=None), label="no-parent"),
    given(_BOUND, "fail", INVENTED, replace(W, parent=INVENTED.urn), label="invented-parent"),
    fails(_BOUND, W, "metadata", "annotations", to={}),
    fails(_BOUND, W, "metadata", "annotations", to={"mobile-ai.dev/manifest-sha256": "0" * 64}),
    fails(_BOUND, W, *BOX, "image", to="registry.example.com/edge:latest"),
    fails(_BOUND, W, *BOX, "image", to=OTHER_IMAGE),
    fails(_BOUND, W, *BOX, "image", to=None),
    fails(_BOUND, W, *POD, "initContainers", to=[{"image": OTHER_IMAGE}]),
    fails(_BOUND, W, *POD, "ephemeralContainers", to=[{"image": "x"}]),
    says("unknown", _BOUND, W, *BOX, "image", to=UNKNOWN),
    says("unknown", _BOUND, W, "metadata", "annotations", to=UNKNOWN),
    passes(_BOUND, _FN, "memorySize", to=1),
    fails(_BOUND, _FN, "imageUri", to=OTHER_IMAGE),
    fails(_BOUND, _FN, "imageUri", to=None),
    fails(_BOUND, _FN, "environment", to=None),
    given(
        _BOUND,
        "pass",
        REGISTRY,
        replace(
            changed(changed(SCENE.sample(_FN), "packageType", to="Zip"), "environment", to={}),
            parent=REGISTRY.urn,
        ),
        label="platform-function-from-source",
    ),
    given(
        _BOUND,
        "fail",
        REGISTRY,
        replace(
            changed(
                SCENE.sample(_FN), "environment", "variables", "MOBILE_AI_MANIFEST_SHA256", to="x"
            ),
            parent=REGISTRY.urn,
        ),
        label="claims-a-model-anywhere",
    ),
    passes(_BOUND, _TASK, "cpu", to="1"),
    fails(_BOUND, _TASK, "containerDefinitions", to=json.dumps([{"image": OTHER_IMAGE}])),
    fails(_BOUND, _TASK, "containerDefinitions", to="not JSON"),
    says("unknown", _BOUND, _TASK, "containerDefinitions", to=UNKNOWN),
    _target("pass", DELIVERY, "target", key=_NAME, metadata=_METADATA),
    _target("pass", DELIVERY, "metadata-file", key="metadata/root.json"),
    _target("fail", DELIVERY, "unnamed", key="targets/model.tflite"),
    _target("fail", DELIVERY, "other-name", key="targets/model.tflite", metadata=_METADATA),
    _target("fail", DELIVERY, "digest-in-folder", key=f"{SHA}/model.tflite", metadata=_METADATA),
    _target(
        "fail", DELIVERY, "other-content", key=_NAME, metadata={**_METADATA, "sha256": "0" * 64}
    ),
    _target(
        "fail",
        DELIVERY,
        "other-manifest",
        key=_NAME,
        metadata={**_METADATA, "manifest-sha256": "0" * 64},
    ),
    _target("unknown", DELIVERY, "unknown", key=_NAME, metadata=UNKNOWN),
    _target("fail", None, "no-parent", key=_NAME, metadata=_METADATA),
    _target("fail", REGISTRY, "elsewhere", key="x.tflite"),
    _target("pass", REGISTRY, "elsewhere-json", key="x.json"),
]
_MATCH = "leaf-matches-deployment"
_HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
E_ = SCENE.endpoint()
LEAVES += [
    given(_MATCH, "pass", label="as-it-is"),
    fails(_MATCH, W, "metadata", "annotations", "mobile-ai.dev/manifest-sha256", to="0" * 64),
    fails(_MATCH, E_, "region", to="eu-central-1"),
    passes(_MATCH, E_, "region", to=None),
    fails(_MATCH, E_, "privacyTier", to="Internal"),
    passes(_MATCH, E_, "privacyTier", to="GDPR_Sensitive"),
    fails(_MATCH, E_, "manifestSha256", to="0" * 64),
    passes(_MATCH, E_, "manifestSha256", to=SCENE.version.sha256),
    passes(_MATCH, _HPA, "spec", "maxReplicas", to=6),
    fails(_MATCH, _HPA, "spec", "maxReplicas", to=60),
    fails(_MATCH, _FN, "environment", "variables", "MOBILE_AI_MANIFEST_SHA256", to="0" * 64),
    says("unknown", _MATCH, _HPA, "spec", "maxReplicas", to=UNKNOWN),
]

_SG, _RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule"
_IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_CDN = "aws:cloudfront/distribution:Distribution"
_LB, _LISTEN = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
_ROUTE, _STAGE = "aws:apigatewayv2/route:Route", "aws:apigatewayv2/stage:Stage"
_PERMIT = "aws:lambda/permission:Permission"
_API = "aws:apigatewayv2/api:Api"
_OUR_TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
NETWORK = [
    fails("no-public-ingress", _SG, "ingress", to=[{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]),
    fails("no-public-ingress", _SG, "ingress", to=[{"ipv6CidrBlocks": ["::/0"]}]),
    fails("no-public-ingress", _SG, "ingress", to=[{}, {"cidrBlocks": [7]}]),
    fails("no-public-ingress", _SG, "ingress", to=[{"cidrBlocks": ["8.0.0.0/8"]}]),
    passes(
        "no-public-ingress", _SG, "ingress", to=[{"cidrBlocks": ["192.0.2.0/24", "10.0.0.0/8"]}]
    ),
    passes("no-public-ingress", _SG, "ingress", to=[{"cidrBlocks": ["8.8.0.0/16", "8.9.0.0/16"]}]),
    fails(
        "no-public-ingress",
        _SG,
        "ingress",
        to=[{"cidrBlocks": ["8.8.0.0/16", "8.9.0.0/16"]}, {"cidrBlocks": ["9.0.0.0/32"]}],
    ),
    passes("no-public-ingress", _SG, "ingress", to=[{"cidrBlocks": ["8.8.0.0/16"] * 9}]),
    fails("no-public-ingress", _IN, "cidrIpv6", to="2002::/32"),
    fails("no-public-ingress", _IN, "cidrIpv6", to="64:ff9b::/96"),
    passes("no-public-ingress", _IN, "cidrIpv6", to="2a00:1450:4001::/48"),
    passes("no-public-ingress", _SG, "ingress", to=None),
    says("unknown", "no-public-ingress", _SG, "ingress", to=UNKNOWN),
    fails("no-public-ingress", _RULE, "cidrBlocks", to=["0.0.0.0/0"]),
    fails("no-public-ingress", _RULE, "ipv6CidrBlocks", to=["::/0"]),
    fails("no-public-ingress", _IN, "cidrIpv4", to="0.0.0.0/0"),
    fails("no-public-ingress", _IN, "cidrIpv6", to="::/0"),
    passes("no-public-ingress", _IN, "cidrIpv4", to=None),
    fails("no-public-ingress", _IN, "cidrIpv6", to="::0/0"),
    fails("no-public-ingress", _IN, "cidrIpv4", to="128.0.0.0/1"),
    fails("no-public-ingress", _IN, "cidrIpv4", to="everybody"),
    passes("no-public-ingress", _IN, "cidrIpv6", to="fd00::/8"),
    given(
        "no-public-ingress",
        "pass",
        changed(changed(SCENE.sample(_RULE), "type", to="egress"), "cidrBlocks", to=["0.0.0.0/0"]),
        label="egress",
    ),
    fails("cdn-hardened", _CDN, "orderedCacheBehaviors", 0, "viewerProtocolPolicy", to="allow-all"),
    passes(
        "cdn-hardened", _CDN, "defaultCacheBehavior", "viewerProtocolPolicy", to="redirect-to-https"
    ),
    fails("cdn-hardened", _CDN, "defaultCacheBehavior", to=None),
    fails("cdn-hardened", _CDN, "viewerCertificate", "minimumProtocolVersion", to="TLSv1"),
    fails("cdn-hardened", _CDN, "viewerCertificate", to={"cloudfrontDefaultCertificate": True}),
    passes("cdn-hardened", _CDN, "viewerCertificate", "minimumProtocolVersion", to="TLSv1.3_2025"),
    fails("cdn-hardened", _CDN, "defaultRootObject", to=""),
    fails("cdn-hardened", _CDN, "origins", 0, "originAccessControlId", to=None),
    fails("cdn-hardened", _CDN, "origins", 0, "originAccessControlId", to=""),
    passes("cdn-hardened", _CDN, "origins", 0, "originAccessControlId", to=UNKNOWN),
    passes(_STORE, "aws:kinesis/stream:Stream", "kmsKeyId", to=UNKNOWN),
    fails("cdn-hardened", _CDN, "origins", to=[{"customOriginConfig": {"httpsPort": 443}}]),
    configured(
        "cdn-hardened",
        "pass",
        changed(SCENE.sample(_CDN), "viewerCertificate", to={}),
        ownDomain=False,
    ),
    fails(_PLACES, _CDN, "priceClass", to="PriceClass_All"),
    fails(_PLACES, _CDN, "priceClass", to=None),
    says("unknown", _PLACES, _CDN, "priceClass", to=UNKNOWN),
    passes(_PLACES, _CDN, "restrictions", to=None),
    configured(_PLACES, "pass", SCENE.sample(_CDN), countries=["DE", "FR"]),
    configured(_PLACES, "fail", SCENE.sample(_CDN), countries=["FR"]),
    *(
        configured(
            _PLACES,
            outcome,
            changed(SCENE.sample(_CDN), "restrictions", "geoRestriction", *path, to=to),
            countries=["DE"],
            # A case is labelled by its parameters.
            priceClasses=["PriceClass_100", f"{path}{to}"],
        )
        for path, to, outcome in (
            (("restrictionType",), "none", "fail"),
            (("restrictionType",), "blacklist", "fail"),
            (("locations",), [], "fail"),
            (("locations",), ["DE", "US"], "fail"),
            (("locations",), ["DE", UNKNOWN], "unknown"),
        )
    ),
    fails("load-balancer-hardened", _LB, "internal", to=None),
    fails("load-balancer-hardened", _LB, "dropInvalidHeaderFields", to=False),
    fails("load-balancer-hardened", _LB, "accessLogs", to=None),
    fails("load-balancer-hardened", _LB, "accessLogs", "enabled", to=False),
    passes("load-balancer-hardened", _LB, "name", to="x"),
    fails("load-balancer-hardened", _LISTEN, "protocol", to="HTTP"),
    fails("load-balancer-hardened", _LISTEN, "sslPolicy", to="ELBSecurityPolicy-2016-08"),
    fails("load-balancer-hardened", _LISTEN, "sslPolicy", to=None),
    passes("load-balancer-hardened", _LISTEN, "protocol", to="TLS"),
    says("unknown", "load-balancer-hardened", _LISTEN, "protocol", to=UNKNOWN),
    fails("api-authorized", _ROUTE, "authorizationType", to=None),
    passes("api-authorized", _ROUTE, "authorizationType", to="AWS_IAM"),
    passes("api-authorized", _ROUTE, "authorizationType", to="CUSTOM"),
    says("unknown", "api-authorized", _ROUTE, "authorizationType", to=UNKNOWN),
    fails("api-authorized", _STAGE, "defaultRouteSettings", "throttlingRateLimit", to=None),
    fails("api-authorized", _STAGE, "defaultRouteSettings", "throttlingBurstLimit", to="x"),
    fails("api-authorized", _STAGE, "accessLogSettings", to=None),
    fails("api-authorized", _STAGE, "accessLogSettings", "format", to=None),
    passes("api-authorized", _STAGE, "accessLogSettings", "destinationArn", to=UNKNOWN),
    fails("no-public-compute", "aws:lambda/functionUrl:FunctionUrl", "authorizationType", to=None),
    fails("no-public-compute", _PERMIT, "sourceAccount", to="1"),
    fails("no-public-compute", _PERMIT, "principal", to="*"),
    fails("no-public-compute", _PERMIT, "principal", to=None),
    fails("no-public-compute", _PERMIT, "sourceAccount", to=None),
    fails("no-public-compute", _PERMIT, "principal", to="111122223333"),
    fails("no-public-compute", _PERMIT, "principal", to="arn:aws:iam::111122223333:root"),
    given(
        "no-public-compute",
        "fail",
        SCENE.resource(
            "aws:ecs/service:Service", {"networkConfiguration": {"assignPublicIp": True}}
        ),
        label="public task",
    ),
    given(
        "api-authorized", "fail", SCENE.resource(_API, {"body": "{}"}), label="routes in a document"
    ),
    given(
        "api-authorized", "fail", SCENE.resource(_API, {"target": "arn:x"}), label="quick create"
    ),
    given("api-authorized", "pass", SCENE.resource(_API, {"name": "a"}), label="plain API"),
    says("deferred", "no-public-compute", _PERMIT, "sourceAccount", to=UNKNOWN),
    given(
        "no-public-compute",
        "pass",
        SCENE.resource(
            _PERMIT, {"principal": "sns.amazonaws.com", "sourceArn": _OUR_TOPIC}, name="by-arn"
        ),
        label="by-arn",
    ),
    *(
        given(
            "no-public-compute",
            "fail",
            SCENE.resource(
                _PERMIT, {"principal": "sns.amazonaws.com", "sourceArn": arn}, name="by-arn"
            ),
            label=f"by {arn}",
        )
        for arn in ("arn:x", "arn:aws:sns:eu-west-1:999999999999:a", "arn:aws:sns:*:*:a")
    ),
    given(
        "no-public-compute",
        "fail",
        SCENE.resource("aws:ec2/instance:Instance", {"associatePublicIpAddress": True}),
        label="public-machine",
    ),
    given(
        "no-public-compute",
        "pass",
        SCENE.resource("aws:ec2/instance:Instance", {"associatePublicIpAddress": False}),
        label="private-machine",
    ),
    fails("no-public-compute", "aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", to=True),
    passes("no-public-compute", "aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", to=None),
    given(
        "cdn-has-firewall",
        "pass",
        SCENE.sample(_CDN),
        SCENE.sample("aws:wafv2/webAcl:WebAcl"),
        label="with",
    ),
    given("cdn-has-firewall", "fail", SCENE.sample(_CDN), label="without"),
    configured("cdn-has-firewall", "pass", SCENE.sample(_CDN), required=False),
]

_LOGS, _TOPIC = "aws:cloudwatch/logGroup:LogGroup", "aws:sns/topic:Topic"
_QUEUE, _MAP = "aws:sqs/queue:Queue", "kubernetes:core/v1:ConfigMap"
_FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
_REPO, _BUCKET = "aws:ecr/repository:Repository", "aws:s3/bucket:Bucket"
_PLAIN = "no-plain-secrets"
_BOX = {
    "name": "x",
    "user": "1",
    "readonlyRootFilesystem": True,
    "logConfiguration": {"logDriver": "awslogs"},
}


def _task(outcome: str, **fields: Any) -> Case:
    value = json.dumps([{**_BOX, **fields}])
    return says(outcome, "task-hardened", _TASK, "containerDefinitions", to=value)


SERVICES = [
    fails("keys-rotate", _KEY, "enableKeyRotation", to=None),
    passes("keys-rotate", _KEY, "deletionWindowInDays", to=7),
    passes("keys-rotate", _KEY, "deletionWindowInDays", to=None),
    fails("keys-rotate", _KEY, "deletionWindowInDays", to=6),
    says("unknown", "keys-rotate", _KEY, "enableKeyRotation", to=UNKNOWN),
    given(
        "keys-rotate",
        "pass",
        SCENE.resource(
            _KEY, {"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "ECC_NIST_P256"}, name="s"
        ),
        label="signing",
    ),
    given(
        "keys-rotate",
        "fail",
        SCENE.resource(_KEY, {"customerMasterKeySpec": "SYMMETRIC_DEFAULT"}, name="s"),
        label="symmetric-by-name",
    ),
    given(
        "keys-rotate",
        "pass",
        SCENE.resource(_KEY, {"customerMasterKeySpec": "RSA_2048"}, name="s"),
        label="asymmetric",
    ),
    fails("registry-immutable", _REPO, "imageTagMutability", to=None),
    fails("registry-immutable", _REPO, "imageScanningConfiguration", to=None),
    fails("registry-immutable", _REPO, "imageScanningConfiguration", "scanOnPush", to=False),
    passes("registry-immutable", _REPO, "name", to="x"),
    says("unknown", "registry-immutable", _REPO, "imageTagMutability", to=UNKNOWN),
    passes("database-resilient", _DB, "backupRetentionPeriod", to=7),
    fails("database-resilient", _DB, "backupRetentionPeriod", to=6),
    fails("database-resilient", _DB, "backupRetentionPeriod", to=None),
    fails("database-resilient", _DB, "autoMinorVersionUpgrade", to=False),
    fails("database-resilient", _DB, "deletionProtection", to=False),
    fails("database-resilient", _DB, "multiAz", to=None),
    says("unknown", "database-resilient", _DB, "multiAz", to=UNKNOWN),
    configured(
        "database-resilient", "pass", changed(SCENE.sample(_DB), "multiAz", to=False), multiAz=False
    ),
    configured(
        "database-resilient",
        "fail",
        changed(SCENE.sample(_DB), "deletionProtection", to=False),
        multiAz=False,
    ),
    fails("messages-encrypted", _TOPIC, "kmsMasterKeyId", to=None),
    says("deferred", "messages-encrypted", _TOPIC, "kmsMasterKeyId", to=UNKNOWN),
    passes("messages-encrypted", _TOPIC, "name", to="x"),
    fails("messages-encrypted", _QUEUE, "kmsMasterKeyId", to=None),
    fails("messages-encrypted", _LOGS, "kmsKeyId", to=None),
    fails("messages-encrypted", _FIREHOSE, "serverSideEncryption", "enabled", to=False),
    fails("messages-encrypted", _FIREHOSE, "extendedS3Configuration", "kmsKeyArn", to=""),
    fails("messages-encrypted", _FIREHOSE, "serverSideEncryption", to=None),
    given(
        "messages-encrypted",
        "pass",
        without(
            changed(SCENE.sample(_FIREHOSE), "kinesisSourceConfiguration", to={"roleArn": "r"}),
            "serverSideEncryption",
        ),
        label="encrypted-by-its-source",
    ),
    given(
        "messages-encrypted",
        "pass",
        SCENE.resource(_QUEUE, {"sqsManagedSseEnabled": True}, name="q"),
        label="own-keys-of-sqs",
    ),
    _task("pass"),
    _task("fail", privileged=True),
    _task("fail", readonlyRootFilesystem=False),
    _task("fail", user="root"),
    _task("fail", user="0"),
    _task("fail", user="0:0"),
    _task("fail", user=None),
    _task("fail", logConfiguration=None),
    fails("task-hardened", _TASK, "networkMode", to=None),
    says("unknown", "task-hardened", _TASK, "containerDefinitions", to=UNKNOWN),
    fails(_PLAIN, _FN, "environment", "variables", to={"API_KEY": "x"}),
    fails(_PLAIN, _FN, "environment", "variables", to={"db_password": "x"}),
    passes(_PLAIN, _FN, "environment", "variables", to={"DB_PASSWORD_SECRET_ARN": "x"}),
    passes(_PLAIN, _FN, "environment", "variables", to={"TOKEN": None}),
    fails(_PLAIN, _FN, "environment", "variables", to={"SECRET": UNKNOWN}),
    says("deferred", _PLAIN, _FN, "environment", to=UNKNOWN),
    fails(_PLAIN, _MAP, "data", to={"token": "x"}),
    passes(_PLAIN, _MAP, "data", to=None),
    fails(_PLAIN, W, *BOX, "env", to=[{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]),
    passes(_PLAIN, W, *BOX, "env", to=[{"name": "DB_PASSWORD", "valueFrom": {}}]),
    passes(_PLAIN, W, *BOX, "env", to=[{"name": "APP", "value": UNKNOWN}]),
    says("warned", "functions-traced", _FN, "loggingConfig", to=UNKNOWN),
    fails("functions-traced", _FN, "loggingConfig", to=None),
    passes("functions-traced", _FN, "memorySize", to=1),
]


def _guards(*skipped: str, bucket: str = "models-1", linked: bool = False) -> list[Resource]:
    kinds = {
        "block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "sse": _SSE,
        "versioning": "aws:s3/bucketVersioning:BucketVersioning",
        "lifecycle": "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "ownership": "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "policy": "aws:s3/bucketPolicy:BucketPolicy",
    }
    made = [
        changed(SCENE.sample(kind, name=name), "bucket", to=bucket)
        for name, kind in kinds.items()
        if name not in skipped
    ]
    if linked:
        urn = SCENE.sample(_BUCKET).urn
        made = [
            replace(changed(item, "bucket", to=UNKNOWN), dependencies={"bucket": (urn,)})
            for item in made
        ]
    return made


_GUARD = "bucket-guards-exist"
SERVICES += [
    given(_GUARD, "pass", SCENE.sample(_BUCKET), *_guards(), label="all"),
    given(_GUARD, "pass", SCENE.sample(_BUCKET), *_guards(linked=True), label="by-dependency"),
    given(_GUARD, "fail", SCENE.sample(_BUCKET), *_guards(bucket="other"), label="of-another"),
    given(
        _GUARD,
        "unknown",
        changed(SCENE.sample(_BUCKET), "bucket", to=UNKNOWN),
        *_guards(linked=True),
        label="unknown-name",
    ),
] + [
    given(_GUARD, "fail", SCENE.sample(_BUCKET), *_guards(skipped), label=f"no-{skipped}")
    for skipped in ("block", "sse", "versioning", "lifecycle", "ownership", "policy")
]
_PROTECT = "stores-protected"
SERVICES += [
    given(_PROTECT, "fail", SCENE.sample(_DB, name="registry-database"), label="unprotected"),
    given(
        _PROTECT,
        "pass",
        replace(SCENE.sample(_DB, name="registry-database"), protect=True),
        label="protected",
    ),
    given(_PROTECT, "pass", SCENE.sample(_DB, name="scratch"), label="not-listed"),
    configured(_PROTECT, "pass", SCENE.sample(_DB, name="registry-database"), names=[]),
]

_CAPPED, _SIZED, _EXPIRE = "functions-capped", "sizes-allowed", "logs-expire"
_CACHE = "aws:cloudfront/cachePolicy:CachePolicy"
_BUDGET = "aws:budgets/budget:Budget"
MADE = next(item for item in SCENE.surroundings() if item.type == _BUDGET)
TELEMETRY = next(item for item in SCENE.surroundings() if item.name == "telemetry")
COSTS = [
    passes(_CAPPED, _FN, "reservedConcurrentExecutions", to=100),
    fails(_CAPPED, _FN, "reservedConcurrentExecutions", to=101),
    passes(_CAPPED, _FN, "reservedConcurrentExecutions", to=0),
    fails(_CAPPED, _FN, "reservedConcurrentExecutions", to=-1),
    fails(_CAPPED, _FN, "reservedConcurrentExecutions", to=None),
    says("unknown", _CAPPED, _FN, "reservedConcurrentExecutions", to=UNKNOWN),
    passes(_CAPPED, _FN, "memorySize", to=3008),
    fails(_CAPPED, _FN, "memorySize", to=3009),
    passes(_CAPPED, _FN, "memorySize", to=None),
    fails(_SIZED, _DB, "instanceClass", to="db.x2g.16xlarge"),
    passes(_SIZED, _DB, "instanceClass", to="db.t4g.micro"),
    fails(_SIZED, _DB, "instanceClass", to=None),
    says("unknown", _SIZED, _DB, "instanceClass", to=UNKNOWN),
    passes(_SIZED, _TASK, "cpu", to="4096"),
    fails(_SIZED, _TASK, "cpu", to="4097"),
    fails(_SIZED, _TASK, "cpu", to="4 vCPU"),
    given(
        _SIZED,
        "fail",
        SCENE.resource("aws:ec2/instance:Instance", {"instanceType": "t4g.nano"}),
        label="machine",
    ),
    configured(
        _SIZED,
        "pass",
        SCENE.resource("aws:ec2/instance:Instance", {"instanceType": "t4g.nano"}),
        instance=["t4g.nano"],
    ),
    passes(_EXPIRE, _LOGS, "retentionInDays", to=14),
    fails(_EXPIRE, _LOGS, "retentionInDays", to=13),
    passes(_EXPIRE, _LOGS, "retentionInDays", to=400),
    fails(_EXPIRE, _LOGS, "retentionInDays", to=401),
    fails(_EXPIRE, _LOGS, "retentionInDays", to=None),
    says("unknown", _EXPIRE, _LOGS, "retentionInDays", to=UNKNOWN),
    passes("autoscaling-bounded", _HPA, "spec", "maxReplicas", to=20),
    fails("autoscaling-bounded", _HPA, "spec", "maxReplicas", to=21),
    fails("autoscaling-bounded", _HPA, "spec", to=None),
    fails("autoscaling-bounded", "aws:appautoscaling/target:Target", "maxCapacity", to=21),
    passes("autoscaling-bounded", "aws:appautoscaling/target:Target", "maxCapacity", to=20),
    passes("release-metadata-fresh", _CACHE, "maxTtl", to=300),
    fails("release-metadata-fresh", _CACHE, "maxTtl", to=301),
    fails("release-metadata-fresh", _CACHE, "maxTtl", to=None),
    says("unknown", "release-metadata-fresh", _CACHE, "maxTtl", to=UNKNOWN),
    given(
        "release-metadata-fresh",
        "pass",
        changed(SCENE.sample(_CACHE, name="delivery-targets"), "maxTtl", to=31_536_000),
        label="of-targets",
    ),
    given("budgets-alert", "pass", label="as-it-is"),
    fails("budgets-alert", MADE, "notifications", to=[]),
    says("unknown", "budgets-alert", MADE, "notifications", to=UNKNOWN),
    given("budgets-alert", "fail", replace(MADE, type="aws:sns/topic:Topic"), label="none"),
    given("drift-monitored", "pass", label="as-it-is"),
    given("drift-monitored", "fail", replace(TELEMETRY, type="mobileai:index:X"), label="none"),
    given("context-present", "pass", label="as-it-is"),
    given(
        "context-present",
        "fail",
        replace(SCENE.context(), urn=f"{SCENE.context().urn}-2"),
        label="two",
    ),
]

_EXPECTED, _ACCOUNTS = "resource-types-expected", "provider-accounts-bound"
_ACCOUNT = SCENE.bounds.account


def _kind(outcome: str, token: str) -> Case:
    return given(_EXPECTED, outcome, SCENE.resource(token, {}), label=token)


def _account(outcome: str, *, rule: str = _ACCOUNTS, **props: Any) -> Case:
    made = SCENE.resource("pulumi:providers:aws", {"allowedAccountIds": f'["{_ACCOUNT}"]', **props})
    return given(rule, outcome, made, label=str(props))


SOURCES = [
    _kind("pass", "aws:s3/bucket:Bucket"),
    _kind("pass", "kubernetes:core/v1:Pod"),
    _kind("pass", "mobileai:index:Telemetry"),
    _kind("pass", "pulumi:pulumi:Stack"),
    _kind("pass", "pulumi:providers:kubernetes"),
    _kind("pass", "pulumi:providers:aws"),
    _kind("fail", "mobileai:index:\u041cobileAIDeployment"),  # Cyrillic
    _kind("fail", "pulumi:pulumi:StackReference"),
    _kind("fail", "pulumi-python:dynamic:Resource"),
    _kind("fail", "command:remote:Command"),
    _kind("fail", "gcp:storage/bucket:Bucket"),
    _kind("fail", "pulumi:providers:command"),
    _kind("fail", "aws:cloudformation/stack:Stack"),
    _kind("fail", "aws:iam/accessKey:AccessKey"),
    _kind("fail", "aws:iam/user:User"),
    _kind("fail", "kubernetes:helm.sh/v3:Release"),
    _kind("fail", "kubernetes:kustomize/v2:Directory"),
    _kind("fail", "kubernetes:yaml/v2:ConfigFile"),
    _kind("fail", "aws:iam/groupPolicy:GroupPolicy"),
    _kind("fail", "aws:s3/Bucket:Bucket"),
    _kind("fail", "kubernetes:apps/v1:deployment"),
    _kind("fail", "kubernetes:apps/v1:DeploymentPatch"),
    configured(
        _EXPECTED,
        "pass",
        SCENE.resource("aws:dms/endpoint:Endpoint", {}),
        also=["aws:dms/endpoint:Endpoint"],
    ),
    _account("pass"),
    _account("pass", allowedAccountIds=[_ACCOUNT]),
    _account("fail", allowedAccountIds=["999999999999"]),
    _account("fail", allowedAccountIds=None),
    _account("fail", allowedAccountIds='["1", "2"]'),
    _account("fail", allowedAccountIds="[]"),
    _account("fail", allowedAccountIds={"a": "1"}),
    _account("unknown", allowedAccountIds=UNKNOWN),
    _account("pass", rule=_EXPECTED, __internal={}),
    _account("pass", rule=_EXPECTED, skipCredentialsValidation="false"),
    _account("fail", rule=_EXPECTED, skipCredentialsValidation="true"),
    _account("fail", rule=_EXPECTED, __internal={"pluginDownloadURL": "https://elsewhere.example"}),
    _account("fail", rule=_EXPECTED, __internal=UNKNOWN),
    _account("fail", rule=_EXPECTED, endpoints='[{"s3": "https://elsewhere.example"}]'),
    _account("fail", rule=_EXPECTED, profile="admin"),
    _account("fail", rule=_EXPECTED, skipRequestingAccountId="true"),
    _account("fail", assumeRoles=[{"roleArn": "arn:aws:iam::999999999999:role/deploy"}]),
    _account("fail", assumeRoles=[{"roleArn": f"arn:aws:iam::{_ACCOUNT}:role/admin"}]),
    _account("fail", assumeRoles=[{}]),
    _account("pass", assumeRoles=f'[{{"roleArn": "arn:aws:iam::{_ACCOUNT}:role/deploy"}}]'),
    *(
        given(
            _EXPECTED,
            outcome,
            SCENE.resource("pulumi:providers:kubernetes", props),
            label=str(props),
        )
        for outcome, props in (
            ("pass", {"context": "lab"}),
            ("pass", {"renderYamlToDirectory": "build/lab"}),
            ("fail", {"kubeconfig": "apiVersion: v1"}),
            ("fail", {"context": "lab", "cluster": "another"}),
        )
    ),
    _account("fail", rule=_EXPECTED, accessKey="x"),
    _account("fail", rule=_EXPECTED, secretKey="x"),
    _account("fail", rule=_EXPECTED, token="x"),
]
_WITH_PREVIOUS = changed(
    SCENE.deployment(), "spec", "aiModel", "previous", to={"version": "1.0.0", "sha256": "a" * 64}
)
_AT_EDGE = changed(
    _WITH_PREVIOUS, "spec", "placement", to=_WITH_PREVIOUS.props["spec"]["placement"][1:]
)
_ROOT, _PATCH = "metadata/1.root.json", "targets/a.b.from-1.0.0.mdp"
PATCHES = [
    given(_PATCHES, "fail", _WITH_PREVIOUS, *released(_ROOT), label="no patch"),
    given(
        _PATCHES,
        "fail",
        _WITH_PREVIOUS,
        *released(_ROOT, "targets/a.b.from-0.9.0.mdp"),
        label="another version's patch",
    ),
    given(_PATCHES, "pass", _WITH_PREVIOUS, *released(_ROOT, _PATCH), label="patch"),
    given(_PATCHES, "pass", _WITH_PREVIOUS, *released("targets/a"), label="nothing released"),
    given(_PATCHES, "pass", SCENE.deployment(), *released(_ROOT), label="no previous version"),
    given(_PATCHES, "pass", _AT_EDGE, *released(_ROOT), label="nothing on devices"),
]
CASES = [
    *PATCHES,
    *STORAGE,
    *IAM,
    *PODS,
    *CLUSTER,
    *TAGS,
    *LEAVES,
    *NETWORK,
    *SERVICES,
    *COSTS,
    *SOURCES,
]
