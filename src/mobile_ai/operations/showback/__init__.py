"""Showback: allocates a month's bill to owners by measured usage, exactly.

``read_bill`` reads charges from FOCUS files, ``allocate`` splits each between owners, ``Showback``
sums them for a report. Pure except for reading; amounts are ``Decimal`` and the parts sum to the
bill. Charges that no measurement can split are shown as unallocated, with the reason.
"""

from mobile_ai.operations.showback.allocate import Allocated, Allocation, allocate
from mobile_ai.operations.showback.bill import Bill, Charge, read_bill
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.measured import Measured, MeasuredMonth, read_measured
from mobile_ai.operations.showback.owner import CostOwner

__all__ = [
    "Allocated",
    "Allocation",
    "Bill",
    "Charge",
    "CostOwner",
    "Measured",
    "MeasuredMonth",
    "ShowbackError",
    "allocate",
    "read_bill",
    "read_measured",
]
