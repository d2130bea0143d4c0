"""The gate: previews a stack with the policy pack on a real engine and builds one report.

    report = run_gate(GateOptions(stack="dev"))
    sys.stdout.write(render(report, "markdown"))
    sys.exit(report.exit_code)

The gate fails closed. The pack and the rules that must run are read from the repository before the
engine starts; a rule, a resource or the end of the run that is missing from the engine's event
stream makes the verdict `undecided`, never `pass`.
"""

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.render import FORMS, render
from mobile_ai.gate.report.report import Report, report_schema
from mobile_ai.gate.run import GateOptions, run_gate

__all__ = ["FORMS", "GateError", "GateOptions", "Report", "render", "report_schema", "run_gate"]
