"""Budgets: notifications, remediation, and how soon a spike is detected."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.budget import burn_rate_plan, plan
from mobile_ai.components.budget.budget import CostBudget, CostBudgetArgs
from mobile_ai.components.functions.budget_dispatch import app_token, dispatch, handler, reason
from mobile_ai.components.functions.burn_rate import burn_rate, measure, window
from mobile_ai.governance.iam_document import parse_policy
from mobile_ai.governance.iam_policy import wide_identity
from tests.components.aws_support import ACCOUNT, DEV, PLATFORM, PROD, allowed, listing, statements
from tests.components.support import Engine, declare, run_stack

GOLDENS = Path(__file__).parent / "golden"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:github-app-AbCdEf"
STACK: plan.BudgetLimit = {
    "name": "stack",
    "scope": "stack",
    "monthly_usd": 730.0,
    "kind": "hard",
    "notify": ["finops@example.com"],
}
APP: plan.BudgetLimit = {**STACK, "name": "field", "scope": "app:field", "kind": "soft"}
TAGS = {"mobile-ai:environment": "dev", "mobile-ai:project": "sample"}
PRICES: burn_rate_plan.UnitPrices = {
    "cdn_gb": 0.085,
    "cdn_request": 1e-6,
    "stream_gb": 0.08,
}
FUNCTION: burn_rate_plan.MeteredFunction = {
    "name": "field-digits",
    "region": "eu-west-1",
    "usd_per_call": 2e-7,
    "usd_per_ms": 1e-8,
}


def arguments(scope: AwsScope = DEV) -> CostBudgetArgs:
    return {
        "scope": scope,
        "platform": PLATFORM,
        "budgets": [STACK, APP],
        "tags": TAGS,
        "anomaly_monitor": False,
        "remediation": None,
    }


def production() -> CostBudgetArgs:
    return {
        **arguments(PROD),
        "anomaly_monitor": True,
        "remediation": {
            "repository": "example/mobile-ai",
            "workflow": "remediate.yml",
            "app_secret_arn": SECRET,
        },
        "meters": burn_rate_plan.usage_meters(
            PROD, distribution_id="E1", prices=PRICES, functions=[FUNCTION]
        ),
    }


def budget(args: CostBudgetArgs) -> Engine:
    return declare(lambda: CostBudget("budget", args), stack=args["scope"]["stack"])


@pytest.fixture(scope="module")
def dev() -> Engine:
    return budget(arguments())


@pytest.fixture(scope="module")
def prod() -> Engine:
    return budget(production())


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_budget_is_the_one_recorded(
    name: str, request: pytest.FixtureRequest, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDENS / f"budget-{name}.txt", listing(request.getfixturevalue(name)))


def test_a_budget_counts_what_carries_all_the_tags(dev: Engine) -> None:
    made = dev.one("budget:Budget", "budget-field").inputs

    tags = {one["tags"]["key"]: one["tags"]["values"] for one in made["filterExpression"]["ands"]}
    assert tags == {**{key: [value] for key, value in TAGS.items()}, "mobile-ai:app": ["field"]}
    assert (made["limitAmount"], made["timeUnit"]) == ("730.00", "MONTHLY")


def test_a_hard_budget_warns_before_it_is_spent() -> None:
    told = plan.notifications(STACK, "topic")

    assert [(one["notification_type"], one["threshold"]) for one in told] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]


@pytest.mark.parametrize("scope", ["", "app:", "team:x", "everything"])
def test_a_budget_of_nothing_known_is_refused(scope: str) -> None:
    with pytest.raises(ValueError, match="'stack' or 'app:<name>'"):
        plan.cost_filter(scope, tags=TAGS)


def test_only_services_of_this_account_publish_and_only_over_tls(dev: Engine) -> None:
    policy = statements(dev.one("TopicPolicy"))

    publishers = {sid: one for sid, one in policy.items() if one["Effect"] == "Allow"}
    assert {one["Principal"]["Service"] for one in publishers.values()} == {
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "costalerts.amazonaws.com",
    }
    for one in publishers.values():
        assert one["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert policy["DenyInsecureTransport"]["Effect"] == "Deny"


def test_without_a_workflow_people_are_told_and_nothing_runs(dev: Engine) -> None:
    assert not dev.of_type("function:Function")
    assert not dev.of_type("AnomalyMonitor")


def test_the_dispatcher_reads_one_secret_and_signs_with_one_key(prod: Engine) -> None:
    rights = {action: where for name, action, where in allowed(prod) if name == "budget-dispatch"}

    assert rights["secretsmanager:GetSecretValue"] == [SECRET]
    sign = statements(prod.one("RolePolicy", "budget-dispatch"))["SignIn"]["Condition"]
    assert sign["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": ["alias/mobile-ai-prod-github-app"]
    }
    assert sign["StringEquals"] == {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}


def test_the_configuration_of_every_function_is_plain(prod: Engine) -> None:
    for function in prod.of_type("function:Function"):
        assert all(isinstance(v, str) for v in function.inputs["environment"]["variables"].values())


# --- the burn rate ----------------------------------------------------------------------------


def test_the_stacks_budget_decides_the_hour() -> None:
    assert plan.hourly_limit([STACK, APP]) == pytest.approx(1.0)


def test_without_one_the_applications_budgets_add_up() -> None:
    assert plan.hourly_limit([APP, {**APP, "monthly_usd": 1460.0}]) == pytest.approx(3.0)


def test_no_budget_is_no_limit_and_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        plan.hourly_limit([])


def test_ten_times_the_budget_is_an_alarm_and_a_busy_hour_is_not() -> None:
    threshold = burn_rate_plan.alarm(DEV, 1.0)["threshold"]

    assert 2 < threshold < 10


@pytest.mark.parametrize("minute", range(60))
def test_a_spike_is_priced_within_fifteen_minutes(minute: int) -> None:
    spike = datetime(2026, 1, 31, 12, minute, tzinfo=UTC)
    runs = (spike + timedelta(minutes=5 * at + 4) for at in range(9))

    # The first run whose whole window lies after the beginning of the spike.
    seen = next(run for run in runs if window(run)[0] >= spike)

    assert seen - spike <= timedelta(minutes=15)


def test_a_window_is_five_whole_minutes() -> None:
    start, end = window(datetime(2026, 1, 31, 12, 8, 42, tzinfo=UTC))

    assert (start.minute, end.minute, end.second) == (0, 5, 0)


def test_the_burn_rate_is_usage_times_price_by_the_hour() -> None:
    meters = [{"name": "bytes", "usdPerUnit": 0.085 / 2**30}, {"name": "asks", "usdPerUnit": 1e-6}]

    rate = burn_rate(meters, {"bytes": 100 * 2**30, "asks": 1_000_000})

    assert rate == pytest.approx(12 * (8.5 + 1.0))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.mark.usefixtures("cloud")
def test_a_meter_sums_its_own_metric_and_no_data_is_no_usage() -> None:
    client = boto3.client("cloudwatch")
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    start = end - timedelta(minutes=5)
    for minute in range(1, 4):
        client.put_metric_data(
            Namespace="AWS/Kinesis",
            MetricData=[
                {
                    "MetricName": "IncomingBytes",
                    "Dimensions": [{"Name": "StreamName", "Value": "mobile-ai-dev-telemetry"}],
                    "Timestamp": start + timedelta(minutes=minute),
                    "Value": 10,
                }
            ],
        )
    meters: list[Any] = burn_rate_plan.usage_meters(
        DEV, distribution_id="E1", prices=PRICES, functions=[]
    )

    values = measure(client, meters, start=start, end=end)

    assert values == {"cdn-bytes": 0, "cdn-requests": 0, "stream-bytes": 30}


def test_a_stack_meters_its_distribution_stream_and_functions(shared_repository: Path) -> None:
    """Every function of a model is metered in its region, by calls and by time."""
    full = run_stack(shared_repository, "prod-full", preview=False)
    parameter = full.one("parameter:Parameter", "budget-burn")
    meters = {one["name"]: one for one in json.loads(parameter.inputs["value"]["value"])}
    called = [
        item.inputs
        for item in full.of_type("aws:lambda/function:Function")
        if item.inputs.get("packageType") == "Image"
    ]

    assert called
    assert set(meters) == {
        *("cdn-bytes", "cdn-requests", "stream-bytes"),
        *(f"{kind}-{one['name']}" for one in called for kind in ("calls", "time")),
    }
    assert all(one["usdPerUnit"] > 0 for one in meters.values())
    assert meters["cdn-bytes"]["usdPerUnit"] * 2**30 == pytest.approx(0.085)
    assert "/" not in meters["cdn-bytes"]["dimensions"]["DistributionId"]


def test_the_function_has_no_right_that_the_pack_denies(prod: Engine) -> None:
    rights = statements(prod.one("rolePolicy:RolePolicy", "budget-burn")).values()
    assert "cloudwatch:GetMetricData" in {action for item in rights for action in item["Action"]}
    allowed_statements = parse_policy({"Version": "2012-10-17", "Statement": list(rights)})
    assert [found for item in allowed_statements for found in wide_identity(item, ACCOUNT)] == []


def test_a_stack_that_does_not_ask_for_it_has_no_burn_rate(dev: Engine) -> None:
    assert not dev.of_type("mobileai:index:BurnRate")


# --- starting the workflow --------------------------------------------------------------------


class GitHub(BaseHTTPRequestHandler):
    """The two calls of GitHub's API that the dispatcher makes."""

    calls: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []
    refuse = False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.calls.append((self.path, self.headers["Authorization"], body))
        self._answer(403 if self.refuse else 201, b'{"token": "installation-token"}')

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


