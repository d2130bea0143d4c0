"""Real policy packs through the real engine and our language host."""

import json

import pytest

from .conftest import BOX, PACK

pytestmark = pytest.mark.engine


def test_a_pack_that_finds_nothing_lets_the_preview_pass(project):
    made = project(BOX + "Box('one', 3)\n")

    ran = made.preview(made.pack(PACK))

    assert ran.code == 0, ran.output
    assert "trial@v1.2.3" in ran.output


def test_a_mandatory_violation_fails_the_preview_with_its_message(project):
    made = project(BOX + "Box('one', 101)\n")

    ran = made.preview(made.pack(PACK))

    assert ran.code != 0
    assert "[mandatory]  small-boxes  (demo:index:Box: one)" in ran.output
    assert ran.output.count("size 101 is never allowed") == 1


def test_a_pack_reads_the_stacks_configuration(project):
    """`ConfigureStack` reaches the pack before its first line runs."""
    made = project(BOX + "Box('one', 3)\n")
    made.configure(limit="2")

    ran = made.preview(made.pack(PACK))

    assert ran.code != 0
    assert "size 3 is above 2" in ran.output


def test_a_pack_knows_where_it_runs(project):
    """Stack, project, organization, and whether it is a preview."""
    made = project(BOX + "Box('one', 3)\n")
    told = (
        "import json, os, pathlib\n"
        "names = ('STACK', 'PROJECT', 'ORGANIZATION', 'DRY_RUN')\n"
        "pathlib.Path(__file__).with_name('told.json').write_text(\n"
        "    json.dumps([os.environ['PULUMI_' + name] for name in names] + [os.getcwd()]))\n"
    )

    ran = made.preview(made.pack(told + PACK))

    assert ran.code == 0, ran.output
    *names, folder = json.loads((made.root / "pack/told.json").read_text())
    assert names == ["dev", "demo", "organization", "true"]
    assert folder == str((made.root / "pack").resolve())


def test_a_pack_that_prints_before_it_serves_still_runs(project):
    made = project(BOX + "Box('one', 101)\n")

    ran = made.preview(made.pack("print('loading rules')\n" + PACK))

    assert ran.code != 0
    assert "loading rules" in ran.output
    assert "size 101 is never allowed" in ran.output


def test_a_pack_that_cannot_start_fails_the_preview_and_says_why(project, left_running):
    made = project(BOX + "Box('one', 3)\n")

    ran = made.preview(made.pack("import no_such_module\n" + PACK))

    assert ran.code != 0
    assert "No module named 'no_such_module'" in ran.output
    assert "exited with code 1 before it served" in ran.output
    assert "src/mobile_ai/sandbox/engine/host" not in ran.output
    assert left_running() == ""


def test_a_pack_that_exits_with_success_before_it_serves_fails_the_preview(project):
    """A pack that leaves politely must not count as one that agreed."""
    made = project(BOX + "Box('one', 101)\n")

    ran = made.preview(made.pack("import sys\nsys.exit(0)\n" + PACK))

    assert ran.code != 0
    assert "exited with code 0 before it served" in ran.output


def test_a_pack_that_dies_while_it_is_asked_fails_the_preview(project):
    made = project(BOX + "Box('one', 3)\n")

    ran = made.preview(
        made.pack(
            PACK.replace(
                "if args.resource_type", "import os; os._exit(0)\n    if args.resource_type"
            )
        )
    )

    assert ran.code != 0


def test_analysis_of_an_exported_state_runs_the_pack(project):
    """Without a stack there is no configuration: only the rule that needs none can speak."""
    made = project(BOX + "Box('fine', 3)\nBox('huge', 101)\n")
    assert made.run("up", "--yes", "--skip-preview", "--stack=dev").code == 0
    state = made.root / "state.json"
    assert made.run("stack", "export", "--stack=dev", f"--file={state}").code == 0

    ran = made.run("policy", "analyze", made.pack(PACK), f"--file={state}")

    assert ran.code != 0
    assert "size 101 is never allowed" in ran.output
    assert ran.output.count("[mandatory]") == 1


_PROTOCOL_ONLY = """
import sys
from concurrent import futures

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    def GetAnalyzerInfo(self, request, context):
        return pb.AnalyzerInfo(name="bare", version="1", supportsConfig=True)

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1")

    def Configure(self, request, context):
        return empty_pb2.Empty()

    def ConfigureStack(self, request, context):
        self.stack = request.stack
        return pb.AnalyzerStackConfigureResponse()

    def Remediate(self, request, context):
        return pb.RemediateResponse()

    def Analyze(self, request, context):
        told = f"stack {self.stack}, SDK {'pulumi.automation' in sys.modules}, in {sys.path[0]}"
        found = pb.AnalyzeDiagnostic(
            policyName="told", policyPackName="bare", message=told, enforcementLevel=pb.MANDATORY
        )
        return pb.AnalyzeResponse(diagnostics=[found] if "Box" in request.type else [])

    def AnalyzeStack(self, request, context):
        return pb.AnalyzeResponse()

server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


def test_a_pack_that_serves_the_protocol_itself_runs_without_sdk_and_relay(project):
    made = project(f"{BOX}\nBox('a', 1)")
    runtime = "{name: python, options: {sdk: protocol-only}}"

    ran = made.preview(made.pack(_PROTOCOL_ONLY, runtime=runtime))

    assert ran.code != 0
    assert f"stack dev, SDK False, in {(made.root / 'pack').resolve()}" in ran.output, ran.output
