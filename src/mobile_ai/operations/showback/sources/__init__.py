"""Sources of a month's charges: AWS Cost Explorer, or an export of AWS Data Exports in S3.

Both end as one FOCUS file, which the showback and the gate's ``--actuals`` read: however charges
were obtained, there is one way for them to flow.
"""

from mobile_ai.operations.showback.focus_files import write_focus
from mobile_ai.operations.showback.sources.cells import Month
from mobile_ai.operations.showback.sources.explorer import GROSS, NET, Explorer, break_down
from mobile_ai.operations.showback.sources.export import fetch_export
from mobile_ai.operations.showback.sources.rows import explorer_rows

__all__ = [
    "GROSS",
    "NET",
    "Explorer",
    "Month",
    "break_down",
    "explorer_rows",
    "fetch_export",
    "write_focus",
]
