"""The audit: is what is deployed what Git says, and would it still be let through?

    report = run_audit(Options(stack="prod"))
    sys.exit(report.exit_code)

The same pack that judged the plan judges the state, asked through `pulumi policy analyze`. Beside
it stand checks of what no rule can see: each is a function from what is deployed to findings
(`operations.audit.contract`). All of it comes out as one report, in the forms of the gate's.
"""

from operations.audit.contract import Check, Deployed, Found
from operations.audit.run import Options, run_audit

__all__ = ["Check", "Deployed", "Found", "Options", "run_audit"]
