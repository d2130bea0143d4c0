"""Who a month's bill is for: charges of a bill, split by what was measured, to the last digit.

``read_bill`` reads charges from FOCUS files, ``allocate`` gives each to owners, ``Showback``
sums them for a reader. Pure but for the reading; money is ``Decimal`` and nothing is lost:
what no measurement can split is shown as unallocated, with the reason.
"""

from operations.showback.allocate import Allocated, Allocation, allocate
from operations.showback.bill import Bill, Charge, read_bill
from operations.showback.errors import ShowbackError
from operations.showback.measured import Measured, MeasuredMonth, read_measured
from operations.showback.owner import Owner

__all__ = [
    "Allocated",
    "Allocation",
    "Bill",
    "Charge",
    "Measured",
    "MeasuredMonth",
    "Owner",
    "ShowbackError",
    "allocate",
    "read_bill",
    "read_measured",
]
