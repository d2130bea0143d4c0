# ruff: noqa: INP001  a script, not a package
"""Changes made outside of Git, by console, in the tutorial's sandbox.

    python docs/tutorial/console.py swap        # one of: swap, alias, edit, delete-budget
    python docs/tutorial/console.py left        # what is in the clouds; exit 1 if anything is
    python docs/tutorial/console.py timestamp build/site   # what the online signer does
    python docs/tutorial/console.py bill estimate.jsonl bill.csv   # what the provider sends

It speaks to the AWS API, the Kubernetes API and MLflow, never to the engine.
"""

import csv
import hashlib
import json
import sys
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from mobile_ai.sandbox.kubernetes.api import KubernetesApi
from mobile_ai.sandbox.providers.aws.api.session import AwsSession
from mobile_ai.sandbox.providers.aws.inventory import inventory
from mobile_ai.sandbox.services.endpoints import Endpoints

REGION = "eu-central-1"
MODEL = Path("models/digits/1.0.0/artifacts/digits-int8.tflite")


@cache
def endpoints() -> Endpoints:
    """Return the addresses of the running sandbox."""
    return Endpoints.read(Path("build/sandbox/default/endpoints.json"))


def client(service: str) -> Any:
    """Return a client of the sandbox's AWS API; its keys are nobody's."""
    return boto3.client(
        service,
        endpoint_url=endpoints().aws,
        region_name=REGION,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106
    )


def cluster(site: str = "lab") -> KubernetesApi:
    """Return the API server of a site."""
    found = endpoints().cluster(site)
    if found is None:
        raise SystemExit("no API server: mobile-ai sandbox up")
    return KubernetesApi.of(found)


def release_bucket() -> str:
    """Return the name of the bucket that the CDN serves."""
    listed = client("cloudfront").list_distributions()["DistributionList"]["Items"]
    return str(listed[0]["Origins"]["Items"][0]["DomainName"]).partition(".s3.")[0]


def timestamp(folder: str) -> None:
    """Put the timestamp where the CDN reads it: in AWS a small function does, on a schedule."""
    s3 = client("s3")
    bucket, key = release_bucket(), "metadata/timestamp.json"
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=(Path(folder) / key).read_bytes(),
        ContentType="application/json",
        CacheControl="max-age=0, must-revalidate",
    )
    print(f"s3://{bucket}/{key}")


def swap() -> None:
    """Write other bytes over a model, and let it say of itself what it said before."""
    s3 = client("s3")
    bucket = release_bucket()
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    key = f"targets/{digest}.{MODEL.name}"
    before = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
    s3.put_object(Bucket=bucket, Key=key, Body=b"another model", Metadata=before)
    print(f"swapped s3://{bucket}/{key}")


def alias() -> None:
    """Let the registry's alias `dev` name another version than Git does."""
    made = mlflow("model-versions/create", {"name": "digits", "source": "s3://somewhere/else"})
    version = made["model_version"]["version"]
    mlflow("registered-models/alias", {"name": "digits", "alias": "dev", "version": version})
    print(f"alias dev of digits -> version {version}")


def mlflow(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post to MLflow's REST API."""
    request = urllib.request.Request(  # noqa: S310  a URL of this machine
        f"{endpoints().mlflow}/api/2.0/mlflow/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        value: dict[str, Any] = json.load(answer)
        return value


def edit() -> None:
    """Give a Deployment another image, as `kubectl edit` does."""
    api = cluster()
    path, found = next(deployments(api))
    image = found["spec"]["template"]["spec"]["containers"][0]
    image["image"] = image["image"].rpartition("@")[0] + "@sha256:" + "0" * 64
    api.request("put", path, found)
    print(f"edited {path}")


def deployments(api: KubernetesApi) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every Deployment with its path."""
    for item in api.request("get", "/apis/apps/v1/deployments")["items"]:
        metadata = item["metadata"]
        yield (
            f"/apis/apps/v1/namespaces/{metadata['namespace']}/deployments/{metadata['name']}",
            {"apiVersion": "apps/v1", "kind": "Deployment", **item},
        )


def delete_budget() -> None:
    """Delete the application's budget."""
    budgets = client("budgets")
    listed = budgets.describe_budgets(AccountId=endpoints().account)["Budgets"]
    name = next(item["BudgetName"] for item in listed if "field-assistant" in item["BudgetName"])
    budgets.delete_budget(AccountId=endpoints().account, BudgetName=name)
    print(f"deleted budget {name}")


def bill(estimated: str, billed: str) -> None:
    """Write a bill as a provider exports it (FOCUS, CSV): the typical rows of an estimate.

    What has no known price is in no bill here.
    Charges for a model's own resources have the tag of its application, as its resources do.
    """
    rows = [json.loads(line) for line in Path(estimated).read_text().splitlines()]
    rows = [row for row in rows if row["x_EstimateBand"] == "typical" and row["BilledCost"]]
    with Path(billed).open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "Tags"])
        writer.writeheader()
        for row in rows:
            tags = {"mobile-ai:app": "field-assistant"} if row["x_ModelName"] else {}
            writer.writerow({**row, "Tags": json.dumps(tags)})
    print(f"{billed}: {len(rows)} charges")


def left() -> None:
    """List what is left in the AWS API, beside what retains itself, and in Kubernetes."""
    found = inventory(
        AwsSession(endpoints().aws, account=endpoints().account),
        account=endpoints().account,
        region=REGION,
    )
    inside = [path for path, _ in deployments(cluster())]
    named = cluster().request("get", "/api/v1/namespaces")["items"]
    namespaces = [item["metadata"]["name"] for item in named]
    own = [name for name in namespaces if name != "default" and not name.startswith("kube-")]
    for what, ids in {**found, "deployments": inside, "namespaces": own}.items():
        if ids:
            print(f"{what}: {', '.join(ids)}")
    if found or inside or own:
        raise SystemExit(1)
    print("nothing is left")


if __name__ == "__main__":
    COMMANDS = {
        "timestamp": timestamp,
        "bill": bill,
        "swap": swap,
        "alias": alias,
        "edit": edit,
        "delete-budget": delete_budget,
        "left": left,
    }
    COMMANDS[sys.argv[1]](*sys.argv[2:])
