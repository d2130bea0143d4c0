"""The gate: asks the real engine for a preview with the policy pack and builds one report.

    report = run_gate(Options(stack="dev"))
    sys.stdout.write(render(report, "markdown"))
    sys.exit(report.exit_code)

It believes nothing that it did not see. Which pack and which rules must run is known from the
repository before the engine is asked; a rule, a resource or the end of the run that is missing in
the engine's event stream makes the verdict `undecided`, never `pass`.
"""

from gate.errors import GateError
from gate.render import FORMS, render
from gate.report import Report, report_schema
from gate.run import Options, run_gate

__all__ = ["FORMS", "GateError", "Options", "Report", "render", "report_schema", "run_gate"]