@pytest.fixture
def github() -> Iterator[str]:
    GitHub.calls.clear()
    GitHub.refuse = False
    with ThreadingHTTPServer(("127.0.0.1", 0), GitHub) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def target(api: str) -> dict[str, str]:
    return {"api": api, "repository": "example/mobile-ai", "workflow": "fix.yml", "ref": "main"}


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.usefixtures("cloud")
def test_the_app_signs_in_with_a_key_that_stays_in_kms() -> None:
    kms = boto3.client("kms")
    key_id = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]

    head, claims, signature = app_token(kms, key_id=key_id, app_id=7, now=1_000).split(".")

    public = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    assert isinstance(public, RSAPublicKey)
    public.verify(decode(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256())
    assert json.loads(decode(head)) == {"alg": "RS256", "typ": "JWT"}
    assert json.loads(decode(claims)) == {"iat": 940, "exp": 1_540, "iss": "7"}


def test_the_token_may_start_workflows_of_one_repository_only(github: str) -> None:
    dispatch("jwt", installation=5, target=target(github), inputs={"reason": "r"})

    (path, login, body), (start, token, started) = GitHub.calls
    assert (path, login) == ("/app/installations/5/access_tokens", "Bearer jwt")
    assert body == {"repositories": ["mobile-ai"], "permissions": {"actions": "write"}}
    assert start == "/repos/example/mobile-ai/actions/workflows/fix.yml/dispatches"
    assert token == "Bearer installation-token"
    assert started == {"ref": "main", "inputs": {"reason": "r"}}


def test_a_refusal_fails_the_message_so_that_it_is_kept(github: str) -> None:
    GitHub.refuse = True

    with pytest.raises(HTTPError):
        dispatch("jwt", installation=5, target=target(github), inputs={})


@pytest.mark.usefixtures("cloud")
def test_each_message_starts_the_workflow_once(
    github: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = {"appId": "7", "installationId": "5"}
    secret = boto3.client("secretsmanager").create_secret(Name="a", SecretString=json.dumps(app))
    key = boto3.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    environment = {
        "APP_SECRET_ARN": secret["ARN"],
        "KEY_ID": key["KeyMetadata"]["KeyId"],
        "STACK": "prod",
        "TARGET": json.dumps(target(github)),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    handler({"Records": [{"Sns": {"Subject": "AWS Budgets", "Message": "over"}}]}, None)

    started = [body for path, _, body in GitHub.calls if path.endswith("/dispatches")]
    assert [one["inputs"] for one in started] == [{"reason": "AWS Budgets: over", "stack": "prod"}]


def test_a_reason_is_one_short_line() -> None:
    text = reason({"Subject": None, "Message": "a\nb\r\n" * 1_000})

    assert "\n" not in text
    assert len(text) == 1_000
    assert text.startswith("alarm: a b")
