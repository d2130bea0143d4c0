"""Audit of deployed state: drift from Git, and compliance with today's policy.

    report = run_audit(AuditOptions(stack="prod"))
    sys.exit(report.exit_code)

The policy pack that judged the plan evaluates the state, through `pulumi policy analyze`. Checks
cover what no rule can see: each is a function from the deployed state to findings
(`mobile_ai.operations.audit.contract`). All results form one report, in the gate's formats.
"""
