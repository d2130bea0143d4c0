"""Changes that users need: those that pass as they are, and those that a printed step lets pass."""

from copy import deepcopy
from typing import Any

from tests.gate.data_attacks import DEPLOYMENT, RINGS, both, to
from tests.gate.requests import Edit, Request

NEW_DIGEST = "5" * 64


def _site(name: str, **changes: Any) -> Edit:
    def edit(request: Request) -> None:
        sites = request.get("sites")
        request.set("sites", to=[*sites, {**deepcopy(sites[0]), "name": name, **changes}])

    return edit


def _budget(**fields: Any) -> Edit:
    def edit(request: Request) -> None:
        budgets = request.get("budgets")
        request.set("budgets", to=[*budgets, {**deepcopy(budgets[1]), **fields}])

    return edit


def _renamed_site(request: Request) -> None:
    request.set("sites", 0, "name", to="werkstatt")
    request.set(*DEPLOYMENT, "placement", 1, "site", to="werkstatt")


def _without_cloud(request: Request) -> None:
    placement = request.get(*DEPLOYMENT, "placement")
    request.set(
        *DEPLOYMENT, "placement", to=[item for item in placement if item["target"] != "cloud"]
    )


def _bumped_image(request: Request) -> None:
    reference = request.get("images", "mlflow")
    request.set("images", "mlflow", to=f"{reference.partition('@')[0]}@sha256:{NEW_DIGEST}")


# Stack and change of each that passes without a new signature and without a change of the roots.
AS_THEY_ARE: dict[str, tuple[str, Edit]] = {
    "a second site": ("dev", _site("lab-2")),
    "a site in another region that is allowed": ("prod", _site("cork", region="eu-west-1")),
    "a site under another name": ("dev", _renamed_site),
    "a bigger fleet": ("dev", to(*DEPLOYMENT, "usage", "monthlyActiveDevices", value=2_000)),
    "more copies at a site": (
        "dev",
        to(*DEPLOYMENT, "placement", 1, "replicas", value={"min": 2, "max": 4}),
    ),
    "a further budget below the ceiling": ("dev", _budget(name="pilot", monthlyUsd=100)),
    "a lower budget": ("dev", to("budgets", 1, "monthlyUsd", value=120)),
    "another team": ("dev", to("owner", "team", value="vision")),
    "newer images": ("dev", _bumped_image),
    "no cloud placement": ("dev", _without_cloud),
    "a firewall": ("dev", to("delivery", "waf", value=True)),
    "a longer soak": ("prod", to(*RINGS, 0, "soakHours", value=72)),
    "the next ring": ("prod", to(*DEPLOYMENT, "rollout", "stage", value="early")),
    "shorter retention": ("prod", to("telemetry", "retentionDays", value=90)),
    "a host name below our domain": (
        "prod",
        to("telemetry", "domain", value="events.mobile-ai.example.com"),
    ),
    "a person of our domain who can halt": (
        "dev",
        to(*DEPLOYMENT, "humanOversight", value="second-owner@example.com"),
    ),
}

# Stack, change, and the rule that denies it and prints the step.
BY_A_STEP: dict[str, tuple[str, Edit, str]] = {
    "another issuer": (
        "dev",
        to("identity", "issuer", value="https://id.example.org/"),
        "identity-bounded",
    ),
    "a new audience": (
        "dev",
        to("identity", "audiences", value=["mobile-ai-devices", "kiosks"]),
        "identity-bounded",
    ),
    "a domain of a second brand": (
        "prod",
        to("telemetry", "domain", value="events.example.org"),
        "names-bounded",
    ),
    "an address of a partner": (
        "dev",
        to("telemetry", "notify", value=["oncall@partner.example"]),
        "notifications-bounded",
    ),
    "a bucket that exists": (
        "prod",
        to("existing", value={"artifactBucket": "models-since-2019"}),
        "existing-bounded",
    ),
    "a budget above the ceiling": (
        "dev",
        to("budgets", 0, "monthlyUsd", value=300),
        "budgets-bounded",
    ),
    "a cheaper node": (
        "prod",
        to("sites", 0, "nodePriceUsdPerHour", value=0.04),
        "node-prices-bounded",
    ),
    "a cluster that is pushed to": (
        "dev",
        both(to("sites", 0, "mode", value="push"), to("sites", 0, "context", value="lab")),
        "provider-accounts-bound",
    ),
    "another home region": (
        "dev",
        lambda request: request.replace("eu-central-1", "eu-north-1"),
        "images-from-our-registry",
    ),
}


def new_app(request: Request) -> None:
    """Deploy the approved model in a second application, with a budget of its own."""
    first = request.get(*DEPLOYMENT)
    usage = {"monthlyActiveDevices": 1_000, "updatesPerMonth": 1, "requestsPerSecond": 0}
    rings = [
        {"name": "canary", "percent": 5, "soakHours": 48},
        {"name": "general", "percent": 100, "soakHours": 0},
    ]
    rollout = {"salt": "shop-scanner", "stage": "canary", "rings": rings, "minAppVersion": "1.0.0"}
    second = {
        **deepcopy(first),
        "app": "shop-scanner",
        "placement": first["placement"][:1],
        "rollout": rollout,
        "usage": usage,
        "budget": "shop-scanner",
    }
    del second["previous"]
    request.set("deployments", to=[first, second])
    _budget(name="shop-scanner", scope="app:shop-scanner", monthlyUsd=50)(request)
